"""Each page of the wizard as people see it: 320 and 1000 pixels wide, light and dark. axe-core looks for what WCAG 2.2 AA
forbids; the screenshots in build/screenshots are for eyes."""

import itertools

import pytest
from selenium.webdriver.common.keys import Keys

VIEWS = tuple(itertools.product((320, 1000), (False, True)))
SIGNED_IN = {"signed_in_as": "service@customer.test", "granted_scopes": "User.Read.All",
             "signed_in_oid": "cccccccc-0000-4000-8000-000000000001"}


def signed_in(invitation, tenant):
    invitation.happens("device_authenticated", confirm=True, first_connection=True,
                       signed_in_tenant="dddddddd-0000-4000-9000-%012d" % tenant, **SIGNED_IN)


def failed(invitation, final):
    invitation.happens("sign_in_started")
    invitation.happens("sign_in_failed", code="invalid_client", final=final,
                       text="the app registration is no public client")


def consent(state):
    return lambda invitation: invitation.happens("consent", consent=state, consent_source="mail")


# What has happened, by the name of the screenshot, and the status that the CLI then tells.
STATES = {
    "welcome": (lambda i: None, "pending"),
    "not-signed-in-yet": (lambda i: i.happens("sign_in_started"), "sign_in_started"),
    "declined": (lambda i: failed(i, False), "sign_in_started"),
    "failed": (lambda i: failed(i, True), "failed"),
    "consent-requested": (consent("requested"), "consent_requested"),
    "consent-granted": (consent("granted"), "consent_granted"),
    "consent-denied": (consent("denied"), "consent_denied"),
    "consent-expired": (consent("expired"), "consent_expired"),
    "token-acquired": (lambda i: signed_in(i, 1), "device_authenticated"),
    "complete": (lambda i: (signed_in(i, 2), i.happens("confirmed")), "authentication_complete"),
    "needs-sign-in": (lambda i: (signed_in(i, 3), i.happens(
        "token_refused", code="invalid_grant", text="the password was changed")), "needs_sign_in"),
    "revoked": (lambda i: i.happens("revoked", text="by an operator"), "revoked"),
}


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
    assert not faults, "\n".join(faults)
    assert len(browser.all("h1")) == 1 and browser.one("h1").text
    assert browser.one("html").get_attribute("lang")


@pytest.mark.parametrize("name", STATES)
def test_state(site, browser, invited, name):
    happened, status = STATES[name]
    invitation = invited()
    happened(invitation)
    assert site.status(invitation.name) == status
    browser.get(invitation.link)
    look(browser, name)


def test_code(browser, invited):
    browser.get(invited().link)
    browser.follow(browser.one("form[action$='/start'] button"))
    browser.wait("the code", lambda: browser.all("#code"))
    look(browser, "code")


@pytest.mark.parametrize("language", ("de", "fr", "es", "he"))
def test_language(browser, invited, language):
    """Longer words, and from right to left."""
    browser.speak(language)
    browser.get(invited().link)
    assert browser.one("html").get_attribute("lang") == language
    look(browser, "welcome-" + language)
    browser.follow(browser.one("form[action$='/start'] button"))
    look(browser, "code-" + language)


def test_note_for_an_administrator(browser, invited):
    invitation = invited()
    consent("requested")(invitation)
    browser.get(invitation.link)
    for summary in browser.all("details:not([open]) > summary"):
        summary.click()
    assert invitation.link in browser.one("#note").text
    browser.one("#copy_note").click()
    browser.wait("what was copied", lambda: browser.one("#note_copied").text)
    look(browser, "note")


def test_blocked_by_policy(browser, invited):
    invitation = invited()
    invitation.happens("sign_in_started", method="device")
    invitation.happens("sign_in_failed", code="blocked_by_policy", final=False, text="blocked")
    browser.get(invitation.link)
    assert browser.all("form[action$='/code']"), "the other way to sign in"
    look(browser, "blocked-by-policy")


def test_code_while_approval_is_awaited(browser, invited):
    invitation = invited()
    browser.get(invitation.link)
    browser.follow(browser.one("form[action$='/start'] button"))
    browser.wait("the code", lambda: browser.all("#code"))
    consent("requested")(invitation)
    browser.wait("the page to move on",
                 lambda: browser.all("#code") and browser.status() == "consent_requested")
    look(browser, "code-while-approval-is-awaited")


def test_wrong_link(site, browser):
    browser.get(site.wizard_url + "/i/" + "A" * 46)
    look(browser, "wrong-link")


def test_too_often(site, browser, invited):
    """The button of one link, pressed and pressed again."""
    invitation = invited()
    browser.get(invitation.link)
    # All answered before the press: to leave the page would take back those still on their way.
    browser.driver.execute_async_script(
        "const done = arguments[0], press = () => fetch(document.forms[0].action, {method: 'POST'});"
        "Promise.all(Array.from({length: 21}, press)).then(() => done(), done)")
    browser.one("form[action$='/start'] button").send_keys(Keys.ENTER)
    browser.wait("the problem's page", lambda: not browser.all("form"))
    look(browser, "too-often")
    browser.get(invitation.link)
    assert browser.all("form[action$='/start']"), "to read is still allowed"
