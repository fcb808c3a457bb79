"""The Welcome mail's own return path: reports that come back to it are recorded and go on to the platform, and
nothing else gets through."""

import re
import signal
import smtplib
import time
import uuid

import pytest

from harness.process import wait_for
from harness.site import PLATFORM, Site
from harness.watch import AWAY, running

BASE = "bounce@invite.test"

REPORT = """\
From: MAILER-DAEMON@mx.customer.test
To: {recipient}
Subject: Undelivered Mail Returned to Sender
Message-ID: <{message_id}>
Date: Mon, 02 Mar 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="r"

--r
Content-Type: text/plain

Sorry.  
--r
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.customer.test
{envelope}
Final-Recipient: rfc822; service@customer.test
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 No such user

--r--
"""

# As Exchange answers: nothing of it says "auto-replied", and its words read like a bounce's.
AWAY_FROM_OFFICE = """\
From: Ada <ada@customer.test>
Subject: Automatic reply: Welcome
Auto-Submitted: auto-generated
X-MS-Exchange-Inbox-Rules-Loop: ada@customer.test
X-Auto-Response-Suppress: All

I have left the company. Your message was not delivered to anybody else.
""".replace("\n", "\r\n")


@pytest.fixture(scope="module")
def site():
    with running(Site(bounce_address=BASE)) as started:
        yield started


def return_path(raw):
    return re.search(rb"^Return-Path: <(.*)>$", raw, re.M).group(1).decode()


def invite(site, name):
    """An invited mailbox at a domain without reports of success, and its mail's return path."""
    mailbox = "service@%s.test" % name
    site.invite(mailbox)
    return mailbox, return_path(site.relay.mails(mailbox)[-1])


def report(recipient, action="failed", envelope=None, message_id=None):
    line = "Original-Envelope-Id: %s\n" % envelope if envelope else ""
    return REPORT.format(recipient=recipient, action=action, envelope=line,
                         message_id=message_id or "%s@mx.test" % uuid.uuid4()).replace("\n", "\r\n")


def send(site, recipients, message, sender=""):
    return site.relay.answer(sender, recipients, message)


def deliveries(site, mailbox):
    return [event["delivery"] for event in site.events(mailbox) if event["type"] == "delivery"]


def told(site, part):
    """How many mails of the platform's mailbox hold that."""
    return sum(part in raw for raw in site.relay.mails(PLATFORM))


def test_the_mail_leaves_with_a_return_path_of_its_own(site):
    mailbox, path = invite(site, "path")
    assert re.fullmatch(r"bounce\+[a-z2-7]{34}@invite\.test", path)
    record = site.record(mailbox)
    assert record["envelope_sender"] == PLATFORM
    assert "bounce_address" not in record
    site.invite(mailbox)
    assert return_path(site.relay.mails(mailbox)[-1]) == path, "the invitation is the same"


@pytest.mark.parametrize("mailbox,status,action", [
    ("gone1@customer1.test", "email_failed", b"Action: failed"),
    ("service@customer2.test", "email_sent", b"Action: delivered")])
def test_reports_of_this_relay(site, mailbox, status, action):
    site.send_welcome(mailbox)
    wait_for("the report", lambda: deliveries(site, mailbox))
    record = site.wait_status(mailbox, status)
    envelope = ("Original-Envelope-Id: " + record["id"]).encode()
    wait_for("the platform to be told", lambda: told(site, envelope))
    raw = [raw for raw in site.relay.mails(PLATFORM) if envelope in raw][0]
    assert action in raw and return_path(raw) == ""
    assert told(site, envelope) == 1
    events = [event for event in site.events(mailbox) if event["type"] == "delivery"]
    assert [event["message_id"] for event in events] == [record["message_id"]]


@pytest.mark.parametrize("number,envelope", enumerate(["ours", None, "somebody's+3Down", "<4711@mx.customer.test>"]))
def test_reports_from_outside(site, number, envelope):
    mailbox, path = invite(site, "outside%d" % number)
    message = report(path, envelope=site.record(mailbox)["id"] if envelope == "ours" else envelope)
    assert send(site, path.replace("bounce", "Bounce").upper(), message) == 250
    record = site.wait_status(mailbox, "email_failed")
    assert record["delivery_status"] == "5.1.1"
    own = re.search(r"Message-ID: (<.*>)", message).group(1).encode()
    wait_for("the platform to be told", lambda: told(site, own))
    want = message.replace("\r\n", "\n").encode().rstrip()
    assert told(site, want) == 1, "it was changed"
    assert not site.relay.mails(path)
    assert send(site, path, message) == 250
    assert deliveries(site, mailbox) == ["failed"], "a replay was recorded"


