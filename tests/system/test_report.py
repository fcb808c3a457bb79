"""Reports on deliveries as mail systems of all kinds send them: recorded where they are about a Welcome mail, whatever
they have lost, and always passed on as they are."""

import os
import quopri
import re
import signal
import smtplib
import threading
import time
import uuid

import pytest

from harness.process import TOP, wait_for
from harness.site import PLATFORM, Site
from harness.watch import AWAY, running


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "milter"))) as started:
        yield started


class Case:
    """A customer who was invited, and reports on that mail."""

    def __init__(self, site, name):
        self.site, self.mailbox = site, "service@report-%s.test" % name
        self.message_id = "<%s@provider.test>" % uuid.uuid4()
        site.send_welcome(self.mailbox, message_id=self.message_id.strip("<>"))
        self.raw = site.relay.wait_mail(self.mailbox).split(b"Received: ", 1)[1]
        record = site.record(self.mailbox)
        self.id, self.link = record["id"], record["auth_url"]

    def send(self, text, sender=""):
        """Returns how long the relay took to accept it."""
        count = len(self.site.relay.mails(PLATFORM))
        text = "To: %s\nMessage-ID: <%s@mx.test>\n%s" % (PLATFORM, uuid.uuid4(), text)
        begun = time.monotonic()
        self.site.relay.send(sender, PLATFORM, text.replace("\n", "\r\n"))
        took = time.monotonic() - begun
        got = self.site.relay.wait_mail(PLATFORM, count + 1)
        assert got.partition(b"\n\n")[2].strip() == text.partition("\n\n")[2].strip().encode()
        return took

    def status(self, action="failed", status="5.1.1", envelope_id=None, recipient=None, returned=""):
        recipient = recipient or self.mailbox
        return """\
From: Mail Delivery Subsystem <postmaster@mx.test>
Subject: Undeliverable
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="r"

--r

Your message to %s: %s.

--r
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.test
%s
Final-Recipient: rfc822; %s
Action: %s
Status: %s
Diagnostic-Code: smtp; 550 %s what the host said

%s--r--
""" % (recipient, action, "Original-Envelope-Id: %s\n" % envelope_id if envelope_id else "", recipient, action, status,
            status, returned)

    def delivery(self):
        record = self.site.record(self.mailbox)
        return record["delivery"], record.get("delivery_status", "")


def headers_returned(case, message_id=None):
    return "--r\nContent-Type: text/rfc822-headers\n\nSubject: Welcome\nTo: <%s>\nMessage-ID: %s\n\n" % (
        case.mailbox, message_id or case.message_id)


def test_the_envelope_id_leads_to_the_invitation(site):
    case = Case(site, "envid")
    case.send(case.status(envelope_id=case.id))
    assert case.delivery() == ("failed", "5.1.1")


def test_a_lost_envelope_id_is_made_up_for_by_the_message_id(site):
    case = Case(site, "messageid")
    case.send(case.status("delayed", "4.4.7", returned=headers_returned(case)))
    assert case.delivery() == ("delayed", "4.4.7")
    case.send(case.status("delivered", "2.0.0", returned=headers_returned(case)))
    assert case.delivery() == ("delivered", "2.0.0")
    for late, status in (("delayed", "4.4.7"), ("failed", "5.4.7")):
        case.send(case.status(late, status, returned=headers_returned(case)))
        assert case.delivery() == ("delivered", "2.0.0"), "%s afterwards" % late


def test_a_list_behind_the_mailbox(site):
    case = Case(site, "expanded")
    case.send(case.status("expanded", "2.1.5", envelope_id=case.id))
    assert case.delivery() == ("relayed", "2.1.5")
    case.send(case.status(recipient="member@elsewhere.test", envelope_id=case.id))
    assert case.delivery() == ("failed", "5.1.1")


def test_an_envelope_id_of_somebody_elses_does_not_hide_it(site):
    case = Case(site, "otherid")
    case.send(case.status(envelope_id="A" * 22, returned=headers_returned(case)))
    assert case.delivery() == ("failed", "5.1.1")


