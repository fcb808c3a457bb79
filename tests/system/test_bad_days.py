"""Bad days: a full disk, Microsoft away or talking nonsense, the wrong person."""

import os
import re
import shutil
import smtplib
import subprocess
import time

import pytest

from harness import entra
from harness.operator_browser import Operator
from harness.process import wait_for
from harness.site import USER, Site
from harness.watch import LogWatch, running


@pytest.fixture(scope="module")
def site():
    with running(Site()) as started:
        yield started


def tenant_customer(site, domain, **members):
    """A customer of a new tenant whose administrator has consented."""
    site.entra.tenant(domain, **dict({"consent_granted": True}, **members))
    return site.invite("service@" + domain)


def polls(site, code):
    """The times at which one flow's device code was sent to the token endpoint, in seconds."""
    flow = site.entra.call("GET", "/_sim/state?user_code=" + code)["flows"][0]
    digest = "sha256:" + flow["device_code_sha256"]
    return [line["time"] / 1000 for line in site.entra.log("token")
            if line["form"].get("device_code") == digest]


def check_pace(times):
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    assert all(gap > 0.9 for gap in gaps), "more than one request a second: %s" % gaps


RETRIED = r"tokend.* sign_in_error code=\w+ wait_ms=\d+ text=.* it is tried again"
FAULTS = {
    # what polls get: (fault, what last_error says, least pause behind the fault in seconds)
    "slow": ({"delay_ms": 20000}, "time", 1),
    "429": ({"status": 429, "retry_after": "4"}, "429", 3.9),
    "slow_down": ({"error": "slow_down"}, None, 5.9),
    "503": ({"status": 503, "body": '{"error":"temporarily_unavailable"}'}, "503", 1),
    "500 HTML": ({"status": 500}, "500", 1),
    "200 HTML": ({"status": 200}, "", 1),
    "truncated": ({"truncate": 20, "body": '{"error":"authorization_pending"}'}, "", 1),
    "huge": ({"huge": 30000000}, "", 1),
    "dropped": ({"close": "before"}, "", 1),
}


def flow_tenant(site, code):
    return site.entra.call("GET", "/_sim/state?user_code=" + code)["flows"][0]["tenant"]


def begin_faults(site):
    """A customer of a tenant of its own for each fault, waiting for a sign-in."""
    flows = {}
    for number, (label, (fault, _, _)) in enumerate(FAULTS.items()):
        customer = tenant_customer(site, "fault%d.test" % number)
        code = customer.start()
        wait_for("a poll", lambda: polls(site, code))
        site.entra.fault("token", times=0, tenant=flow_tenant(site, code), **fault)
        flows[label] = customer, code
    return flows


def test_microsoft_talks_nonsense(site):
    """All faults at once: said in last_error, retried with back-off, and the sign-in that follows
    is not lost."""
    site.watch.announce(RETRIED)
    flows = begin_faults(site)
    for label, (customer, code) in flows.items():
        if FAULTS[label][1] is not None:
            said = wait_for("last_error of " + label,
                            lambda: site.record(customer.upn).get("last_error"), 30)
            assert FAULTS[label][1] in said["text"] + said["code"], (label, said)
        assert site.status(customer.upn) == "sign_in_started"
    time.sleep(2)
    site.entra.clear_faults()
    for label, (customer, code) in flows.items():
        assert "You have signed in" in customer.enter(code).text
    for label, (customer, code) in flows.items():
        record = site.wait_status(customer.upn, "device_authenticated", 60)
        assert "last_error" not in record
        times = polls(site, code)
        check_pace(times)
        assert times[-1] - times[-2] >= FAULTS[label][2] - 0.1, (label, times)


def test_microsoft_unreachable(site):
    """Nobody listens; later it is back, and signs with other keys than those that tokend knows."""
    site.watch.announce(RETRIED, "start: invitation=.* error=.*Microsoft")
    customer = site.invite(entra.STRANGER)
    site.entra.stop()
    page = customer.browser.submit(customer.page(), "/start")
    assert page.status in (200, 503) and "try again" in page.text.lower(), page.text
    site.entra.start()
    assert "You have signed in" in customer.enter(customer.start()).text
    site.wait_status(customer.upn, "device_authenticated")


