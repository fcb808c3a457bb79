"""Mail at the relay: ours is changed as it must be, everybody else's is left alone, and nothing is
lost when something of ours is away."""

import base64
import re
import signal
import smtplib
import threading
import time
import urllib.parse
import uuid

import pytest

from harness import entra
from harness.mime import HTML, PLAIN, ascii_only, part, texts
from harness.process import wait_for
from harness.relay import parse
from harness.site import PLATFORM, Site
from harness.watch import AWAY, running

PLATFORM_ID = "5f0c2a52-9f6e-4d3a-8f4f-0c55c2a7d1e9"
PLATFORM_LINK = "https://platform.provider.test/authenticate/" + PLATFORM_ID


@pytest.fixture(scope="module")
def site():
    with running(Site(welcome_subject="^Welcome to Provider", link_fallback="append")) as started:
        yield started


def headers(sender, recipient, subject="Minutes", **more):
    fields = dict({"From": sender, "To": recipient, "Subject": subject,
                   "Message-ID": "<%s@elsewhere.test>" % uuid.uuid4(),
                   "Date": "Mon, 02 Mar 2026 10:00:00 +0000"}, **more)
    return "".join("%s: %s\r\n" % (name.replace("_", "-"), value)
                   for name, value in fields.items()).encode()


BINARY = base64.encodebytes(bytes(range(256)) * 20).replace(b"\n", b"\r\n")
UNRELATED = {
    "plain": b"Hello\r\n.leading dot\r\n\r\ntrailing blank  \r\n",
    "mentions the placeholder": b"How does {{InvitationLink}} work?\r\n",
    "eight bits": "Grüße, 你好\r\n".encode() + b"\xff\xfe no UTF-8\r\n",
    "long line": b"x" * 2000 + b"\r\n",
    "no body": b"",
    "broken multipart": b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nno end",
    "attachment": b"--b\r\nContent-Type: application/octet-stream\r\n"
                  b"Content-Transfer-Encoding: base64\r\n\r\n" + BINARY + b"--b--\r\n",
}


def as_sent(raw):
    """A delivered mail without what Postfix puts before it."""
    head, _, body = raw.partition(b"\n\n")
    ours = (b"return-path:", b"x-original-to:", b"delivered-to:", b"received:")
    fields = re.split(rb"\n(?![ \t])", head)
    kept = [field for field in fields if not field.lower().startswith(ours)]
    return b"\n".join(kept) + b"\n\n" + body


def send_unrelated(site, sender, recipient, body):
    kind = {"Content_Type": 'multipart/mixed; boundary="b"', "MIME_Version": "1.0"}
    more = kind if body.startswith(b"--b") else {}
    message = headers(sender, recipient, **more) + b"\r\n" + body
    count = len(site.relay.mails(recipient))
    begin = time.monotonic()
    site.relay.send(sender, recipient, message, ["BODY=8BITMIME"])
    took = time.monotonic() - begin
    got = as_sent(site.relay.wait_mail(recipient, count + 1))
    want = message.replace(b"\r\n", b"\n")
    assert got.rstrip(b"\n") == want.rstrip(b"\n")
    return took


@pytest.mark.parametrize("label", UNRELATED)
def test_unrelated_mail_is_left_alone(site, label):
    send_unrelated(site, "ada@elsewhere.test", "bob@there.test", UNRELATED[label])
    assert site.record("bob@there.test") is None


def test_other_mail_of_the_platform_is_left_alone(site):
    body = b"Your bill, see https://platform.provider.test/bills/7\r\n"
    send_unrelated(site, PLATFORM, "clerk@there.test", body)
    assert site.record("clerk@there.test") is None


