"""The customers' consent addresses: who gets in, what becomes of each kind of mail, and that mail of
others goes its way."""

import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import time

import pytest

from harness.journey import Customer
from harness.process import TOP, wait_for
from harness.relay import parse
from harness.site import Site
from harness.watch import AWAY, running

BASE = "consent@invite.test"
SENDER = "azure-noreply@microsoft.com"
WRONG = "consent+aaaaaaaaaaaaaaaa@invite.test"


@pytest.fixture(scope="module")
def site():
    with running(Site(consent_address=BASE)) as started:
        started.customers("contoso voice@contoso.test full_name=Contoso\n"
                          "idle idle@idle.test\n")
        yield started


def address(site, key):
    customer = json.loads(site.cli("-j", "-q", key, check=True).stdout.splitlines()[0])
    invitation = customer["invitation"]
    assert invitation is None or invitation["consent_address"] == customer["consent_address"]
    return customer["consent_address"]


def waiting(site, name):
    """An invited customer of its own; its mailbox and address."""
    mailbox = "service@%s.test" % name
    site.invite(mailbox)
    return mailbox, address(site, mailbox)


def genuine(site, kind="approved", to="requester@elsewhere.test", **more):
    return site.entra.mail(kind, to, raw=True, **more)


def send(site, recipients, message, sender=SENDER):
    return site.relay.answer(sender, recipients, message)


def hints(site, key):
    return [event for event in site.events(key) if event["type"] == "consent_hint"]


def said(site, key):
    return [event["consent"] for event in site.events(key) if event["type"] == "consent"]


def test_addresses_are_printed(site):
    site.send_welcome("voice@contoso.test")
    one = address(site, "contoso")
    assert one.startswith("consent+") and one.endswith("@invite.test") and len(one) == 36
    assert json.loads(site.cli("-j", "-a", "contoso", check=True).stdout)["consent_address"] == one
    assert "consent address: " + one in site.cli("-v", "-a", "contoso", check=True).stderr
    listed = [json.loads(line) for line in site.cli("-j", "-s", check=True).stdout.splitlines()]
    assert {row["customer_id"]: row["consent_address"] for row in listed}["contoso"] == one
    assert address(site, "idle") != one


def test_the_note_to_the_administrator_has_it(site):
    customer = site.invite("voice@contoso.test")
    note = re.search(r'<blockquote id="note"[^>]*>(.*?)</blockquote>', customer.page().body, re.S)
    assert address(site, "contoso") in note.group(1)


def test_genuine_mail_is_recorded_and_discarded(site):
    mailbox, own = waiting(site, "genuine")
    message = genuine(site, "submitted")
    assert send(site, own, message, "forwarder+srs=x@customer.test") == 250
    assert site.wait_status(mailbox, "consent_requested")["consent_source"] == "mail"
    time.sleep(1.1)
    assert send(site, own.upper(), genuine(site, "approved")) == 250
    site.wait_status(mailbox, "consent_granted")
    assert not site.relay.mails(own) and not site.relay.mails("requester@elsewhere.test")
    assert send(site, own, message) == 250 and send(site, own, message) == 250
    assert said(site, mailbox) == ["requested", "granted"], "a replay was taken"


def test_one_mail_by_both_ways_is_one_change(site):
    """The mailbox lies behind the relay, and a rule sends the address a copy."""
    mailbox, own = waiting(site, "both")
    message = genuine(site, to=mailbox)
    assert send(site, mailbox, message) == 250 and send(site, own, message) == 250
    site.wait_status(mailbox, "consent_granted")
    assert message.encode().replace(b"\r\n", b"\n").rstrip() in site.relay.wait_mail(mailbox, 2)
    assert said(site, mailbox) == ["granted"]


@pytest.mark.parametrize("kind,status", [
    ("review", "consent_requested"), ("denied", "consent_denied"), ("expired", "consent_expired")])
def test_each_kind(site, kind, status):
    mailbox, own = waiting(site, "kind-" + kind)
    assert send(site, own, genuine(site, kind, to="admin@elsewhere.test")) == 250
    site.wait_status(mailbox, status)


