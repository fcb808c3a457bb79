"""The main job: a Welcome mail goes in at the relay, at the end there is a sealed, verified token,
and every step is on record."""

import os
import re
import stat
import time

import pytest

from harness import entra, journey
from harness.process import wait_for
from harness.relay import parse
from harness.sink import Sink
from harness.site import PLATFORM, Site
from harness.watch import running


@pytest.fixture(scope="module")
def sink():
    """The next hop of customernodsn.test, which announces no DSN."""
    with Sink() as started:
        yield started


@pytest.fixture(scope="module")
def site(sink):
    prepared = Site()
    prepared.relay.configure(
        transport_maps="inline:{ customernodsn.test=smtp:[127.0.0.1]:%d }" % sink.port)
    with running(prepared) as started:
        yield started


def types(site, key):
    return [event["type"] for event in site.events(key)]


def in_order(wanted, got):
    """Does `got` hold all of `wanted`, in that order?"""
    rest = iter(got)
    return all(any(item == other for other in rest) for item in wanted)


def test_welcome_mail_becomes_a_token(site):
    """A customer without a row in the table; consent asked for and given by the workflow."""
    mailbox = entra.SERVICE
    customer = site.invite(mailbox)
    raw = site.relay.mails(mailbox)[0]
    assert b"{{InvitationLink}}" not in raw
    html = parse(raw).get_body(("html",)).get_content()
    assert 'href="%s"' % customer.link in html
    site.wait_status(mailbox, "email_sent")

    begin = time.monotonic()
    page = customer.page()
    assert time.monotonic() - begin < 0.5, "a page is answered at once"
    assert page.status == 200 and entra.APPLICATION in page.text
    assert site.status(mailbox) == "email_sent", "fetching a page is not pressing a button"
    code = customer.start()
    site.wait_status(mailbox, "sign_in_started")

    page = customer.enter(code)
    assert "Request sent" in page.text
    site.wait_status(mailbox, "consent_requested")
    assert "approved" in journey.review(site).text
    site.wait_status(mailbox, "consent_granted")
    assert site.record(mailbox)["consent_source"] == "mail"

    assert "You have signed in" in customer.enter(code).text
    record = site.wait_status(mailbox, "device_authenticated")
    assert record["first_connection"] and record["token_state"] == "valid"
    assert record["signed_in_as"] == mailbox
    assert record["signed_in_tenant"] == entra.TENANT
    assert record["consent_source"] == "token"

    page = customer.confirm()
    assert page.status == 200 and page.url.startswith(customer.link), page.url
    record = site.wait_status(mailbox, "authentication_complete")
    assert record["authentication_complete_at"] and "last_error" not in record
    assert "completed" in customer.page().text


def test_every_step_is_listed_in_order(site):
    wanted = ["created", "email_sent", "link_seen", "link_opened", "sign_in_started", "consent",
              "consent", "device_authenticated", "confirmed"]
    assert in_order(wanted, types(site, entra.SERVICE)), types(site, entra.SERVICE)
    lines = site.cli("-e", entra.SERVICE, check=True).stdout.splitlines()
    assert len(lines) == len(types(site, entra.SERVICE))
    stamps = [line.split("\t")[0] for line in lines]
    assert stamps == sorted(stamps)
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", stamp) for stamp in stamps), stamps


def test_relay_is_asked_for_a_report_of_success(site):
    record = wait_for("the report", lambda: site.record(entra.SERVICE)["delivery"] != "none" and
                      site.record(entra.SERVICE))
    assert record["delivery"] == "delivered" and record["delivery_status"] == "2.0.0"


def test_customer_whose_consent_is_there(site):
    """A second tenant: no approval needed. The platform gets its success reports, too."""
    customer = site.invite(entra.STRANGER)
    assert "You have signed in" in customer.enter(customer.start()).text
    site.wait_status(entra.STRANGER, "device_authenticated")
    customer.confirm()
    site.wait_status(entra.STRANGER, "authentication_complete")
    assert "consent" not in types(site, entra.STRANGER) or \
        site.record(entra.STRANGER)["consent_source"] == "token"
    assert any(b"Action: delivered" in mail for mail in site.relay.mails(PLATFORM))


