"""Overview, Authentication Status and live updates in a real browser: 360 and 1200 pixels wide, light and dark, with
axe-core; without scripts, too. The screenshots in build/screenshots are for eyes."""

import itertools
import os
import time

import pytest
from selenium.webdriver.common.by import By

from harness.chromium import Chromium
from harness.operator_proxy import OperatorProxy
from harness.process import wait_for
from harness.site import Site
from harness.store_client import StoreClient, change_id
from harness.watch import running

VIEWS = tuple(itertools.product((360, 1200), (False, True)))
ACCESS = {"admin_user_header": "X-Remote-User", "admin_subjects": "ada:view"}
SIGNED_IN = {"signed_in_as": "voice@customer.test", "granted_scopes": "User.Read.All",
             "signed_in_oid": "cccccccc-0000-4000-8000-000000000001"}


def days_ago(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * 86400))


class Provider:
    """A site with some customers, whose operator looks at it."""

    def __init__(self, site, store, url):
        self.site, self.store, self.url = site, store, url

    def invite(self, name, *happened):
        reply = self.store.call({"op": "open", "change": change_id(), "customer_id": name,
                                 "mailbox": "voice@%s.test" % name})
        for kind, days, members in happened:
            self.happens(reply["invitation"]["id"], kind, days, **members)
        return reply["invitation"]["id"]

    def happens(self, invitation, kind, days=0.0, **members):
        self.store.call({"op": "apply", "change": change_id(), "id": invitation,
                         "event": {"type": kind, "at": days_ago(days), **members}})

    def signed_in(self, name, days):
        return self.invite(name, ("email_sent", days + 1, {"message_id": name}), (
            "device_authenticated", days, {"signed_in_tenant": "tenant-of-" + name, **SIGNED_IN}))


@pytest.fixture(scope="module")
def provider():
    with running(Site(daemons=("store", "tokend", "admin"), relay=False, **ACCESS)) as site:
        site.cli("-i", input="".join("c%d voice@c%d.test full_name=\"Customer %d Ltd\"\n" % (n, n, n)
                                     for n in range(40)), check=True)
        with OperatorProxy(site) as proxy:
            made = Provider(site, StoreClient(site), proxy.url)
            for n in range(20):
                made.invite("c%d" % n, ("email_sent", n, {"message_id": "m%d" % n}))
            for n in range(20, 30):
                made.signed_in("c%d" % n, n - 20)
            made.signed_in("c30", 82)
            dead = made.signed_in("c31", 12)
            made.happens(dead, "token_refused", code="invalid_grant",
                         text="the password was changed after the token was issued (AADSTS50173)")
            made.dead = dead
            yield made
            made.store.close()


@pytest.fixture(scope="module")
def chromium():
    with Chromium() as browser:
        yield browser


def open_page(browser, url):
    browser.get(url)
    wait_for("the index", lambda: browser.one("h1").text != "Reading the invitations")


def look(browser, name):
    """The page that is open, in each view."""
    faults = []
    for width, dark in VIEWS:
        label = "%s-%d-%s" % (name, width, "dark" if dark else "light")
        browser.view(width, dark)
        faults += [label + ": " + fault for fault in browser.violations()]
        if browser.scrolls_sideways():
            faults.append(label + ": scrolls sideways")
        browser.screenshot(label)
    browser.view(1200, False)
    assert not faults, "\n".join(faults)


def test_overview(provider, chromium):
    open_page(chromium, provider.url + "/overview")
    look(chromium, "admin-overview")
    assert chromium.one("svg[role=img] title").get_attribute("textContent") == "The last 30 days"
    assert len(chromium.all("rect.done")) == 31  # 30 days and the legend
    tallest = max(float(bar.get_attribute("height")) for bar in chromium.all(".chart rect"))
    assert 0 < tallest <= 160
    chromium.one("summary").click()
    look(chromium, "admin-overview-table")


def test_authentication_status(provider, chromium):
    open_page(chromium, provider.url + "/authentication")
    look(chromium, "admin-authentication")
    states = [state.text for state in chromium.all("#rows .status")]
    assert states[:3] == ["Needs sign-in", "Ends soon", "Valid"], states


def count_of(browser, status):
    return int(browser.one("[data-id=%s] b" % status).text)


def test_in_place(provider, chromium):
    """What happens shows at once, while focus, selection, scrolling and what is open stay; nodes stay the same ones."""
    open_page(chromium, provider.url + "/overview")
    chromium.view(1200, False, 300)
    chromium.script("""
        window.before = performance.timeOrigin;
        document.querySelector("details").open = true;
        document.querySelector("[data-id=revoked] a").focus();
        window.kept = document.querySelector("[data-id=revoked] a");
        getSelection().selectAllChildren(document.querySelector("[data-id=expired] .status"));
        scrollTo(0, 250);
    """)
    before = count_of(chromium, "revoked")
    provider.happens(provider.invite("c39"), "revoked")
    chromium.wait("the count", lambda: count_of(chromium, "revoked") == before + 1)
    assert chromium.script("""
        return [performance.timeOrigin === window.before, document.querySelector("details").open,
                document.activeElement === window.kept, String(getSelection()).trim(), scrollY]
    """) == [True, True, True, "Expired", 250]