FORMS = {
    "7bit plain": part("plain", ascii_only(PLAIN), "7bit", "us-ascii"),
    "8bit plain": part("plain", PLAIN, "8bit"),
    "quoted-printable plain": part("plain", PLAIN, "quoted-printable"),
    "base64 plain": part("plain", PLAIN, "base64"),
    "latin1 plain": part("plain", PLAIN, "quoted-printable", "iso-8859-1"),
    "8bit html": part("html", HTML, "8bit"),
    "quoted-printable html": part("html", HTML, "quoted-printable"),
    "base64 html": part("html", HTML, "base64"),
    "no MIME at all": b"\n" + ascii_only(PLAIN).encode(),
    "append to plain": part("plain", "Willkommen\n", "8bit"),
    "append to html": part("html", "<p>Willkommen</p>\n", "base64"),
}
for encoding in ("7bit", "8bit", "quoted-printable", "base64"):
    text, html = (ascii_only(PLAIN), ascii_only(HTML)) if encoding == "7bit" else (PLAIN, HTML)
    FORMS["alternative " + encoding] = (
        b'Content-Type: multipart/mixed; boundary="m"\n\n--m\n'
        b'Content-Type: multipart/alternative; boundary="a"\n\n--a\n' +
        part("plain", text, encoding) + b"\n--a\n" + part("html", html, encoding) +
        b"\n--a--\n--m\nContent-Type: application/pdf; name=guide.pdf\n"
        b"Content-Disposition: attachment\nContent-Transfer-Encoding: base64\n\n" +
        BINARY.replace(b"\r\n", b"\n") + b"--m--\n")


@pytest.mark.parametrize("label", FORMS)
def test_link_is_put_in(site, label):
    mailbox = "service@form%d.test" % list(FORMS).index(label)
    mime = b"" if label == "no MIME at all" else b"MIME-Version: 1.0\n"
    message = headers(PLATFORM, mailbox, "Welcome to Provider Voice").replace(b"\r\n", b"\n") + \
        mime + FORMS[label]
    site.relay.send(PLATFORM, mailbox, message.replace(b"\n", b"\r\n"), ["BODY=8BITMIME"])
    raw = site.relay.wait_mail(mailbox)
    link = site.cli("-a", mailbox, check=True).stdout.strip()
    assert link.startswith(site.wizard_url + "/i/")
    for text in texts(parse(raw)):
        assert link in text and "{{" not in text, text
        assert "ä" in text or "ae" in text or "Willkommen" in text, text
    if b"application/pdf" in message:
        assert BINARY.replace(b"\r\n", b"\n") in raw, "the attachment was changed"
    assert all(len(line) <= 998 for line in raw.splitlines())
    assert site.status(mailbox) == "email_sent"


def test_platform_link_is_replaced_and_recorded(site):
    customer = site.invite("service@platform1.test", link=PLATFORM_LINK)
    assert PLATFORM_LINK.encode() not in site.relay.mails("service@platform1.test")[0]
    record = site.record("service@platform1.test")
    assert record["platform_invitation_id"] == PLATFORM_ID
    assert record["auth_url"] == customer.link


def test_what_the_mail_was_is_recorded(site):
    site.send_welcome("service@recorded.test", message_id="first@provider.test")
    site.relay.wait_mail("service@recorded.test")
    record = site.record("service@recorded.test")
    assert record["message_id"].strip("<>") == "first@provider.test"
    assert record["queue_id"] + ":" in site.relay.log()
    assert record["email_sent"] is True and record["email_sent_count"] == 1


def test_envelope_id_is_the_invitation(site):
    site.send_welcome("service@customer1.test")
    wanted = ("Original-Envelope-Id: " + site.record("service@customer1.test")["id"]).encode()
    wait_for("the report", lambda: any(wanted in mail for mail in site.relay.mails(PLATFORM)))


def test_repeated_mail_reuses_the_invitation(site):
    mailbox = "service@again.test"
    seen = []
    for number, message_id in enumerate(("a@provider.test", "a@provider.test", "b@provider.test")):
        site.invite(mailbox, message_id=message_id)
        record = site.record(mailbox)
        seen.append((record["id"], record["email_sent_count"]))
    assert seen == [(seen[0][0], 1), (seen[0][0], 1), (seen[0][0], 2)]


def body_of(raw):
    return raw.partition(b"\n\n")[2].strip()