def test_second_connection_of_a_tenant_completes_at_once(site):
    site.entra.user("colleague@other.test", tenant="other.test", password=entra.PASSWORD,
                    mail="colleague@other.test")
    customer = site.invite("colleague@other.test")
    customer.enter(customer.start())
    record = site.wait_status("colleague@other.test", "authentication_complete")
    assert not record["first_connection"]


def test_reviewers_mail_alone(site):
    """The Service account has no mailbox: the invitation goes to the administrator, who is the
    reviewer, too. Consent is learnt from the reviewer's mail and then from the token."""
    domain = "customer2.test"
    site.entra.tenant(domain)
    site.entra.user("service@" + domain, mail="")
    site.customers("customer2 admin@%s m365_admin_email=service@%s full_name=\"Two Ltd\"\n"
                   % (domain, domain))
    customer = site.invite("admin@" + domain, upn="service@" + domain)
    assert "service@" + domain in customer.page().text
    code = customer.start()
    customer.enter(code)
    record = site.wait_status("customer2", "consent_requested")
    assert record["customer_id"] == "customer2" and record["full_name"] == "Two Ltd"
    journey.review(site, reviewer="admin@" + domain)
    customer.enter(code)
    record = site.wait_status("customer2", "device_authenticated")
    assert record["consent"] == "granted" and record["consent_source"] == "token"


def test_denied(site):
    domain = "customer3.test"
    site.entra.tenant(domain)
    customer = site.invite("service@" + domain)
    customer.enter(customer.start())
    site.wait_status("service@" + domain, "consent_requested")
    journey.review(site, "deny", "admin@" + domain)
    site.wait_status("service@" + domain, "consent_denied")
    assert "not approved" in customer.page().text


def test_relayed_to_a_host_without_reports(site, sink):
    mailbox = "service@customernodsn.test"
    site.send_welcome(mailbox)
    assert site.wizard_url.encode() in sink.mails(mailbox)[0]
    wait_for("delivery", lambda: site.record(mailbox)["delivery"] == "relayed")
    assert site.status(mailbox) == "email_sent"


def test_bounce(site):
    mailbox = "gone1@customer.test"
    site.send_welcome(mailbox)
    record = site.wait_status(mailbox, "email_failed")
    assert record["delivery"] == "failed" and record["delivery_status"] == "5.1.1"
    assert "gone1" in record["delivery_text"] or "unknown user" in record["delivery_text"].lower()
    assert any(b"Undelivered" in mail for mail in site.relay.mails(PLATFORM))


def test_pages_for_links_that_are_none(site):
    customer = site.invite("service@customer4.test")
    token = customer.link.rsplit("/", 1)[1]
    for bad in (token[:-1] + ("A" if token[-1] != "A" else "B"), token[:-1], "x" * 46, ""):
        page = customer.browser.get(site.wizard_url + "/i/" + bad)
        assert page.status == 404, (bad, page.status)


def test_revoked(site):
    customer = site.invite("service@customer5.test")
    site.cli("-d", "service@customer5.test", check=True)
    site.wait_status("service@customer5.test", "revoked")
    assert customer.page().status == 410


def test_state_and_vault_belong_to_the_daemons_alone(site):
    for name in ("state", "state/vault"):
        path = os.path.join(site.folder, name)
        mode = os.stat(path)
        assert stat.S_IMODE(mode.st_mode) == 0o700 and mode.st_uid != 0, name
    for folder, _, names in os.walk(os.path.join(site.folder, "state")):
        for name in names:
            mode = stat.S_IMODE(os.lstat(os.path.join(folder, name)).st_mode)
            assert mode & 0o077 == 0, (name, oct(mode))