def test_rows_in_place(provider, chromium):
    """A row that comes, changes or goes leaves the others where they are."""
    open_page(chromium, provider.url + "/authentication")
    first = chromium.one("#rows tr")
    assert first.get_attribute("data-id") == provider.dead
    link = chromium.all("#rows tr")[1].find_element(By.TAG_NAME, "a")
    chromium.script("arguments[0].focus()", link)
    n = len(chromium.all("#rows tr"))
    fresh = provider.signed_in("c38", 81)
    chromium.wait("one more", lambda: len(chromium.all("#rows tr")) == n + 1)
    assert first.is_displayed() and chromium.driver.switch_to.active_element == link
    provider.happens(fresh, "token_refused", code="x", text="gone")
    chromium.wait("two dead", lambda: len(chromium.all("#rows .bad")) == 2)
    assert chromium.driver.switch_to.active_element == link
    provider.happens(fresh, "revoked")
    chromium.wait("gone", lambda: len(chromium.all("#rows tr")) == n)
    assert first.is_displayed() and chromium.driver.switch_to.active_element == link


def test_list_in_place(provider, chromium):
    """A new invitation comes on top, while somebody types what to search for."""
    open_page(chromium, provider.url + "/")
    box = chromium.one("#q")
    box.send_keys("cust")
    first = chromium.one("#rows tr").get_attribute("data-id")
    fresh = provider.invite("c36")
    chromium.wait("the new one", lambda: chromium.one("#rows tr").get_attribute("data-id") == fresh)
    assert chromium.all("#rows tr")[1].get_attribute("data-id") == first
    assert chromium.driver.switch_to.active_element == box
    box.send_keys("omer 36")
    assert box.get_attribute("value") == "customer 36"
    provider.happens(fresh, "email_sent", message_id="fresh")
    chromium.wait("sent", lambda: "Email sent" in chromium.one("#rows tr").text)
    assert box.get_attribute("value") == "customer 36"


def test_invitation_in_place(provider, chromium):
    """The page of one: what happens to it, and nothing else, is told."""
    invitation = provider.invite("c35")
    open_page(chromium, provider.url + "/invitations/" + invitation)
    events = len(chromium.all("main time"))
    provider.happens(invitation, "email_sent", message_id="one")
    chromium.wait("the event", lambda: len(chromium.all("main time")) > events)
    assert "Email sent" in chromium.text()
    asked = chromium.script("return performance.getEntriesByType('resource').length")
    provider.happens(provider.invite("c34"), "email_sent", message_id="other")
    time.sleep(2)
    assert chromium.script("return performance.getEntriesByType('resource').length") <= asked + 1


def test_many_tabs(provider, chromium):
    """More tabs than a browser has connections: who looks at one sees it, and sees what happens."""
    open_page(chromium, provider.url + "/overview")
    first = chromium.driver.current_window_handle
    chromium.driver.set_page_load_timeout(12)  # half of what a poll may wait
    try:
        for _ in range(8):
            chromium.driver.switch_to.new_window("tab")
            open_page(chromium, provider.url + "/overview")
        before = count_of(chromium, "pending")
        provider.invite("c33")
        chromium.wait("the last tab", lambda: count_of(chromium, "pending") == before + 1, 10)
        chromium.driver.switch_to.window(first)
        chromium.wait("the first tab", lambda: count_of(chromium, "pending") == before + 1, 10)
    finally:
        chromium.driver.set_page_load_timeout(30)
        for handle in chromium.driver.window_handles:
            if handle != first:
                chromium.driver.switch_to.window(handle)
                chromium.driver.close()
        chromium.driver.switch_to.window(first)


def test_server_away(provider, chromium):
    """The page says that it is old, and is live again by itself."""
    provider.site.watch.announce("the store")
    open_page(chromium, provider.url + "/overview")
    before = count_of(chromium, "pending")
    provider.site.daemons["admin"].stop()
    chromium.wait("it says so", lambda: "Not up to date" in chromium.one("#say").text)
    provider.invite("c37")
    provider.site.daemons["admin"].start()
    chromium.wait("live again", lambda: count_of(chromium, "pending") == before + 1, 40)
    assert chromium.one("#say").text == ""


def test_filled_at_the_start(provider, chromium):
    """While there is nothing to show the page says how far it is, and is there by itself."""
    daemons = provider.site.daemons
    provider.site.watch.announce("the store")
    daemons["admin"].stop()
    daemons["store"].stop()
    daemons["admin"].start()
    chromium.get(provider.url + "/overview")
    assert chromium.one("h1").text == "Reading the invitations"
    look(chromium, "admin-filling")
    daemons["store"].start()
    chromium.wait("the page itself", lambda: chromium.one("h1").text == "Overview")


def test_without_scripts(provider):
    """By refresh; nothing else is missing."""
    with Chromium(scripts=False) as browser:
        open_page(browser, provider.url + "/overview")
        assert browser.one("noscript") and len(browser.all(".counts li")) == 15
        browser.screenshot_plain("admin-overview-plain")
        open_page(browser, provider.url + "/authentication")
        assert len(browser.all("#rows tr")) >= 12


def test_sizes():
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "conf", "templates")
    for limit, names in ((10240, ("copy.js", "admin.js")), (15360, ("common.css", "admin.css"))):
        assert sum(os.path.getsize(os.path.join(folder, name)) for name in names) < limit