@pytest.mark.parametrize("endpoint", ["jwks", "me"])
def test_microsoft_fails_while_a_token_is_verified(site, endpoint):
    """The token was issued already: it must not get lost while the rest is away."""
    site.watch.announce(RETRIED)
    customer = tenant_customer(site, endpoint + ".test")
    code = customer.start()
    if endpoint == "jwks":
        site.entra.call("POST", "/_sim/rotate_keys", {})
    site.entra.fault(endpoint, times=2, status=503)
    customer.enter(code)
    site.wait_status(customer.upn, "device_authenticated", 40)


def test_declined_and_expired_codes_can_be_had_anew(site):
    customer = tenant_customer(site, "declined.test", consent_granted=False, consent_workflow=True)
    customer.enter(customer.start(), press=("continue", "cancel"))
    wait_for("last_error", lambda: site.record(customer.upn).get("last_error"))
    code = customer.start()
    site.entra.call("POST", "/_sim/flow", {"user_code": code, "state": "expired"})
    wait_for("last_error", lambda: "expired" in site.record(customer.upn).get(
        "last_error", {"text": ""})["text"])
    assert site.status(customer.upn) == "sign_in_started"
    assert customer.start() != code


def test_application_that_is_no_public_client(site):
    customer = tenant_customer(site, "registration.test")
    code = customer.start()
    site.entra.fault("token", times=1, tenant=flow_tenant(site, code), status=400,
                     error="invalid_client", error_codes=[7000218])
    record = site.wait_status(customer.upn, "failed")
    assert "public client" in record["last_error"]["text"].lower()
    assert "public client" in customer.page().text.lower()
    assert "You have signed in" in customer.enter(customer.start()).text
    site.wait_status(customer.upn, "device_authenticated")


def check_discarded(site, key, customer, words):
    record = wait_for("last_error", lambda: site.record(key).get("last_error") and site.record(key))
    assert record["token_state"] == "none" and not record["device_authenticated"]
    assert words in record["last_error"]["text"], record["last_error"]
    assert words in customer.page().text, "the page does not say so"


def test_wrong_account(site):
    domain = "account.test"
    site.entra.tenant(domain, consent_granted=True)
    site.customers("account-ltd service@%s m365_admin_email=service@%s\n" % (domain, domain))
    customer = site.invite("service@" + domain)
    customer.enter(customer.start(), upn="second@" + domain)
    check_discarded(site, "account-ltd", customer, "second@" + domain)
    customer.enter(customer.start())
    site.wait_status("account-ltd", "device_authenticated")


def test_wrong_tenant(site):
    """No domain in sight is one that Microsoft knows, so that anybody can enter the code; who has
    to sign in is known by name."""
    site.entra.tenant("tenant.test", consent_granted=True)
    site.entra.user("voice@unlisted.test", tenant="tenant.test", password=entra.PASSWORD)
    site.customers("tenant-ltd voice@nowhere.test m365_admin_email=voice@unlisted.test\n")
    customer = site.invite("voice@nowhere.test", upn="voice@unlisted.test")
    customer.enter(customer.start(), upn=entra.STRANGER)
    check_discarded(site, "tenant-ltd", customer, entra.STRANGER)
    customer.enter(customer.start())
    site.wait_status("tenant-ltd", "device_authenticated")


def test_first_sign_in_binds_where_nothing_is_known(site):
    """Nothing tells whose tenant it is: whoever signs in first is who it is."""
    mailbox = "voice@nobody.test"
    customer = site.invite(mailbox, upn=entra.STRANGER)
    customer.enter(customer.start())
    record = site.wait_status(mailbox, "device_authenticated")
    assert record["signed_in_as"] == entra.STRANGER
    assert record["signed_in_tenant"] == entra.OTHER_TENANT