@pytest.mark.parametrize("how", ["placeholder", "appended"])
def test_a_mail_that_comes_again_is_left_alone(site, how):
    mailbox = "service@twice-%s.test" % how
    message = site.welcome(mailbox, message_id="twice-%s@provider.test" % how)
    if how == "appended":
        message = message.replace("{{InvitationLink}}", "soon")
    site.relay.send(PLATFORM, mailbox, message.replace("\n", "\r\n"))
    first = site.relay.wait_mail(mailbox)
    link = site.cli("-a", mailbox, check=True).stdout.strip()
    assert link.encode() in first.replace(b"=\n", b"")
    site.relay.send(PLATFORM, mailbox, as_sent(first).replace(b"\n", b"\r\n"))
    second = site.relay.wait_mail(mailbox, 2)
    assert body_of(second) == body_of(first)
    assert site.record(mailbox)["email_sent_count"] == 1


def test_a_link_that_a_scanner_wrapped_is_one_of_ours(site):
    mailbox = "service@wrapped.test"
    link = site.invite(mailbox).link
    wrapped = "https://safelinks.example/?url=%s&data=1" % urllib.parse.quote(link, safe="")
    message = headers(PLATFORM, mailbox, "Welcome to Provider Voice") + b"\r\n" + wrapped.encode()
    site.relay.send(PLATFORM, mailbox, message)
    assert body_of(site.relay.wait_mail(mailbox, 2)) == wrapped.encode()


def test_another_platform_link_beside_ours_is_left(site):
    """It was somebody else's when the mail was here first, and is now."""
    mailbox = "service@beside.test"
    link = site.invite(mailbox).link
    body = "%s and %s" % (link, PLATFORM_LINK)
    message = headers(PLATFORM, mailbox, "Welcome to Provider Voice") + b"\r\n" + body.encode()
    site.relay.send(PLATFORM, mailbox, message)
    assert body_of(site.relay.wait_mail(mailbox, 2)) == body.encode()


def test_a_forged_link_keeps_nobody_from_the_genuine_one(site):
    site.watch.announce("is none of ours")
    mailbox = "service@forged.test"
    forged = site.wizard_url + "/i/AQEBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    message = headers(PLATFORM, mailbox, "Welcome to Provider Voice") + b"\r\n" + forged.encode()
    site.relay.send(PLATFORM, mailbox, message)
    got = body_of(site.relay.wait_mail(mailbox)).decode()
    link = site.cli("-a", mailbox, check=True).stdout.strip()
    assert got.startswith(forged) and got.endswith(link) and link != forged


def refusal(site, sender, recipients, message):
    """The relay's (code, words) for a mail that it has to refuse."""
    with pytest.raises(smtplib.SMTPResponseException) as caught:
        site.relay.send(sender, recipients, message.replace("\n", "\r\n"))
    return caught.value.smtp_code, caught.value.smtp_error.decode()


def test_several_recipients_are_refused(site):
    site.watch.announce("action=rejected reason=.*exactly one recipient")
    two = ["one@refused.test", "two@refused.test"]
    code, words = refusal(site, PLATFORM, two, site.welcome(two[0]))
    assert code == 550 and "5.7.1" in words and "exactly one recipient" in words
    assert site.record(two[0]) is None and not site.relay.mails(two[1])


@pytest.mark.parametrize("recipient", ["postmaster", '"a b"@[127.0.0.1', "@refused.test"])
def test_a_recipient_that_is_no_mailbox_is_refused(site, recipient):
    site.watch.announce("action=rejected reason=.*not a mailbox")
    with smtplib.SMTP("127.0.0.1", site.relay.port, timeout=30) as smtp:
        smtp.ehlo()
        smtp.docmd("MAIL FROM:<%s>" % PLATFORM)
        code, words = smtp.docmd("RCPT TO:<%s>" % recipient)
        if code == 250:
            code, words = smtp.data(site.welcome(recipient))
    assert 500 <= code < 600, (code, words)


def test_without_recipients_nothing_happens(site):
    with smtplib.SMTP("127.0.0.1", site.relay.port, timeout=30) as smtp:
        smtp.ehlo()
        smtp.docmd("MAIL FROM:<%s>" % PLATFORM)
        code, words = smtp.docmd("DATA")
    assert 500 <= code < 600 and b"recipient" in words