def test_the_link_in_the_returned_mail_leads_to_it(site):
    case = Case(site, "link")
    text = quopri.encodestring(("Please open %s and so on" % case.link).encode()).decode()
    case.send(case.status(recipient="alias@elsewhere.test", returned=(
        "--r\nContent-Type: message/rfc822\n\nSubject: x\nContent-Type: text/plain\n"
        "Content-Transfer-Encoding: quoted-printable\n\n" + text + "\n\n")))
    assert case.delivery() == ("failed", "5.1.1")


def test_the_link_in_another_mail_says_nothing_of_the_welcome_mail(site):
    """Somebody passed it on by hand, and that came back."""
    case = Case(site, "passed-on")
    before = case.delivery()
    case.send(case.status(recipient="colleague@elsewhere.test", returned=(
        "--r\nContent-Type: message/rfc822\n\nTo: colleague@elsewhere.test\nMessage-ID: <by-hand@customer.test>\n\n"
        "Can you do that? %s\n\n" % case.link)))
    assert case.delivery() == before
    case.send(case.status(recipient="colleague@elsewhere.test", returned=(
        "--r\nContent-Type: message/rfc822\n\nTo: colleague@elsewhere.test\nMessage-ID: <forwarded@customer.test>\n\n"
        "Can you do that?\n\n-------- Forwarded Message --------\nSubject: Welcome\nFrom: %s\nTo: %s\n\n%s\n\n" % (
            PLATFORM, case.mailbox, case.link))))
    assert case.delivery() == before
    case.send(case.status(recipient="alias@elsewhere.test", returned=(
        "--r\nContent-Type: message/rfc822\n\nTo: %s\nMessage-ID: <earlier@provider.test>\n\n%s\n\n" % (
            case.mailbox, case.link))))
    assert case.delivery() == ("failed", "5.1.1")


def test_the_welcome_mail_attached_to_another_is_that_mail(site):
    """Somebody forwarded it whole, and that came back."""
    case = Case(site, "attached")
    before = case.delivery()
    case.send(case.status(recipient="colleague@elsewhere.test", returned=(
        "--r\nContent-Type: message/rfc822\n\nTo: colleague@elsewhere.test\nMessage-ID: <forward@customer.test>\n"
        "Content-Type: multipart/mixed; boundary=f\n\n--f\n\nCan you do that?\n\n"
        "--f\nContent-Type: message/rfc822\n\nReceived: %s\n--f--\n" % case.raw.decode())))
    assert case.delivery() == before


def test_an_earlier_mail_says_nothing_of_the_last_one(site):
    """Deferred, sent again, and then the first one comes back."""
    case = Case(site, "resent")
    first = case.message_id
    case.send(case.status("delayed", "4.4.7", envelope_id=case.id, returned=headers_returned(case)))
    assert case.delivery() == ("delayed", "4.4.7")
    case.message_id = "<%s@provider.test>" % uuid.uuid4()
    site.send_welcome(case.mailbox, message_id=case.message_id.strip("<>"))
    site.relay.wait_mail(case.mailbox, 2)
    before = case.delivery()
    assert before[0] in ("none", "relayed")
    for action, status in (("delayed", "4.4.7"), ("failed", "4.4.7"), ("delivered", "2.0.0")):
        case.send(case.status(action, status, envelope_id=case.id, returned=headers_returned(case, first)))
        assert case.delivery() == before, action
    assert re.search("report invitation=%s .*delivery=failed status=4.4.7 news=no" % re.escape(case.id),
                     site.daemons["milter"].text())
    case.send(case.status(envelope_id=case.id, returned=headers_returned(case)))
    assert case.delivery() == ("failed", "5.1.1")
    assert site.events(case.mailbox)[-1]["message_id"] == case.message_id


