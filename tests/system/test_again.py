"""A Welcome mail that passes a second time: a content filter gives it back, a relay behind has the same keys, the queue is made
anew. Signed with S/MIME or not, the link is put in once."""

import os
import re
import shutil
import smtplib
import subprocess

import pytest

from harness.authority import Authority
from harness.process import free_port
from harness.site import PLATFORM, Site
from harness.watch import running

MESSAGE = """\
From: Provider Voice <{sender}>
To: <{recipient}>
Subject: Welcome to Provider Voice
Message-ID: <{message_id}>
Date: {date}

{words}
"""
HERE, APPENDED = "Open {{InvitationLink}}, please.", "The link is below."


MASTER_CF = """\
127.0.0.1:{filtered} inet n - n - - smtpd
  -o content_filter=smtp:[127.0.0.1]:{back}
127.0.0.1:{back} inet n - n - - smtpd
127.0.0.1:{held} inet n - n - - smtpd
  -o smtpd_recipient_restrictions=check_recipient_access,static:HOLD,permit_mynetworks,reject
"""


class Again(Site):
    """What comes in at the port `filtered` goes from the queue to a second smtpd(8), which asks the milter, too; what comes in
    at the port `held` waits in the queue."""

    def __init__(self, signed, **settings):
        super().__init__(daemons=("store", "milter"), welcome_subject="^Welcome", link_fallback="append", **settings)
        self.ports = {"usual": self.relay.port}
        self.ports.update({name: free_port() for name in ("filtered", "back", "held")})
        with open(os.path.join(self.folder, "conf", "master.cf"), "a") as file:
            file.write(MASTER_CF.format(**self.ports))
        if signed:
            paths = Authority(self.config).issue("smime", usage="emailProtection", extra="subjectAltName=email:" + PLATFORM)
            for path in paths:
                shutil.chown(path, "nobody")
                os.chmod(path, 0o600)
            self.write_config(self.read_config() + "smime_cert_file = %s\nsmime_key_file = %s\n" % paths)

    def send(self, mailbox, words, port="usual"):
        words = words.replace("{", "{{").replace("}", "}}")
        message = self.welcome(mailbox, message_id=mailbox, template=MESSAGE.replace("{words}", words))
        with smtplib.SMTP("127.0.0.1", self.ports[port], timeout=60) as smtp:
            smtp.sendmail(PLATFORM, mailbox, message.replace("\n", "\r\n"))


def whole(raw):
    """The mail without what relays and mailboxes put before it."""
    return raw[raw.index(b"From: Provider"):]


def links(site, mailbox, raw):
    link = site.record(mailbox)["auth_url"]
    return raw.replace(b"=\n", b"").count(link.encode())


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "signed"])
def site(request):
    with running(Again(request.param)) as started:
        started.signed = request.param
        yield started


def check(site, mailbox):
    raw = site.relay.wait_mail(mailbox)
    assert links(site, mailbox, raw) == 1
    assert raw.count(b"multipart/signed") == site.signed
    assert site.record(mailbox)["email_sent_count"] == 1
    return raw


@pytest.mark.parametrize("words", [HERE, APPENDED])
def test_a_content_filter_gives_it_back(site, words):
    mailbox = "service@filtered%d.test" % (words == HERE)
    site.send(mailbox, words, "filtered")
    assert len(re.findall(rb"^Received: ", check(site, mailbox), re.M)) == 2


@pytest.mark.parametrize("words", [HERE, APPENDED])
def test_the_queue_is_made_anew(site, words):
    mailbox = "service@requeued%d.test" % (words == HERE)
    site.send(mailbox, words, "held")
    assert not site.relay.mails(mailbox)
    conf = os.path.join(site.relay.folder, "conf")
    subprocess.run(["postsuper", "-c", conf, "-r", "ALL"], check=True)
    subprocess.run(["postkick", "-c", conf, "public", "pickup", "W"], check=True)
    check(site, mailbox)


@pytest.fixture(scope="module")
def second(site):
    """A relay with the same keys and a state of its own, where there is none of these invitations."""
    second = Again(site.signed)
    shutil.copyfile(os.path.join(site.config, "link.key"), os.path.join(second.config, "link.key"))
    second.write_config(second.read_config().replace(second.wizard_url, site.wizard_url))
    with running(second):
        yield second


@pytest.mark.parametrize("words", [HERE, APPENDED])
def test_a_second_relay_has_the_same_keys(site, second, words):
    mailbox = "service@second%d.test" % (words == HERE)
    site.send(mailbox, words)
    first = check(site, mailbox)
    second.relay.send(PLATFORM, mailbox, whole(first).replace(b"\n", b"\r\n"))
    assert whole(second.relay.wait_mail(mailbox)) == whole(first)
    assert second.record(mailbox) is None
