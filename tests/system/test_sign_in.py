"""Sign-in by redirect, admin consent and the realities of a customer's journey, through the real programs and the
simulator: the authorization code's way, every way that Microsoft says no, approval without waiting, other devices,
two tabs, restarts in between, and the platform's own pages."""

import re
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from harness import entra
from harness.journey import Customer, at_microsoft, code_of
from harness.process import wait_for
from harness.site import Site
from harness.store_client import StoreClient, change_id, now
from harness.watch import running

PLATFORM_URL = "https://platform.provider.test/authenticate"


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "tokend", "wizard"), relay=False)) as started:
        yield started


def invite(site, name, tenant=None, admin=True, **tenant_members):
    """A customer of a tenant of its own, whose Service account is expected where admin is true."""
    domain = name.replace("_", "-") + ".test"
    tenant = site.entra.tenant(domain, **tenant_members)
    service = "service@" + domain
    site.cli("-i", input="%s %s%s\n" % (
        name, service, " m365_admin_email=" + service if admin else ""), check=True)
    customer = Customer(site, site.cli("-n", name, check=True).stdout.strip(), service)
    customer.name, customer.domain, customer.tenant = name, domain, tenant
    return customer


@pytest.fixture
def customer(site, request):
    """Invited, and the permissions are approved."""
    return invite(site, request.node.name.replace("[", "_").replace("]", ""),
                  consent_granted=True)


@pytest.fixture
def unapproved(site, request):
    return invite(site, request.node.name.replace("[", "_").replace("]", ""))


def record(customer):
    return customer.site.record(customer.name)


def away(customer, action="/code", page=None, **fields):
    """Presses a button that leads to Microsoft; returns Microsoft's first page."""
    page = customer.browser.submit(page or customer.page(), action, **fields)
    assert page.url.startswith(customer.site.entra.url), page.text
    return page


def query(page):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page.url).query))


def sign_in(customer, upn=None, **more):
    return at_microsoft(customer.browser, away(customer, **more), upn or customer.upn)


def notice(page):
    found = re.search(r'role="alert"[^>]*>(.*?)</p>', page.body, re.S)
    return re.sub("<[^>]+>", "", found.group(1)) if found else ""


def last_error(customer, code):
    return wait_for(code, lambda: record(customer).get("last_error", {}).get("code") == code)


def test_journey(site, customer):
    page = away(customer)
    asked = query(page)
    assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43 and len(asked["state"]) == 22
    assert asked["login_hint"] == customer.upn and "prompt" not in asked
    assert asked["redirect_uri"] == site.wizard_url + "/callback"
    assert "offline_access" in asked["scope"] and "User.Read.All" in asked["scope"]
    seen = record(customer)
    assert seen["status"] == "sign_in_started" and seen["link_opened_at"]

    page = at_microsoft(customer.browser, page, customer.upn)
    assert page.url == customer.link + "/done" and "Token acquired" in page.text
    seen = record(customer)
    assert (seen["status"], seen["signed_in_as"]) == ("device_authenticated", customer.upn)
    assert seen["consent_source"] == "token" and "User.Read.All" in seen["granted_scopes"]
    assert customer.confirm().url == customer.link + "/done"
    site.wait_status(customer.name, "authentication_complete")
    assert [event.get("method") for event in site.events(customer.name)
            if event["type"] == "sign_in_started"] == ["code"]
    # Each start has a state and a challenge of its own; nothing of it is in a log.
    logs = site.logs()
    for secret in site.entra.secrets() + [asked["state"], asked["nonce"]]:
        assert secret not in logs
    # What was used is of no use again.
    again = customer.browser.get("%s/callback?state=%s&code=x" % (site.wizard_url, asked["state"]))
    assert again.status == 400 and "used already" in again.text


def test_it_ends_a_device_flow(site, customer):
    code = customer.start()
    tokens = len(site.entra.log("token"))
    site.entra.fault("token", times=1, grant="device_code", delay_ms=3000)
    time.sleep(1.5)
    page = sign_in(customer)
    assert len(site.entra.log("token")) > tokens, "a poll was under way"
    assert "Token acquired" in page.text and code not in page.body
    polls = len(site.entra.log("token"))
    time.sleep(2.5)
    assert len(site.entra.log("token")) == polls, "the device flow is over"
    # The code of before cannot be used by somebody else any more: nobody asks for its tokens.
    assert "user_code" not in customer.browser.get(customer.link + "/status").body