def test_reports_on_an_earlier_mail_go_on_and_change_nothing(site):
    mailbox, path = invite(site, "resent")
    earlier = site.record(mailbox)["message_id"]
    site.invite(mailbox)
    last = site.record(mailbox)["message_id"]
    assert earlier != last
    for returned, want in ((earlier, []), (last, ["failed"])):
        message = report(path).replace("--r--", "--r\r\nContent-Type: text/rfc822-headers\r\n\r\n"
                                       "Message-ID: %s\r\n\r\n--r--" % returned)
        count = len(site.relay.mails(PLATFORM))
        assert send(site, path, message) == 250
        wait_for("the platform to be told", lambda: len(site.relay.mails(PLATFORM)) > count)
        assert deliveries(site, mailbox) == want


def test_what_is_none_is_refused(site):
    mailbox, path = invite(site, "none")
    other = site.record(invite(site, "other")[0])["id"]
    before = site.record(mailbox), len(site.relay.mails(PLATFORM))
    wrong = path[:8] + ("a" if path[8] != "a" else "b") + path[9:]
    for recipient in (wrong, BASE, "bounce+x@invite.test"):
        assert send(site, recipient, report(recipient)) == "550 5.1.1", recipient
    assert send(site, path, report(path), "ada@there.test") == "550 5.7.1"
    assert send(site, path, "Subject: Away\r\n\r\nI am away.\r\n") == "550 5.7.1"
    assert send(site, path, AWAY_FROM_OFFICE) == "550 5.7.1"
    assert send(site, path, report(path, envelope=other)) == "550 5.7.1"
    assert (site.record(mailbox), len(site.relay.mails(PLATFORM))) == before


def test_what_is_none_is_refused_whenever_the_queue_file_is_made(site):
    """With this setting SMTP mail has a queue id before its recipients, as mail of sendmail(1) has."""
    with site.relay.configured(smtpd_delay_open_until_valid_rcpt="no"):
        test_what_is_none_is_refused(site)
        test_reports_of_this_relay(site, "gone3@customer1.test", "email_failed", b"Action: failed")


def test_other_recipients_get_it_all_the_same(site):
    mailbox, path = invite(site, "several")
    junk = "Subject: Minutes\r\n\r\nx\r\n"
    assert send(site, [path, "bob@there.test"], junk) == 250
    assert b"Minutes" in site.relay.wait_mail("bob@there.test")
    assert send(site, [path, "eve@there.test"], report(path)) == 250
    assert b"No such user" in site.relay.wait_mail("eve@there.test")
    site.wait_status(mailbox, "email_failed")
    assert not site.relay.mails(path)


def test_a_second_pass_changes_nothing(site):
    mailbox, path = invite(site, "twice")
    raw = site.relay.mails(mailbox)[-1]
    message = raw[raw.index(b"From:"):]
    assert send(site, mailbox, message.replace(b"\n", b"\r\n"), path) == 250
    again = site.relay.wait_mail(mailbox, 2)
    assert again[again.index(b"From:"):] == message and return_path(again) == path
    assert site.record(mailbox)["email_sent_count"] == 1


def test_store_away_means_try_later(site):
    mailbox, path = invite(site, "away")
    message = report(path)
    with smtplib.SMTP("127.0.0.1", site.relay.port, timeout=30) as smtp:
        smtp.ehlo()
        smtp.mail("")
        assert smtp.rcpt(path)[0] == 250
        site.daemons["store"].kill()
        site.watch.announce(AWAY, "bounce_address .* action=refused reason=\"the store")
        assert smtp.data(message)[0] == 451
    assert send(site, path, message) == "451 4.3.0"
    site.daemons["store"].start()
    wait_for("the store", lambda: send(site, path, message) == 250)
    site.wait_status(mailbox, "email_failed")


def test_postfix_keeps_what_it_cannot_return_yet(site):
    """Its own report, while the store is away: neither lost nor sent past us."""
    mailbox = "gone2@customer3.test"
    site.relay.configure(queue_run_delay="1s", soft_bounce="yes")
    site.relay.reload()
    site.send_welcome(mailbox)
    wait_for("a deferral", lambda: "status=SOFTBOUNCE" in site.relay.log()
             or "status=deferred" in site.relay.log())
    site.daemons["store"].kill()
    site.watch.announce(AWAY, "bounce_address .* action=refused reason=\"the store")
    site.relay.configure(soft_bounce="no")
    site.relay.reload()
    wait_for("a try", lambda: "bounce_address sender= action=refused" in
             site.daemons["milter"].text(), 30)
    site.daemons["store"].start()
    site.wait_status(mailbox, "email_failed", 30)
    envelope = ("Original-Envelope-Id: " + site.record(mailbox)["id"]).encode()
    wait_for("the platform to be told", lambda: told(site, envelope), 30)


def test_older_keys_keep_working(site):
    mailbox, old = invite(site, "rotated")
    site.new_key("link")
    for name in ("store", "wizard"):
        site.daemons[name].signal(signal.SIGHUP)
    time.sleep(0.5)
    assert invite(site, "rotated")[1] != old
    assert send(site, old, report(old)) == 250
    site.wait_status(mailbox, "email_failed")