def without_store(site):
    site.watch.announce(AWAY)
    assert site.daemons["store"].stop() == 0


def without_policy(site):
    """The milter is asked then even when the policy service would have refused; it runs again behind the test."""
    assert site.daemons["policy"].stop() == 0


def test_store_away_means_451_for_welcome_mail_only(site):
    without_store(site)
    for label in ("plain", "attachment"):
        took = send_unrelated(site, "ada@elsewhere.test", "bob@there.test", UNRELATED[label])
        assert took < 1, "unrelated mail waited %.1f s" % took
    without_policy(site)
    begin = time.monotonic()
    code, words = refusal(site, PLATFORM, "service@away.test", site.welcome("service@away.test"))
    assert code == 451 and "store" in words and time.monotonic() - begin < 10
    assert not site.relay.mails("service@away.test")
    site.watch.announce(AWAY)
    site.daemons["store"].start()
    site.invite("service@away.test")
    assert site.record("service@away.test")["email_sent_count"] == 1


def last_mail(site):
    return site.entra.call("GET", "/_sim/state")["mails"][-1]


def test_store_away_means_451_for_consent_mail(site):
    domain = "customer8.test"
    site.entra.tenant(domain)
    site.invite("service@" + domain)
    without_store(site)
    site.entra.mail("approved", "service@" + domain)
    wait_for("a refusal", lambda: last_mail(site)["reply"] == 451)
    site.watch.announce(AWAY)
    site.daemons["store"].start()
    site.wait_status("service@" + domain, "consent_granted")
    wait_for("the mail", lambda: last_mail(site)["state"] == "sent")
    assert b"approved" in site.relay.wait_mail("service@" + domain, 2)


def test_milter_away_means_try_later(site):
    site.daemons["milter"].kill()
    code, _ = refusal(site, PLATFORM, "service@later.test", site.welcome("service@later.test"))
    assert 400 <= code < 500
    site.daemons["milter"].start()
    site.invite("service@later.test")


def test_milter_killed_while_the_body_arrives(site):
    with smtplib.SMTP("127.0.0.1", site.relay.port, timeout=30) as smtp:
        smtp.ehlo()
        smtp.docmd("MAIL FROM:<%s>" % PLATFORM)
        smtp.docmd("RCPT TO:<service@body.test>")
        assert smtp.docmd("DATA")[0] == 354, site.relay.log()[-2000:]
        message = site.welcome("service@body.test", message_id="body@provider.test")
        smtp.send(message[:300].replace("\n", "\r\n"))
        site.daemons["milter"].kill()
        smtp.send(message[300:].replace("\n", "\r\n") + "\r\n.\r\n")
        assert 400 <= smtp.getreply()[0] < 500
    site.daemons["milter"].start()
    site.invite("service@body.test", message_id="body@provider.test")
    assert site.record("service@body.test")["email_sent_count"] == 1


def test_milter_killed_while_the_store_answers(site):
    """The invitation is recorded, the platform never hears of it: it sends again, the same
    invitation is used."""
    site.watch.announce(AWAY)
    mailbox, answers = "service@answer.test", []
    without_policy(site)
    site.daemons["store"].signal(signal.SIGSTOP)
    try:
        sending = threading.Thread(target=lambda: answers.append(refusal(
            site, PLATFORM, mailbox, site.welcome(mailbox, message_id="answer@provider.test"))))
        sending.start()
        time.sleep(3)  # one of them is Postfix's before it does without the policy service
        site.daemons["milter"].kill()
        sending.join()
    finally:
        site.daemons["store"].signal(signal.SIGCONT)
    assert 400 <= answers[0][0] < 500, answers
    site.daemons["milter"].start()
    first = wait_for("the record", lambda: site.record(mailbox))["id"]
    site.invite(mailbox, message_id="answer@provider.test")
    record = site.record(mailbox)
    assert record["id"] == first and record["email_sent_count"] == 1


@pytest.fixture(scope="module")
def waiting(site):
    """A mailbox whose customer waits for an approval."""
    domain = "customer9.test"
    site.entra.tenant(domain)
    customer = site.invite("service@" + domain)
    customer.enter(customer.start())
    site.wait_status("service@" + domain, "consent_requested")
    wait_for("the mail", lambda: len(site.relay.mails("service@" + domain)) == 2)
    return "service@" + domain


