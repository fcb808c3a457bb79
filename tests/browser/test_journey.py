"""The journey in a real browser: with the mouse, by keyboard alone, with a popup blocker, without JavaScript, in two tabs."""

import pytest
from selenium.webdriver.common.keys import Keys

from harness import entra
from harness.chromium import Chromium

START = "form[action$='/start'] button"
CONFIRM = "form[action$='/confirm'] button"
ENTERED = "a.secondary[href*='/i/']"


@pytest.fixture(scope="module")
def plain():
    """A browser without JavaScript."""
    with Chromium(scripts=False) as browser:
        yield browser


def start(browser, link):
    """Opens the link and presses Start authentication; returns the code."""
    browser.get(link)
    browser.follow(browser.one(START))
    browser.wait("the code", lambda: browser.all("#code"))
    return browser.one("#code").text.replace(" ", "").replace("\n", "")


def at_microsoft(browser, invitation, code=None):
    """Through the simulator's pages; all but the first are one field or one button each."""
    browser.wait("Microsoft's page",
                 lambda: browser.driver.current_url.startswith(invitation.site.entra.url))
    if code:
        browser.one("#otc").send_keys(code)
    for _ in range(6):
        if browser.all("#i0116"):
            browser.one("#i0116").clear()
            browser.one("#i0116").send_keys(invitation.account)
            browser.one("#i0118").send_keys(entra.PASSWORD)
        button = browser.all("#idSIButton9")
        if not button:
            return
        browser.follow(button[0])


def test_journey(site, browser, invited):
    """Start, code, Microsoft in a new tab, the page goes on by itself, the second sign-in, the end."""
    invitation = invited()
    code = start(browser, invitation.link)
    page = browser.driver.current_window_handle
    browser.one("#open").click()
    browser.wait("a new tab", lambda: len(browser.driver.window_handles) == 2)
    browser.driver.switch_to.window(browser.driver.window_handles[1])
    assert browser.driver.current_url.startswith(site.entra.url)
    assert browser.script("return window.opener") is None
    at_microsoft(browser, invitation, code)
    browser.driver.switch_to.window(page)
    browser.wait("the page to go on by itself", lambda: browser.all(CONFIRM), 30)
    assert code not in browser.driver.page_source
    browser.follow(browser.one(CONFIRM))
    at_microsoft(browser, invitation)
    browser.wait("the last page", lambda: browser.driver.current_url.endswith("/done"))
    site.wait_status(invitation.name, "authentication_complete")
    assert not browser.all("form")
    assert browser.script("return document.cookie") == "", "cookies are not the script's"


def test_microsoft_passes_on_at_once(site, browser, invited):
    """A federated tenant's own sign-in page comes without a page of Microsoft's before it. The form's policy holds
    for all of its way, and must not end it there. (Nobody listens at that address; the browser says that.)"""
    federated = "https://127.0.0.1:9/adfs/ls/"
    site.entra.fault("authorize", status=302, headers={"Location": federated})
    browser.get(invited().link)
    browser.one("button[formaction$='/code']").click()
    browser.wait("the organisation's page", lambda: browser.driver.current_url == federated)


def test_copy_with_a_popup_blocker(site, browser, invited):
    code = start(browser, invited().link)
    browser.driver.execute_cdp_cmd("Browser.grantPermissions", {
        "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": site.wizard_url})
    read = ("const done = arguments[0];"
            "navigator.clipboard.readText().then(done, e => done('refused: ' + e))")
    page = browser.driver.current_window_handle
    for button, tabs in (("#copy", 1), ("#open", 2)):
        browser.script("document.getElementById('copied').textContent = ''")
        browser.script("navigator.clipboard.writeText('nothing')")
        browser.one(button).click()
        browser.wait("what was copied", lambda: browser.one("#copied").get_attribute("textContent"))
        browser.wait("the tabs", lambda: len(browser.driver.window_handles) == tabs)
        browser.driver.switch_to.window(page)
        assert browser.driver.execute_async_script(read) == code, button
    assert browser.one("#copied").get_attribute("role") == "status", "it is read out"


def focus_shows(browser):
    """Does whoever uses the keyboard see where he is?"""
    return browser.script(
        "const s = getComputedStyle(document.activeElement);"
        "return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2")


def test_keyboard_alone(site, browser, invited):
    invitation = invited()
    browser.get(invitation.link)
    passed = browser.tab_to(lambda element: element.tag_name == "button")
    assert passed[0].get_attribute("href").endswith("#main"), "the way past the header comes first"
    assert focus_shows(browser)
    browser.press(Keys.ENTER)
    browser.wait("the code", lambda: browser.all("#code"))
    browser.tab_to(lambda element: element.get_attribute("id") == "copy")
    assert focus_shows(browser)
    browser.press(Keys.SPACE)
    browser.wait("what was copied", lambda: browser.one("#copied").get_attribute("textContent"))
    browser.get(invitation.link)
    browser.tab_to(lambda element: element.get_attribute("id") == "open")
    assert focus_shows(browser)
    browser.press(Keys.ENTER)
    browser.wait("a new tab", lambda: len(browser.driver.window_handles) == 2)


def test_without_scripts(site, plain, invited):
    invitation = invited()
    code = start(plain, invitation.link)
    assert not plain.one("#copy").is_displayed()
    assert plain.all("meta[http-equiv=refresh]"), "it looks for news by itself"
    plain.screenshot_plain("code-without-scripts")
    plain.one("#open").click()
    plain.wait("a new tab", lambda: len(plain.driver.window_handles) == 2)
    plain.driver.switch_to.window(plain.driver.window_handles[1])
    at_microsoft(plain, invitation, code)
    plain.driver.switch_to.window(plain.driver.window_handles[0])
    site.wait_status(invitation.name, "device_authenticated")
    if not plain.all(CONFIRM):  # it may have looked by itself
        plain.follow(plain.one(ENTERED))
    plain.follow(plain.one(CONFIRM))
    at_microsoft(plain, invitation)
    site.wait_status(invitation.name, "authentication_complete")


def test_closed_and_opened_again_and_twice(site, browser, invited):
    """The code stays this browser's: in a second tab, and after the page was closed."""
    invitation = invited()
    code = start(browser, invitation.link)
    browser.driver.switch_to.new_window("tab")
    browser.get(invitation.link)
    assert browser.one("#code").text.replace("\n", "").replace(" ", "") == code
    browser.driver.switch_to.window(browser.driver.window_handles[0])
    browser.driver.close()
    browser.driver.switch_to.window(browser.driver.window_handles[0])
    site.entra.sign_in(code, invitation.account)
    browser.wait("the other tab to go on", lambda: browser.all(CONFIRM), 30)


def test_slow_network(site, browser, invited):
    """The wizard is away while the page is open: the page says so, and goes on by itself."""
    invitation = invited()
    code = start(browser, invitation.link)
    site.daemons["wizard"].stop()
    browser.wait("what the page says", lambda: browser.one("#live").text, 30)
    site.daemons["wizard"].start()
    site.entra.sign_in(code, invitation.account)
    browser.wait("the page to go on by itself", lambda: browser.all(CONFIRM), 40)