def test_two_tabs(site, customer):
    """The page with the code is open; the sign-in happens in another tab. Then both say the same."""
    tab = customer.page()
    code = code_of(customer.browser.submit(tab, "/start"))
    first, second = away(customer), away(customer)
    assert query(first)["state"] != query(second)["state"]
    done = at_microsoft(customer.browser, second, customer.upn)
    assert "Token acquired" in done.text
    late = at_microsoft(customer.browser, first, customer.upn)
    assert late.url == customer.link + "/done" and "Token acquired" in late.text
    assert customer.browser.submit(tab, "/start").text == customer.page().text
    assert code not in customer.page().body
    # The second sign-in is an event of its own where it was in another second: the token is newer.
    events = [event for event in site.events(customer.name) if event["type"] == "device_authenticated"]
    assert 1 <= len(events) == len({event["at"] for event in events}) <= 2


def test_wrong_account(site, customer):
    site.watch.announce("tokend")
    page = sign_in(customer, "second@" + customer.domain)
    assert page.status == 200 and "second@" in notice(page) and customer.upn in notice(page)
    assert site.entra.url + "/common/oauth2/v2.0/logout" in page.links
    assert "signed out" in customer.browser.get(
        site.entra.url + "/common/oauth2/v2.0/logout").text
    assert record(customer)["token_state"] == "none"
    page = away(customer)
    assert query(page)["prompt"] == "select_account"
    assert "Token acquired" in at_microsoft(customer.browser, page, customer.upn).text


@pytest.mark.parametrize("error, description, code, words", [
    ("access_denied", "AADSTS65004: User declined to consent.", "access_denied", "did not accept"),
    ("access_denied", "", "access_denied", "cancelled or refused"),
    ("access_denied", "AADSTS90094: Admin consent is required.", "consent_required", "approve"),
    ("consent_required", "AADSTS65001: No consent.", "consent_required", "approve"),
    ("interaction_required", "AADSTS90095: Approval.", "consent_required", "approve"),
    ("interaction_required", "AADSTS50076: MFA.", "interaction_required", "sign in again"),
    ("login_required", "", "login_required", "sign in again"),
    ("access_denied", "AADSTS53003: Blocked by policy.", "blocked_by_policy", "policy"),
    ("server_error", "", "server_error", "once more in a minute"),
    ("temporarily_unavailable", "", "temporarily_unavailable", "once more in a minute"),
    ("brand_new", "Call 555-123 now", "brand_new", "start again"),
])
def test_microsoft_says_no(site, error, description, code, words):
    customer = invite(site, "no-%s" % site.entra.tenants, consent_granted=True)
    site.watch.announce("tokend")
    site.entra.fault("authorize", redirect_error=error, error_description=description)
    page = customer.browser.submit(customer.page(), "/code")
    assert (page.status, page.url) == (200, customer.link)
    assert words in notice(page) and "Call" not in page.body
    assert record(customer)["last_error"]["code"] == code
    # The way on is on the page, by both ways; where consent is missing, so is an administrator's.
    assert page.form("/start") and page.form("/code") and page.form("/approve")
    assert ("<details" in page.body) == (code != "consent_required")
    assert "Token acquired" in sign_in(customer).text


def test_blocked_device_flow(site, customer):
    """The tenant's policy blocks device codes: the browser's way comes first."""
    site.watch.announce("tokend")
    customer.start()
    site.entra.fault("token", error="invalid_grant", error_codes=[530036],
                     error_description="AADSTS530036: Blocked.")
    last_error(customer, "blocked_by_policy")
    page = customer.page()
    assert "policy" in notice(page)
    assert [form["action"].rsplit("/", 1)[1] for form in page.forms][:2] == ["code", "start"]
    assert "Token acquired" in sign_in(customer, page=page).text


def test_approval_without_waiting(site, unapproved):
    """The customer waits with a code; an administrator on another machine approves at once."""
    code = unapproved.start()
    site.entra.request_approval(code, unapproved.upn)
    admin = Customer(site, unapproved.link, "admin@" + unapproved.domain)
    admin.name, before = unapproved.name, len(site.entra.log("token"))
    page = away(admin, "/approve")
    assert "/adminconsent?" in page.url
    assert query(page)["client_id"] == entra.CLIENT_ID and "User.Read.All" in query(page)["scope"]
    page = at_microsoft(admin.browser, page, admin.upn)
    assert page.url == unapproved.link and "Approved" in page.text and code not in page.body
    seen = record(unapproved)
    assert (seen["consent"], seen["consent_source"]) == ("granted", "redirect")
    assert seen["status"] == "consent_granted" and seen["token_state"] == "none"
    wait_for("a poll", lambda: len(site.entra.log("token")) > before)
    assert code in "".join(re.findall(r"<span>(\w+)</span>", unapproved.page().body))
    unapproved.enter(code)
    seen = site.wait_status(unapproved.name, "device_authenticated")
    assert seen["consent_source"] == "token"