def test_a_failure_without_a_code_has_none(site):
    """Nor the code and words of the report before it."""
    case = Case(site, "no-code")
    case.send(case.status("relayed", "2.0.0", envelope_id=case.id))
    case.send("From: MAILER-DAEMON@mx.test\nSubject: failure notice\n\nThat was not delivered.\n\nMessage-ID: %s\nTo: %s\n"
              % (case.message_id, case.mailbox))
    assert case.delivery() == ("failed", "")
    assert site.record(case.mailbox)["delivery_text"] == "That was not delivered."


def test_a_forged_link_leads_nowhere(site):
    case = Case(site, "forged")
    forged = case.link[:-6] + "AAAAAA"
    case.send(case.status(recipient="alias@elsewhere.test", returned=(
        "--r\nContent-Type: message/rfc822\n\nSubject: x\n\n" + forged + "\n\n")))
    assert case.delivery()[0] in ("none", "relayed")


def test_whose_message_id_is_unknown_is_somebody_elses(site):
    case = Case(site, "unknown")
    case.send(case.status(returned=headers_returned(case, "<other@provider.test>")))
    assert case.delivery()[0] in ("none", "relayed")


def test_words_of_a_system_without_status_reports(site):
    case = Case(site, "words")
    text = case.raw.decode("utf-8", "replace")
    case.send("From: MAILER-DAEMON@mx.test\nSubject: failure notice\n\n"
              "Hi. This is the qmail-send program at mx.test.\nI'm afraid I wasn't able to deliver your message to "
              "the following addresses.\n\n<%s>:\nRemote host said: 550 5.1.1 user unknown\n\n"
              "--- Below this line is a copy of the message.\n\nReceived: %s" % (case.mailbox, text),
              sender="MAILER-DAEMON@mx.test")
    assert case.delivery() == ("failed", "5.1.1")
    assert "user unknown" in site.record(case.mailbox)["delivery_text"]


def test_a_warning_in_words_is_a_delay(site):
    case = Case(site, "warning")
    case.send("From: Mailer-Daemon@mx.test\nAuto-Submitted: auto-replied\nSubject: Warning: message 1 delayed 24 hours\n\n"
              "A message that you sent has not yet been delivered to one or more of its recipients.\n\n"
              "Message-ID: %s\nTo: %s\n" % (case.message_id, case.mailbox))
    assert case.delivery()[0] == "delayed"


@pytest.mark.parametrize("fields", [
    "From: ada@report.test\nAuto-Submitted: auto-replied\nSubject: Automatic reply: Welcome",
    "From: ada@report.test\nSubject: Re: Welcome",
    "From: postmaster@mx.test\nSubject: Read\nContent-Type: text/plain; x=disposition-notification"])
def test_somebody_who_is_away_is_no_delivery(site, fields):
    case = Case(site, "away%d" % (len(fields) % 97))
    before = case.delivery()
    case.send("%s\n\nI am back on Monday.\n\nMessage-ID: %s\nTo: %s\n%s\n" % (
        fields, case.message_id, case.mailbox, case.link))
    assert case.delivery() == before


def test_of_several_recipients_ours_counts(site):
    case = Case(site, "several")
    other = "\nFinal-Recipient: rfc822; other@elsewhere.test\nAction: failed\nStatus: 5.7.1\n"
    text = case.status("delivered", "2.0.0", envelope_id=case.id)
    case.send(text.replace("\n\n--r--", "\n" + other + "\n--r--"))
    assert case.delivery() == ("delivered", "2.0.0")


def test_the_same_report_twice_is_one_event(site):
    case = Case(site, "twice")
    text = "Date: Mon, 02 Mar 2026 10:00:00 +0000\n" + case.status(envelope_id=case.id)
    message = "To: %s\nMessage-ID: <again@mx.test>\n%s" % (PLATFORM, text)
    count = len(site.relay.mails(PLATFORM))
    for _ in range(2):
        site.relay.send("", PLATFORM, message.replace("\n", "\r\n"))
    wait_for("both", lambda: len(site.relay.mails(PLATFORM)) >= count + 2)
    events = [event["type"] for event in site.events(case.mailbox)]
    assert events.count("delivery") == 1