def test_unknown_tags_are_refused_at_rcpt(site):
    for recipient in (WRONG, BASE, "consent+@invite.test", "consent+" + "a" * 50 + "@invite.test"):
        with smtplib.SMTP("127.0.0.1", site.relay.port, timeout=30) as smtp:
            smtp.ehlo()
            smtp.mail(SENDER)
            code, words = smtp.rcpt(recipient)
            assert code == 550 and b"5.1.1" in words, (recipient, words)
            assert smtp.rcpt("bob@there.test")[0] == 250
    assert send(site, "consentual+x@invite.test", genuine(site)) == 250
    assert site.relay.wait_mail("consentual+x@invite.test")


JUNK = {
    "something else": {"subject": "Minutes"},
    "another application": {"app": "Other Voice"},
    "free text before": {"subject": "FYI Request for access to Provider Voice approved"},
    "free text behind": {"subject": "Request for access to Provider Voice approved. Call us"},
}
UNPROVED = {
    "without DKIM": {"dkim": "none"},
    "changed on the way": {"dkim": "broken"},
    "signed by a stranger": {"dkim": "wrong_domain"},
    "partly signed": {"dkim": "l_tag"},
    "To: not signed": {"dkim": "unsigned_to"},
    "a year old": {"date_offset": -365 * 86400},
    "forwarded": {"subject": "WG: Fwd: Request for access to Provider Voice approved",
                  "from": "it@customer.test", "dkim": "none"},
    "tagged": {"subject": "[External] Request for access to Provider Voice approved"},
}


@pytest.mark.parametrize("label", JUNK)
def test_anything_else_is_refused(site, label):
    mailbox, own = waiting(site, "junk%d" % list(JUNK).index(label))
    assert send(site, own, genuine(site, **JUNK[label])) == "550 5.7.1"
    assert not said(site, mailbox) and not hints(site, mailbox)
    assert not site.relay.mails(own)


@pytest.mark.parametrize("label", UNPROVED)
def test_unproved_mail_is_a_hint(site, label):
    mailbox, own = waiting(site, "hint%d" % list(UNPROVED).index(label))
    message = genuine(site, **UNPROVED[label])
    assert send(site, own, message) == 250
    assert len(hints(site, mailbox)) == 1
    assert send(site, own, message) == 250
    assert len(hints(site, mailbox)) <= 2, "one a minute at most"
    assert site.record(mailbox)["consent"] == "none" and not said(site, mailbox)
    assert not site.relay.mails(own)


def test_a_hint_makes_tokend_poll(site):
    site.entra.tenant("poll.test")
    site.entra.config(interval=60)
    customer = site.invite("service@poll.test")
    try:
        customer.enter(customer.start())
        own = address(site, "service@poll.test")
        polls = len(site.entra.log("token"))
        site.relay.send("it@poll.test", own, genuine(site, dkim="none"))
        wait_for("a poll", lambda: len(site.entra.log("token")) > polls, 10)
    finally:
        site.entra.config(interval=1)


def test_other_recipients_get_it_all_the_same(site):
    site.watch.announce("consent_address .* action=none")
    mailbox, own = waiting(site, "several")
    kinds = {"genuine": genuine(site), "junk": genuine(site, subject="Minutes"),
             "hint": genuine(site, dkim="none")}
    for number, (label, message) in enumerate(kinds.items()):
        other = "other%d@there.test" % number
        assert send(site, [own, other, WRONG], message) == 250, label
        raw = site.relay.wait_mail(other)
        assert message.encode().replace(b"\r\n", b"\n").rstrip() in raw, "it was changed"
    assert site.record(mailbox)["consent"] == "granted"
    assert not site.relay.mails(own) and not site.relay.mails(WRONG)


def test_several_addresses_in_one_mail(site):
    """A genuine mail is recorded with each customer whose address it comes to; what is no proof is a hint to each."""
    pairs = [waiting(site, "pair%d" % number) for number in range(2)]
    addresses = [own for _, own in pairs]
    assert send(site, addresses, genuine(site, dkim="none")) == 250
    assert [len(hints(site, mailbox)) for mailbox, _ in pairs] == [1, 1]
    assert send(site, addresses, genuine(site)) == 250
    assert [said(site, mailbox) for mailbox, _ in pairs] == [["granted"], ["granted"]]