def test_the_note_to_pass_on(site, unapproved):
    """Where consent is missing the page has it: whom to ask, for what, and the link."""
    site.watch.announce("tokend")
    site.entra.fault("authorize", redirect_error="consent_required",
                     error_description="AADSTS65001: No consent.")
    page = unapproved.browser.submit(unapproved.page(), "/code")
    text = re.sub("<[^>]+>", "", re.search(
        r"<blockquote id=\"note\"[^>]*>(.*?)</blockquote>", page.body, re.S).group(1))
    assert unapproved.link in text and entra.APPLICATION in text
    admin = Customer(site, re.search(r"https?://\S+", text).group(0), "admin@" + unapproved.domain)
    page = at_microsoft(admin.browser, away(admin, "/approve"), admin.upn)
    assert "Approved" in page.text
    assert "Token acquired" in sign_in(unapproved).text


def test_approval_is_declined(site, unapproved):
    admin = "admin@" + unapproved.domain
    page = at_microsoft(unapproved.browser, away(unapproved, "/approve"), admin, press=("cancel",))
    assert page.url == unapproved.link and "not approved" in page.text
    seen = record(unapproved)
    assert (seen["consent"], seen["consent_source"]) == ("denied", "redirect")
    page = at_microsoft(unapproved.browser, away(unapproved, "/approve"), admin)
    assert "Approved" in page.text
    assert record(unapproved)["status"] == "consent_granted"


def test_approval_that_fails(site, unapproved):
    site.watch.announce("tokend")
    site.entra.fault("adminconsent", redirect_error="server_error")
    page = unapproved.browser.submit(unapproved.page(), "/approve")
    assert page.url == unapproved.link and "once more in a minute" in notice(page)
    assert record(unapproved)["consent"] == "none"


def test_approval_of_another_organisation(site, unapproved):
    """What a browser brings is a hint; where it cannot be true it is none."""
    state = query(away(unapproved, "/approve"))["state"]
    page = unapproved.browser.get("%s/callback?admin_consent=True&tenant=%s&state=%s" % (
        site.wizard_url, entra.OTHER_TENANT, state))
    assert page.url == unapproved.link and "another organisation" in notice(page)
    assert record(unapproved)["consent"] == "none"
    for more in ("", "&admin_consent=True&tenant=" + unapproved.tenant):
        page = unapproved.browser.get(
            "%s/callback?state=%s%s" % (site.wizard_url, state, more))
        assert page.status == 400 and "used already" in page.text
    assert record(unapproved)["consent"] == "none"


def test_approval_three_days_later(site, unapproved):
    """The code died, the page was closed; the link knows of the approval, on another device too."""
    site.entra.config(device_code_lifetime=2)
    try:
        code = unapproved.start()
    finally:
        site.entra.config(device_code_lifetime=900)
    site.entra.request_approval(code, unapproved.upn)
    last_error(unapproved, "expired_token")
    site.entra.decide("approved", unapproved.tenant, "admin@" + unapproved.domain)
    store = StoreClient(site)
    store.call({"op": "apply", "change": change_id(), "id": record(unapproved)["id"],
                "event": {"type": "consent", "at": now(), "consent": "granted",
                          "consent_source": "mail"}})
    store.close()
    phone = Customer(site, unapproved.link, unapproved.upn)
    phone.name = unapproved.name
    for device in (unapproved, phone):
        page = device.page()
        assert page.status == 200 and "Approved" in page.text and code not in page.body
        assert page.form("/start") and page.form("/code")
        with pytest.raises(LookupError):
            page.form("/approve")
    assert "Token acquired" in sign_in(phone).text
    assert "Token acquired" in unapproved.page().text