def test_while_the_store_is_away_only_our_own_reports_wait(site):
    case = Case(site, "away")
    site.watch.announce(AWAY, "report action=none")
    assert site.daemons["store"].stop() == 0
    case.send(case.status(recipient="other@elsewhere.test", returned=headers_returned(case, "<other@elsewhere.test>")))
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        case.send(case.status(envelope_id=case.id))
    assert refusal.value.smtp_code == 451
    site.daemons["store"].start()
    case.send(case.status(envelope_id=case.id))
    assert case.delivery() == ("failed", "5.1.1")


def test_a_store_that_hangs_slows_only_our_own_reports(site):
    case, late = Case(site, "hangs"), Case(site, "late")
    others = case.status(recipient="other@elsewhere.test", returned=headers_returned(case, "<other@elsewhere.test>"))
    by_message_id = case.status("delayed", "4.4.7", returned=headers_returned(case))
    site.watch.announce(AWAY, "report action=none")
    store = site.daemons["store"]
    store.signal(signal.SIGSTOP)
    try:
        assert case.send(others) < 3, "the first one finds out"
        assert sorted(case.send(others) for _ in range(5))[2] < 1, "one a second finds out again"
        assert case.send(by_message_id) < 3
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            case.send(case.status(envelope_id=case.id))
        assert refusal.value.smtp_code == 451
        threading.Timer(1.5, store.signal, [signal.SIGCONT]).start()
        assert late.send(late.status(envelope_id=late.id)) > 1
    finally:
        store.signal(signal.SIGCONT)
    assert late.delivery() == ("failed", "5.1.1")
    assert case.delivery()[0] in ("none", "relayed")
    case.send(by_message_id)
    assert case.delivery() == ("delayed", "4.4.7"), "it is asked again by now"
    case.send(case.status(envelope_id=case.id))
    assert case.delivery() == ("failed", "5.1.1")
    assert [event["type"] for event in site.events(case.mailbox)].count("delivery") == 2


def test_a_store_that_answers_again_is_found_by_the_next_report(site):
    case = Case(site, "again")
    others = case.status(recipient="other@elsewhere.test", returned=headers_returned(case, "<other@elsewhere.test>"))
    store = site.daemons["store"]
    store.signal(signal.SIGSTOP)
    try:
        case.send(others)
    finally:
        store.signal(signal.SIGCONT)
    time.sleep(1.1)
    case.send(case.status(returned=headers_returned(case)))
    assert case.delivery() == ("failed", "5.1.1")


def test_the_documented_command_filter():
    """README's line has this Postfix say that it delivered, and leaves alone what a client asks for itself."""
    with open(os.path.join(TOP, "README.md")) as file:
        line = re.search(r"`/etc/postfix/postinvite_command_filter`:\n\n(.*)\n", file.read()).group(1).strip()
    site = Site(daemons=("store", "milter"))
    path = os.path.join(site.folder, "conf", "documented_filter")
    with open(path, "w") as file:
        file.write(line + "\n")
    site.relay.configure(smtpd_command_filter="regexp:" + path)
    with running(site):
        mailbox = "service@report.test"
        site.send_welcome(mailbox)
        wait_for("the report", lambda: site.record(mailbox)["delivery"] == "delivered")
        with smtplib.SMTP("127.0.0.1", site.relay.port, timeout=30) as smtp:
            smtp.ehlo()
            smtp.mail(PLATFORM)
            assert smtp.rcpt("quiet@report.test", ["NOTIFY=NEVER"])[0] == 250
            assert smtp.data("Subject: Minutes\r\n\r\nx\r\n")[0] == 250
        site.relay.wait_mail("quiet@report.test")
        assert not any(b"quiet@report.test" in mail for mail in site.relay.mails(PLATFORM))
