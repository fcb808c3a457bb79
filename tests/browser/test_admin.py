"""The operator's pages in a real browser: to find, to sort, to copy, to act; by keyboard; without JavaScript; and each page
as people see it, 360 and 1280 pixels wide, light and dark, with axe-core. The screenshots in build/screenshots are for eyes."""

import itertools
import re

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from harness.chromium import Chromium
from harness.letterbox import Letterbox
from harness.operator_proxy import OperatorProxy
from harness.process import wait_for
from harness.site import Site
from harness.store_client import StoreClient, change_id, now
from harness.watch import running

VIEWS = tuple(itertools.product((360, 1280), (False, True)))
ACCESS = {"admin_user_header": "X-Remote-User", "admin_subjects": "ada:operate, bob:view"}
SIGNED_IN = {"signed_in_as": "voice@customer.test", "signed_in_tenant": "tenant",
             "signed_in_oid": "cccccccc-0000-4000-8000-000000000001",
             "granted_scopes": "https://graph.microsoft.com/User.Read.All offline_access openid profile"}
JOURNEY = (
    ("email_sent", {"message_id": "m@provider.test", "queue_id": "4b7Xq1"}),
    ("delivery", {"delivery": "delivered", "delivery_status": "2.0.0"}),
    ("link_seen", {}), ("link_opened", {}), ("sign_in_started", {"method": "device"}),
    ("consent", {"consent": "requested", "consent_source": "mail"}),
    ("consent", {"consent": "granted", "consent_source": "mail"}),
    ("device_authenticated", dict(SIGNED_IN, first_connection=True, confirm=True)),
    ("confirmed", {}),
    ("validated", {"validation": "Last Authentication Status: Successful"}),
    ("token_refused", {"code": "invalid_grant", "text": "The password was changed (invalid_grant, AADSTS50173); "
                       "the customer has to sign in again by the link."}),
)


class Provider:
    def __init__(self, site, letterbox):
        self.site, self.letterbox, self.store = site, letterbox, StoreClient(site)
        self.ids = {}

    def invite(self, name, steps=()):
        record = self.store.call({"op": "open", "change": change_id(), "customer_id": name,
                                  "mailbox": "voice@%s.test" % name})["invitation"]
        for kind, members in steps:
            self.store.call({"op": "apply", "change": change_id(), "id": record["id"],
                             "event": dict(members, type=kind, at=now())})
        self.ids[name] = record["id"]
        return record["id"]

    def record(self, name):
        return self.site.record(self.ids[name])


@pytest.fixture(scope="module")
def provider():
    site = Site(daemons=("store", "tokend", "admin"), relay=False,
                consent_address="consent@invite.provider.test", **ACCESS)
    letterbox = Letterbox(site)
    with running(site):
        site.cli("-i", input="".join(
            'c%03d voice@c%03d.test full_name="Customer %03d Ltd" m365_admin_email=admin@c%03d.test\n' % (
                n, n, n, n) for n in range(130)), check=True)
        made = Provider(site, letterbox)
        for n in range(120):
            made.invite("c%03d" % n, JOURNEY[:n % (len(JOURNEY) + 1)])
        made.invite("c120", JOURNEY[:1] + (("delivery", {
            "delivery": "failed", "delivery_status": "5.1.1",
            "delivery_text": "550 5.1.1 <voice@c120.test>: Recipient address rejected: User unknown"}),))
        yield made
        made.store.close()


@pytest.fixture(scope="module")
def url(provider):
    with OperatorProxy(provider.site, "ada") as proxy:
        yield proxy.url


@pytest.fixture(scope="module")
def plain():
    with Chromium(scripts=False) as browser:
        yield browser


def look(browser, name):
    faults = []
    for width, dark in VIEWS:
        label = "admin-%s-%d-%s" % (name, width, "dark" if dark else "light")
        browser.view(width, dark)
        faults += [label + ": " + fault for fault in browser.violations()]
        if browser.scrolls_sideways():
            faults.append(label + ": scrolls sideways")
        browser.screenshot(label)
    browser.view(1280, False)
    assert not faults, "\n".join(faults)
    assert len(browser.all("h1")) == 1 and browser.one("h1").text
    loud = [line["message"] for line in browser.driver.get_log("browser") if "favicon" not in line["message"]]
    assert not [line for line in loud if "Content Security Policy" in line], loud


def ids(browser):
    return [row.get_attribute("data-id") for row in browser.all("#rows > tr")]


def column(browser, title):
    """The texts of a column, from its top."""
    return [cell.text for cell in browser.all('#rows td[data-label="%s"]' % title)]


def heads(browser):
    return {head.text.split("\n")[0].strip(" ▲▼"): head for head in browser.all(".list th")}


@pytest.mark.parametrize("name, path", (
    ("list", "/"), ("pending", "/?status=pending_invitations"), ("nothing", "/?q=no-such-customer"),
    ("new", "/new"), ("undelivered", "/undelivered"), ("wrong-address", "/nothing")))
def test_page(browser, url, name, path):
    browser.get(url + path)
    look(browser, name)