def test_account_that_nobody_named(site):
    customer = invite(site, "unnamed", admin=False, consent_granted=True)
    page = customer.page()
    assert page.form("/code")["fields"]["login_hint"] == ""
    for bad in ("nobody", "a b@customer.test", "<x@customer.test>", "x" * 300 + "@customer.test"):
        for action in ("/code", "/start"):
            refused = customer.browser.submit(page, action, login_hint=bad)
            assert refused.status == 400 and "name of an account" in notice(refused), bad
    assert record(customer)["status"] == "link_opened"
    page = away(customer, login_hint="second@" + customer.domain)
    assert query(page)["login_hint"] == "second@" + customer.domain
    # The device page can only show it.
    page = customer.browser.submit(customer.page(), "/start",
                                   login_hint="second@" + customer.domain)
    assert code_of(page) and "second@" + customer.domain in page.text
    site.daemons["tokend"].kill()
    site.watch.announce("wizard")
    site.daemons["tokend"].start()
    assert "second@" + customer.domain in customer.page().text
    assert "Token acquired" in sign_in(customer, "second@" + customer.domain).text
    assert "second@" + customer.domain in customer.page().text


def test_hint_does_not_count_where_one_is_expected(site, customer):
    fields = customer.page().form("/code")["fields"]
    assert "login_hint" not in fields
    page = away(customer, login_hint="eve@other.test")
    assert query(page)["login_hint"] == customer.upn


def test_restart_between(site, customer):
    """tokend ends while the browser is at Microsoft: the state is sealed, the way back is open."""
    page = away(customer)
    site.daemons["tokend"].kill()
    site.daemons["tokend"].start()
    assert "Token acquired" in at_microsoft(customer.browser, page, customer.upn).text


def test_kill_while_looking(site, customer):
    """tokend ends after the code was redeemed: the sealed tokens are proved after the restart,
    and the code is not sent twice."""
    site.watch.announce("tokend", "wizard")
    page = away(customer)
    site.entra.fault("me", times=1, status=503)
    page = at_microsoft(customer.browser, page, customer.upn)
    assert page.status == 200 and "Token acquired" not in page.text
    site.daemons["tokend"].kill()
    site.daemons["tokend"].start()
    site.wait_status(customer.name, "device_authenticated")
    codes = [line["form"]["code"] for line in site.entra.log("token")
             if line["form"].get("grant_type") == "authorization_code"]
    assert codes and len(codes) == len(set(codes))


def test_lost_answer(site, customer):
    """The answer to the redemption is lost: the code is not sent again, the customer presses again."""
    site.watch.announce("tokend")
    site.entra.fault("token", grant="authorization_code", close="true")
    page = sign_in(customer)
    assert page.url == customer.link and "press the button once more" in notice(page)
    assert "Token acquired" in sign_in(customer).text


def test_code_is_redeemed_once_whatever_comes(site, customer):
    """Nothing is tried again by itself, and the words say so."""
    site.watch.announce("tokend")
    site.entra.fault("token", grant="authorization_code", status=503)
    page = sign_in(customer)
    assert "press the button once more" in notice(page) and "http_503" in notice(page)
    assert "tried again" not in page.text
    assert "Token acquired" in sign_in(customer).text
    site.entra.call("POST", "/_sim/rotate_keys", {"drop_old": True})
    site.entra.fault("jwks", times=0, status=503)
    page = customer.confirm()
    site.entra.clear_faults()
    assert "press the button once more" in notice(page) and "tried again" not in page.text
    assert "completed" in customer.confirm().text


def test_id_token_of_another_request(site, customer):
    site.watch.announce("tokend")
    site.entra.fault("token", grant="authorization_code", id_token={"nonce": "x" * 22})
    page = sign_in(customer)
    assert "another request" in notice(page) and record(customer)["token_state"] == "none"


def test_over(site, customer):
    """Revoked: says so and whom to ask, and nothing can be started with what was open."""
    page, waiting = customer.page(), away(customer)
    site.cli("-d", record(customer)["id"], check=True)
    site.watch.announce("tokend")
    for action in ("/code", "/approve", "/start"):
        gone = customer.browser.submit(page, action)
        assert gone.status == 410 and "withdrawn" in gone.text and not gone.forms
    back = at_microsoft(customer.browser, waiting, customer.upn)
    assert back.status == 410 and "withdrawn" in back.text
    assert record(customer)["token_state"] == "none"