FORGED = {
    "without DKIM": {"dkim": "none"},
    "changed on the way": {"dkim": "broken"},
    "signed by a stranger": {"dkim": "wrong_domain"},
    "partly signed": {"dkim": "l_tag"},
    "doubled subject": {"dkim": "doubled_subject"},
    "To: not signed": {"dkim": "unsigned_to"},
    "Subject: not signed": {"dkim": "unsigned_subject"},
    "another application": {"app": "Other Voice"},
    "free text around the subject": {
        "subject": "FYI: Request for access to %s approved" % entra.APPLICATION},
    "an invisible character in the name": {"subject": "Request for access to Provider Voi\u200bce approved"},
    "a letter that looks like another": {"subject": "Request for access to Provider V\u043eice approved"},
    "two hours ahead": {"date_offset": 7200},
    "somebody else's To:": {"to_header": "somebody@customer.test"},
    "a year old": {"date_offset": -365 * 86400},
    "from a look-alike": {"from": "azure-noreply@microsoft.com.attacker.example",
                          "dkim": "wrong_domain"},
}


@pytest.mark.parametrize("label", FORGED)
def test_forged_consent_mail_changes_nothing(site, waiting, label):
    site.watch.announce("consent from=.* action=none")
    before = site.record(waiting), len(site.events(waiting))
    count = len(site.relay.mails(waiting))
    message = site.entra.mail("approved", waiting, **FORGED[label]).encode()
    raw = site.relay.wait_mail(waiting, count + 1)
    assert message.replace(b"\r\n", b"\n").rstrip() in raw, "somebody's mail was changed"
    assert (site.record(waiting), len(site.events(waiting))) == before


def test_dkim_key_that_cannot_be_looked_up_is_no_proof(site, waiting):
    site.watch.announce("consent from=.* action=none")
    before = site.record(waiting)
    count = len(site.relay.mails(waiting))
    site.entra.fault("dns", times=4, rcode="SERVFAIL")
    site.entra.mail("approved", waiting)
    site.relay.wait_mail(waiting, count + 1)
    site.entra.clear_faults()
    assert site.record(waiting) == before


def test_replayed_consent_mail_changes_nothing(site, waiting):
    message = site.entra.mail("approved", waiting, message_id="genuine@az.microsoft.com")
    site.wait_status(waiting, "consent_granted")
    time.sleep(1.1)
    site.entra.mail("denied", waiting)
    site.wait_status(waiting, "consent_denied")
    before, count = site.record(waiting), len(site.relay.mails(waiting))
    site.relay.send("azure-noreply@microsoft.com", waiting, message)
    site.relay.wait_mail(waiting, count + 1)
    assert site.record(waiting) == before


def test_genuine_mail_in_other_forms(site):
    for number, form in enumerate((dict(format="html", encoding="base64"),
                                   dict(format="alternative", encoding="8bit"),
                                   dict(envelope_sender="srs0=a1=b2=microsoft.com=x@forwarder.test"),
                                   dict(envelope_sender=""),
                                   dict(subject="Request\u00a0for access to  Provider Voice approved "),
                                   dict(to_header="Voice <SERVICE@genuine5.TEST>"),
                                   dict(to_header="other@elsewhere.test, service@genuine6.test"),
                                   dict(to_header="=?utf-8?B?w4RkYQ==?= <service@genuine7.test>"),
                                   {"from": "azure-noreply@microsoft.com"})):
        mailbox = "service@genuine%d.test" % number
        site.invite(mailbox)
        site.entra.mail("approved", mailbox, **form)
        site.wait_status(mailbox, "consent_granted")


def test_consent_mail_for_nobody_known_here(site):
    """A mailbox behind the relay that was never invited."""
    site.watch.announce("consent from=.* action=none")
    site.entra.tenant("stranger.test")
    site.entra.mail("approved", "service@stranger.test")
    assert b"approved" in site.relay.wait_mail("service@stranger.test")
    assert site.record("service@stranger.test") is None