def test_what_only_looks_like_an_address_of_ours(site):
    """A longer tag is none; another delimiter, another name or a domain below make it somebody else's mailbox."""
    mailbox, own = waiting(site, "looks")
    local, domain = own.split("@")
    assert send(site, "%s+x@%s" % (local, domain), genuine(site)) == "550 5.1.1"
    assert send(site, "%s@sub.%s" % (local, domain), genuine(site)) == 250
    assert send(site, "%s@%s" % (local.replace("+", "-"), domain), genuine(site)) == 250
    assert send(site, ['"%s"@%s' % (local, domain), "quoted@there.test"], genuine(site, "submitted")) == 250
    assert said(site, mailbox) == ["requested"]
    assert site.relay.wait_mail("quoted@there.test") and not site.relay.mails(own)


def test_customers_without_invitation(site):
    own = address(site, "idle")
    assert send(site, own, genuine(site)) == 250
    assert send(site, own, genuine(site, subject="Minutes")) == "550 5.7.1"
    assert site.record("idle") is None
    site.send_welcome("idle@idle.test")
    yesterday = genuine(site, date_offset=-86400)
    assert send(site, own, yesterday) == 250
    assert site.record("idle")["consent"] == "none", "the mail is older than the invitation"


def test_store_away_counts_as_not_seen(site):
    mailbox, own = waiting(site, "away")
    message = genuine(site)
    with smtplib.SMTP("127.0.0.1", site.relay.port, timeout=30) as smtp:
        smtp.ehlo()
        smtp.mail(SENDER)
        assert smtp.rcpt(own)[0] == 250
        site.daemons["store"].kill()
        site.watch.announce(AWAY, "consent_address .* action=(none|refused) reason=\"the store")
        assert smtp.data(message)[0] == 451
    assert send(site, own, message) == "451 4.3.0"
    assert send(site, "bob@there.test", "Subject: Minutes\r\n\r\nx\r\n") == 250
    site.daemons["store"].start()
    wait_for("the store", lambda: send(site, own, message) == 250)
    site.wait_status(mailbox, "consent_granted")


def test_dkim_key_that_cannot_be_looked_up_is_asked_for_again(site):
    mailbox, own = waiting(site, "dns")
    site.watch.announce("consent_address .* action=refused reason=\"DKIM key")
    message = genuine(site)
    site.entra.fault("dns", times=4, rcode="SERVFAIL")
    assert send(site, own, message) == "451 4.3.0"
    site.entra.clear_faults()
    assert send(site, own, message) == 250
    site.wait_status(mailbox, "consent_granted")


def test_mail_that_does_not_come_by_smtp_is_never_refused(site):
    conf = os.path.join(site.folder, "conf")
    mailbox, own = waiting(site, "local")
    log = len(site.relay.log())
    for recipient, message in ((WRONG, "Subject: Minutes\n\nx\n"),
                               (own, "Subject: Minutes\n\nx\n"), (own, genuine(site))):
        subprocess.run(["sendmail", "-C", conf, "-f", SENDER, recipient], check=True,
                       input=message.replace("\r\n", "\n").encode(),
                       env={**os.environ, "MAIL_CONFIG": conf})
    site.wait_status(mailbox, "consent_granted")
    assert "reject" not in site.relay.log()[log:] and not site.relay.mails(SENDER)


XCLIENT = {
    "another client": "ADDR=192.0.2.1 PORT=4711 NAME=mx.customer.test",
    "a client without a port": "ADDR=192.0.2.1 PORT=[UNAVAILABLE] NAME=[UNAVAILABLE]",
    "an IPv6 client": "ADDR=IPv6:2001:db8::1 PORT=25 NAME=[TEMPUNAVAIL]",
    "a client that looks local": "ADDR=127.0.0.1 PORT=0 NAME=localhost DESTADDR=127.0.0.1 DESTPORT=0",
}


class UnixSMTP(smtplib.SMTP):
    """To a Unix socket."""

    def _get_socket(self, host, port, timeout):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        connection.connect(host)
        return connection