FALSE_TOKENS = {
    "another tenant": {"tid": entra.OTHER_TENANT},
    "a personal account": {"tid": "9188040d-6c67-4c5b-b112-36a304b66dad"},
    "another application": {"aud": "22222222-2222-3333-4444-555555555555"},
    "expired": {"exp": 1700000000},
    "another issuer": {"iss": "https://attacker.example/v2.0"},
    "no oid": {"oid": None},
    "bad signature": {"bad_signature": True},
    "unknown key": {"unknown_kid": True},
    "unsigned": {"alg": "none"},
    "HS256": {"alg": "HS256"},
}


def test_false_tokens_are_discarded(site):
    customers = {}
    for number, (label, claims) in enumerate(FALSE_TOKENS.items()):
        customer = customers[label] = tenant_customer(site, "false%d.test" % number)
        code = customer.start()
        site.entra.fault("token", times=0, tenant=flow_tenant(site, code), id_token=claims)
        customer.enter(code)
    for label, customer in customers.items():
        record = wait_for("last_error of " + label, lambda: site.record(
            customer.upn).get("last_error") and site.record(customer.upn))
        assert record["token_state"] == "none", label
        assert not record["device_authenticated"], label
    site.entra.clear_faults()


def test_missing_permissions_are_said(site):
    customer = tenant_customer(site, "scopes.test")
    code = customer.start()
    site.entra.fault("token", times=0, tenant=flow_tenant(site, code),
                     scope="User.Read.All openid profile")
    customer.enter(code)
    record = wait_for("last_error", lambda: site.record(customer.upn).get("last_error") and
                      site.record(customer.upn))
    site.entra.clear_faults()
    assert "Group.ReadWrite.All" in record["last_error"]["text"]
    assert record["token_state"] == "none"


@pytest.fixture
def small_disk():
    """A site whose state lies on a disk of its own, of 64 MB."""
    prepared = Site()
    state = os.path.join(prepared.folder, "state")
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "postinvite-test", state],
                           capture_output=True, text=True)
    if mount.returncode != 0:
        prepared.remove()
        pytest.skip("a small disk cannot be mounted here: " + mount.stderr.strip())
    try:
        shutil.chown(state, USER)
        os.chmod(state, 0o700)
        prepared.start()
        prepared.watch = LogWatch(prepared)
        yield prepared
        assert not any(prepared.stop().values())
    finally:
        prepared.stop()
        subprocess.run(["umount", state], check=True)
        prepared.remove()


def fill(folder):
    """Takes all the space that is left."""
    path = os.path.join(folder, "filler")
    with open(path, "wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return path


def try_welcome(site, mailbox):
    """The relay's reply code to a Welcome mail."""
    try:
        site.send_welcome(mailbox, message_id=mailbox.replace("@", "."))
    except smtplib.SMTPResponseException as refused:
        return refused.smtp_code
    return 250


def test_full_disk(small_disk):
    site = small_disk
    assert try_welcome(site, "before@disk.test") == 250
    filler = fill(os.path.join(site.folder, "state"))
    codes = [try_welcome(site, "full%d@disk.test" % number) for number in range(40)]
    assert codes[-1] == 451 and set(codes) <= {250, 451}, codes
    page = Operator(site, None).page("/healthz")
    assert page.status == 503 and "fail disk: only 0 MiB are left for " in page.body
    assert re.search(r"^fail store: changes cannot be made durable \(.*the disk is full", page.body, re.M)
    refused = codes.index(451)
    site.relay.send("ada@elsewhere.test", "bob@there.test", "Subject: hello\r\n\r\nhello\r\n")
    site.relay.wait_mail("bob@there.test")
    os.unlink(filler)
    wait_for("the store to work again",
             lambda: try_welcome(site, "full%d@disk.test" % refused) == 250)
    assert "ok   store: answers; the last change" in Operator(site, None).page("/healthz").body
    for number in range(refused + 1):
        record = site.record("full%d@disk.test" % number)
        assert record["email_sent_count"] == 1, number
    assert site.record("before@disk.test")["email_sent_count"] == 1
    assert all(daemon.alive() for daemon in site.daemons.values())
    site.watch.announce("the disk is full: make room")
    assert not site.watch.unannounced()
    site.send_welcome("after@disk.test")
    site.wait_status("after@disk.test", "email_sent")
