"""What strangers write into a mail and its envelope stands in the logs as what it is: a value, and no field beside it."""

import re
import smtplib

import pytest

from harness.process import wait_for
from harness.site import PLATFORM, Site
from harness.watch import running

SUBMITTER = "127.0.0.2"
FORGERY = '"a\\" action=injected status=2.0.0 invitation=x"'
FIELD = re.compile(r' ([a-z_]+)=("(?:\\.|[^"\\])*"|[^ "\\=]*)(?= |$)')


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "milter", "policy"), welcome_senders=PLATFORM + ", @open.test",
                      welcome_submitters="net:%s/32" % SUBMITTER, consent_address="consent@invite.test")) as started:
        yield started


def fields(line):
    """The fields behind the event's name; there is nothing else there."""
    found = FIELD.findall(line)
    assert "".join(" %s=%s" % one for one in found) == line, line
    return {name: re.sub(r"\\x([0-9a-f]{2})|\\(.)", lambda m: chr(int(m[1], 16)) if m[1] else m[2],
                         value[1:-1] if value[:1] == '"' else value) for name, value in found}


def logged(site, daemon, event, part):
    """The fields of the line about that event that has this in it, waited for."""
    pattern = r"\]: (?:warning: )?\w+: %s( .*%s.*)" % (event, re.escape(part))
    match = wait_for(event, lambda: re.search(pattern, site.daemons[daemon].text()))
    return fields(match[1])


def send(site, sender, recipient, message):
    """Submits an envelope as it is given here."""
    with smtplib.SMTP("127.0.0.1", site.relay.port, timeout=30) as smtp:
        smtp.ehlo()
        assert smtp.docmd("MAIL", "FROM:<%s>" % sender)[0] == 250
        code = smtp.docmd("RCPT", "TO:<%s>" % recipient)[0]
        return smtp.data(message)[0] if code == 250 else code


def test_a_sender(site):
    sender = FORGERY.replace("a", "sender", 1) + "@open.test"
    assert send(site, sender, "bob@there.test", "Subject: x\r\n\r\nx\r\n") == 250
    assert logged(site, "milter", "welcome", "sender") == {
        "from": sender, "client": "127.0.0.1", "login": "-", "action": "none",
        "reason": "client is not one of welcome_submitters"}
    sender = "action=injected@open.test"
    assert send(site, sender, "bob@there.test", "Subject: x\r\n\r\nx\r\n") == 250
    assert logged(site, "milter", "welcome", "injected@open.test")["from"] == sender
    assert "action=injected" not in site.logs()


def test_a_recipient(site):
    recipient = FORGERY.replace("a", "recipient", 1) + "@there.test"
    unquoted = recipient.replace('"', "").replace("\\", '"')  # as Postfix tells a policy service
    assert send(site, PLATFORM, recipient, "") == 550
    assert logged(site, "policy", "policy", "recipient\\") == {
        "sender": PLATFORM, "recipient": unquoted, "client": "127.0.0.1", "login": "-",
        "action": "refused", "reason": "stranger"}


def test_fields_of_a_report(site):
    mailbox = "service@log.test"
    site.relay.send(PLATFORM, mailbox, site.welcome(mailbox).replace("\n", "\r\n"), source=SUBMITTER)
    envelope = wait_for("the invitation", lambda: site.record(mailbox))["id"]
    recipient = "a delivery=delivered status=2.0.0 \"b@log.test"
    assert send(site, "", PLATFORM, (
        "From: postmaster@mx.test\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=r\n\n--r\n\nSorry.\n"
        "--r\nContent-Type: message/delivery-status\n\nOriginal-Envelope-Id: %s\n\n"
        "Final-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\n\n--r--\n" % (envelope, recipient)
        ).replace("\n", "\r\n")) == 250
    assert logged(site, "milter", "report", envelope) == {
        "invitation": envelope, "recipient": recipient, "delivery": "failed", "status": "5.1.1",
        "news": "yes"}


def test_all_lines_can_be_read(site):
    """Also those that name what is ours."""
    assert send(site, FORGERY + "@there.test", "consent+aaaaaaaaaaaaaaaa@invite.test", "") == 550
    assert logged(site, "milter", "consent_address", "invitation\\=x")["action"] == "rejected"
    read = 0
    for line in site.logs().splitlines():
        match = re.search(r"\]: (?:warning: )?[0-9A-Za-z]+: (?:welcome|report|policy|consent_address)( .*=.*)$", line)
        if match:
            fields(match[1])
            read += 1
    assert read >= 6