def test_what_comes_by_smtp_is_refused_whoever_sends(site):
    """Also where a queue file is made before the first recipient, through a proxy, and by a Unix socket."""
    mailbox, own = waiting(site, "smtp")
    with open(os.path.join(site.folder, "conf", "master.cf"), "a") as master:
        master.write("unix-smtp unix n - n - - smtpd\n")
    with site.relay.configured(smtpd_delay_open_until_valid_rcpt="no", inet_protocols="all",
                               smtpd_authorized_xclient_hosts="127.0.0.0/8", mynetworks="0.0.0.0/0 [::]/0"):
        test_unknown_tags_are_refused_at_rcpt(site)
        assert send(site, own, genuine(site, subject="Minutes")) == "550 5.7.1"
        for label, attributes in {**XCLIENT, "by a Unix socket": None}.items():
            with smtplib.SMTP("127.0.0.1", site.relay.port, timeout=30) if attributes else \
                    UnixSMTP(os.path.join(site.folder, "queue/public/unix-smtp"), timeout=30) as smtp:
                smtp.ehlo()
                if attributes:
                    assert smtp.docmd("XCLIENT", attributes)[0] == 220, label
                    smtp.ehlo()
                smtp.mail(SENDER)
                assert smtp.rcpt(WRONG)[0] == 550, label
                assert smtp.rcpt(own)[0] == 250, label
                assert smtp.data("Subject: Minutes\r\n\r\nx\r\n")[0] == 550, label
        test_mail_that_does_not_come_by_smtp_is_never_refused(site)
    assert not said(site, mailbox) and not site.relay.mails(own)


def test_older_keys_keep_working(site):
    mailbox, old = waiting(site, "rotated")
    site.new_key("link")
    for name in ("store", "wizard"):
        site.daemons[name].signal(signal.SIGHUP)
    wait_for("the new key", lambda: address(site, mailbox) != old)
    assert send(site, address(site, mailbox), genuine(site, "submitted")) == 250
    site.wait_status(mailbox, "consent_requested")
    time.sleep(1.1)
    assert send(site, old, genuine(site, "denied")) == 250
    site.wait_status(mailbox, "consent_denied")


def test_two_customers_of_one_mailbox(site):
    """A mail to the mailbox is ambiguous, until a sign-in shows which of them is meant; one to a consent
    address never is."""
    shared = "shared@shared.test"
    site.customers("one %s\ntwo %s\n" % (shared, shared))
    for customer in ("one", "two"):
        site.cli("-n", customer, check=True)
    site.watch.announce("invitations of several customers fit To: alike")
    site.entra.mail("approved", shared)
    site.relay.wait_mail(shared)
    assert [site.record(customer)["consent"] for customer in ("one", "two")] == ["none", "none"]
    assert send(site, address(site, "two"), genuine(site, "denied", to=shared)) == 250
    assert [site.record(customer)["consent"] for customer in ("one", "two")] == ["none", "denied"]
    site.entra.tenant("shared.test")
    Customer(site, site.record("one")["auth_url"], shared).start()
    time.sleep(1.1)
    site.entra.mail("expired", shared)
    wait_for("the decision", lambda: site.record("one")["consent"] == "expired")
    assert site.record("two")["consent"] == "denied"
    assert parse(site.relay.wait_mail(shared, 2))["To"]


def test_the_documented_lines_of_main_cf():
    """The relay takes mail for the address, and for no other of its domain; what the milter has let
    through is discarded."""
    with open(os.path.join(TOP, "docs", "CONSENT-MAIL.md")) as file:
        block = re.search(r"```\n(recipient_delimiter.*?)```", file.read(), re.S).group(1)
    lines = dict(line.split(" = ", 1) for line in block.splitlines())
    with running(Site(consent_address="consent@invite.provider.example")) as site:
        site.relay.stop()
        site.relay.configure(smtpd_reject_unlisted_recipient="yes", **lines,
                             smtpd_recipient_restrictions="reject_unauth_destination")
        site.relay.start()
        mailbox, own = waiting(site, "documented")
        with smtplib.SMTP("127.0.0.1", site.relay.port, timeout=30) as smtp:
            smtp.ehlo()
            smtp.mail(SENDER)
            assert smtp.rcpt("nobody@invite.provider.example")[0] == 550
            assert smtp.rcpt("bob@other.example")[0] == 554
            assert smtp.rcpt(own)[0] == 250
        assert send(site, own, genuine(site)) == 250
        site.wait_status(mailbox, "consent_granted")