@pytest.mark.parametrize("name, customer", (("pending", "c000"), ("needs-sign-in", "c011"),
                                            ("complete", "c010"), ("bounced", "c120")))
def test_invitation(provider, browser, url, name, customer):
    browser.get(url + "/invitations/" + provider.ids[customer])
    look(browser, "invitation-" + name)
    words = {"pending": "Pending", "needs-sign-in": "The password was changed", "bounced": "User unknown",
             "complete": "Last Authentication Status: Successful"}
    assert words[name] in browser.text()


@pytest.mark.parametrize("action", ("resend", "extend", "validate", "revoke"))
def test_question(provider, browser, url, action):
    browser.get("%s/invitations/%s/%s" % (url, provider.ids["c001"], action))
    look(browser, "confirm-" + action)


def test_a_form_that_is_wrong(browser, url):
    browser.get(url + "/new")
    browser.follow(browser.one("main button"))
    assert "Give a customer" in browser.text()
    assert browser.one("#customer_id").get_attribute("aria-describedby") == "customer_hint fault"
    look(browser, "new-wrong")


def test_who_may_nothing(provider, browser):
    with OperatorProxy(provider.site, "mallory") as proxy:
        browser.get(proxy.url)
        look(browser, "refused")
        assert "admin_subjects" in browser.text() and "mallory" in browser.text()


def test_columns(browser, url):
    browser.view(1280, False)
    browser.get(url)
    assert [head.text.strip(" ▲▼") for head in browser.all(".list th")] == [
        "ID", "Full Name", "Invitation Email", "M365 Admin Email", "Email Sent", "Email Invitation Sent Count",
        "Delivery", "Link Opened", "Consent", "Device Authenticated", "Status", "Created at", "Expires at",
        "AuthURL", "Consent address"]
    time = browser.one("#rows time")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time.get_attribute("datetime"))
    assert time.get_attribute("title").endswith(" UTC")


def test_search(provider, browser, url):
    browser.get(url)
    browser.one("#q").send_keys("CUSTOMER 04", Keys.ENTER)
    browser.wait("what was found", lambda: "q=CUSTOMER" in browser.driver.current_url and len(ids(browser)) == 10)
    assert all("Customer 04" in name for name in column(browser, "Full Name"))
    assert browser.one("#q").get_attribute("value") == "CUSTOMER 04"
    address = browser.driver.current_url
    browser.get("about:blank")
    browser.get(address)
    assert len(ids(browser)) == 10, "an address can be sent to a colleague"


def test_filter(provider, browser, url):
    browser.get(url)
    Select(browser.one("#status")).select_by_value("needs_sign_in")
    browser.follow(browser.one(".search button"))
    assert set(column(browser, "Status")) == {"Needs sign-in"}
    browser.follow(browser.one(".search a.button"))
    assert browser.one("h1").text == "Pending Invitations"
    assert not {"Needs sign-in", "Authentication complete"} & set(column(browser, "Status"))
    option = Select(browser.one("#status")).first_selected_option
    assert option.text.startswith("Pending Invitations (")
    total = int(re.search(r"of (\d+)", browser.one(".bar p").text).group(1))
    assert total > 50 and option.text == "Pending Invitations (%d)" % total


def test_sort(provider, browser, url):
    browser.get(url)
    browser.follow(heads(browser)["Full Name"].find_element("css selector", "a"))
    names = column(browser, "Full Name")
    assert names == sorted(names) and names[0] == "Customer 000 Ltd"
    assert heads(browser)["Full Name"].get_attribute("aria-sort") == "ascending"
    browser.follow(heads(browser)["Full Name"].find_element("css selector", "a"))
    assert column(browser, "Full Name")[0] == "Customer 120 Ltd"
    assert heads(browser)["Full Name"].get_attribute("aria-sort") == "descending"


def test_pages(provider, browser, url):
    browser.get(url + "/?sort=full_name")
    seen = ids(browser)
    for _ in range(2):
        browser.follow(browser.one(".pages a[rel=next]"))
        seen += ids(browser)
    assert not browser.all(".pages a[rel=next]")
    assert len(seen) == len(set(seen)) == len(provider.ids)
    browser.follow(browser.one(".pages a[rel=prev]"))
    assert ids(browser) == seen[50:100]


def test_copy(provider, browser, url):
    browser.driver.execute_cdp_cmd("Browser.grantPermissions", {
        "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": url})
    read = ("const done = arguments[0];"
            "navigator.clipboard.readText().then(done, e => done('refused: ' + e))")
    record = provider.record("c007")
    for path in ("/?q=c007", "/invitations/" + record["id"]):
        browser.get(url + path)
        buttons = browser.all("button[data-copy]")
        assert [button.is_displayed() for button in buttons] == [True, True]
        assert not any(field.is_displayed() for field in browser.all(".copy input"))
        for button, member in zip(buttons, ("auth_url", "consent_address")):
            assert "voice@c007.test" in button.accessible_name
            button.click()
            browser.wait("what was copied", lambda: browser.one("#say").text == "Copied.")
            assert browser.driver.execute_async_script(read) == record[member]
            browser.script("document.getElementById('say').textContent = ''")
            assert browser.driver.switch_to.active_element == button