def test_complete(site, customer):
    """Says so, and nothing is asked for; what was open before does nothing any more."""
    page = customer.page()
    sign_in(customer)
    customer.confirm()
    for action in ("/code", "/approve", "/start"):
        again = customer.browser.submit(page, action)
        assert again.status == 200 and "completed" in again.text and not again.forms
        assert "Nothing is left to do" in again.text
    assert [event["type"] for event in site.events(customer.name)].count("sign_in_started") == 1


def test_forms_of_others_are_refused(site, customer):
    for action in ("/code", "/approve", "/go"):
        page = customer.browser.post(customer.link + action, {})
        assert page.status == 403 and "press the button once more" in page.text
        assert customer.browser.get(customer.link + action).url == customer.link
    assert record(customer)["status"] == "pending"


def reconfigured(site, text, condition):
    site.write_config(text)
    for daemon in ("wizard", "tokend"):
        site.daemons[daemon].signal(1)
    wait_for("the new settings", condition)


def test_first_button(site, customer):
    def first():
        return customer.page().forms[0]["action"].rsplit("/", 1)[1]
    assert first() == "start"
    before = site.read_config()
    try:
        reconfigured(site, before + "sign_in_method = code\n", lambda: first() == "code")
        assert customer.page().form("/start"), "the other way stays"
    finally:
        reconfigured(site, before, lambda: first() == "start")


def test_second_sign_in_that_was_switched_off(site, customer):
    """Who was on his way to it then is not left there: to go on is enough."""
    sign_in(customer)
    page, before = customer.page(), site.read_config()

    def configure(text):
        site.write_config(text)
        site.daemons["tokend"].stop()
        site.daemons["tokend"].start()
    try:
        configure(before + "confirmation_scopes =\n")
        done = customer.browser.submit(page, "/confirm")
        assert done.url == customer.link + "/done" and "completed" in done.text
        assert record(customer)["status"] == "authentication_complete"
        assert customer.browser.submit(page, "/confirm").text == done.text
    finally:
        configure(before)


def leave(browser, page):
    """Presses the button that leads to the platform, which does not exist here: where to?"""
    form = page.form("/go")

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *unused):
            return None
    opener = urllib.request.build_opener(
        Stay(), urllib.request.HTTPCookieProcessor(browser.cookies))
    with pytest.raises(urllib.error.HTTPError) as answer:
        opener.open(urllib.parse.urljoin(page.url, form["action"]),
                    urllib.parse.urlencode(form["fields"]).encode(), timeout=10)
    return answer.value.code, answer.value.headers["Location"]


def test_platforms_own_pages(site, customer):
    """wizard_mode = redirect: the press is recorded and leads to platform_url and the id."""
    before = site.read_config()
    other = invite(site, "without_id", consent_granted=True)
    store = StoreClient(site)
    store.call({"op": "apply", "change": change_id(), "id": record(customer)["id"],
                "event": {"type": "email_sent", "at": now(), "expires_at": "2099-01-01T00:00:00Z",
                          "message_id": "m@x", "platform_invitation_id": "4f/..?x=y"}})
    store.close()
    assert customer.page().form("/start"), "builtin"
    assert customer.browser.post(customer.link + "/go", customer.page().forms[0][
        "fields"]).url == customer.link + "/go", "in builtin mode it leads nowhere"
    try:
        reconfigured(site, before + "wizard_mode = redirect\n",
                     lambda: customer.page().forms[0]["action"].endswith("/go"))
        page = customer.page()
        assert len(page.forms) == 1 and page.status == 200 and entra.APPLICATION in page.text
        assert " https://platform.provider.test;" in page.headers["Content-Security-Policy"]
        assert leave(customer.browser, page) == (303, PLATFORM_URL + "/4f%2F..%3Fx%3Dy")
        assert record(customer)["link_opened_at"]
        assert other.page().form("/start"), "without an id: our own pages"
        site.cli("-d", record(customer)["id"], check=True)
        gone = customer.browser.submit(page, "/go")
        assert gone.status == 410 and "withdrawn" in gone.text
    finally:
        reconfigured(site, before, lambda: other.page().status == 200 and
                     customer.page().status == 410)


def test_platform_is_needed(site):
    before = site.read_config()
    bad = before.replace("platform_url", "# platform_url") + "wizard_mode = redirect\n"
    try:
        site.write_config(bad)
        site.watch.announce("wizard.*platform_url", "wizard.*reload refused")
        site.daemons["wizard"].signal(1)
        wait_for("the refusal", lambda: "redirect needs platform_url" in
                 site.daemons["wizard"].text())
    finally:
        site.write_config(before)