def press(browser, url, provider, name, action):
    browser.get(url + "/invitations/" + provider.ids[name])
    browser.follow(browser.one("a.button[href$='/%s']" % action))
    assert action in browser.driver.current_url and browser.one("h1").text.endswith("?")
    browser.follow(browser.one("main form button"))


def test_resend(provider, browser, url):
    provider.invite("resend")
    press(browser, url, provider, "resend", "resend")
    assert "handed over" in browser.one(".notice").text
    mail, = provider.letterbox.wait("voice@resend.test")
    assert "your invitation" in mail
    assert "by ada" in browser.one(".history").text
    look(browser, "done")


def test_extend(provider, browser, url):
    provider.invite("extend")
    before = provider.record("extend")["expires_at"]
    wait_for("another second", lambda: now() > provider.record("extend")["created_at"])
    press(browser, url, provider, "extend", "extend")
    assert "was extended" in browser.one(".notice").text
    assert provider.record("extend")["expires_at"] > before


def test_validate(provider, browser, url):
    """What tokend says no to is said, with its reason."""
    press(browser, url, provider, "c010", "validate")
    assert browser.one("h1").text == "Not possible now" and "sign in" in browser.text()
    look(browser, "not-possible")


def test_revoke_and_a_new_one(provider, browser, url):
    first = provider.invite("revoke")
    browser.get(url + "/invitations/" + first + "/revoke")
    browser.follow(browser.one("main a.button"))
    assert provider.record("revoke")["status"] == "pending", "Cancel"
    press(browser, url, provider, "revoke", "revoke")
    assert provider.record("revoke")["status"] == "revoked"
    assert not browser.all("a[href$='/revoke']")
    browser.follow(browser.one("a[href^='/new?']"))
    assert browser.one("#mailbox").get_attribute("value") == "voice@revoke.test"
    browser.follow(browser.one("main form button"))
    assert "The invitation is made" in browser.one(".notice").text
    assert first not in browser.driver.current_url


def test_a_double_click_is_one_press(provider, browser, url):
    provider.invite("double")
    browser.get("%s/invitations/%s/resend" % (url, provider.ids["double"]))
    browser.script("const f = document.querySelector('main form'), b = new URLSearchParams(new FormData(f));"
                   "fetch(f.action, {method: 'POST', body: b}); f.submit();")
    browser.wait("the answer", lambda: "handed over" in browser.text())
    provider.letterbox.wait("voice@double.test")
    assert len(provider.letterbox.mails("voice@double.test")) == 1
    assert len(provider.site.events(provider.ids["double"])) == 2


def test_viewers_look(provider, browser):
    with OperatorProxy(provider.site, "bob") as proxy:
        browser.get(proxy.url + "/invitations/" + provider.ids["c001"])
        assert not browser.all("a.button") and not browser.all("a[href^='/new']")
        browser.get(proxy.url + "/invitations/" + provider.ids["c001"] + "/revoke")
        assert "You may look, not change" in browser.text()
        look(browser, "view-only")


def test_keyboard(provider, browser, url):
    browser.get(url + "/?q=c003")
    passed = browser.tab_to(lambda element: element.get_attribute("href") == url + "/invitations/" +
                            provider.ids["c003"], 60)
    assert passed[0].get_attribute("href").endswith("#main")
    assert browser.script("const s = getComputedStyle(document.activeElement);"
                          "return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2")
    browser.press(Keys.ENTER)
    browser.wait("the invitation", lambda: "Customer 003 Ltd" in browser.one("h1").text)
    browser.tab_to(lambda element: (element.get_attribute("href") or "").endswith("/extend"), 60)
    browser.press(Keys.ENTER)
    browser.wait("the question", lambda: "Extend the invitation?" in browser.text())
    browser.tab_to(lambda element: element.tag_name == "button", 60)
    browser.press(Keys.SPACE)
    browser.wait("the answer", lambda: "was extended" in browser.text())


def test_without_scripts(provider, plain, url):
    provider.invite("plain")
    plain.get(url + "/?status=pending_invitations")
    assert plain.all("noscript"), "it refreshes by itself"
    plain.one("#q").send_keys("voice@plain.test", Keys.ENTER)
    plain.wait("what was found", lambda: "q=voice" in plain.driver.current_url)
    assert ids(plain) == [provider.ids["plain"]]
    field = plain.one(".copy input")
    assert field.is_displayed() and field.get_attribute("value") == provider.record("plain")["auth_url"]
    assert not plain.one("button[data-copy]").is_displayed()
    plain.screenshot_plain("admin-list-without-scripts")
    plain.follow(plain.one("#rows a"))
    plain.screenshot_plain("admin-invitation-without-scripts")
    plain.follow(plain.one("a.button[href$='/revoke']"))
    plain.follow(plain.one("main form button"))
    assert "is revoked" in plain.one(".notice").text
    assert provider.record("plain")["status"] == "revoked"
