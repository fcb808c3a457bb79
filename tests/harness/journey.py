"""A customer's way through the wizard and Microsoft's pages, as the tests and the demo walk it."""

import re

from . import entra
from .browser import Browser
from .relay import parse


def link_of(site, raw):
    """The invitation link that the text part of a delivered mail shows."""
    text = parse(raw).get_body(("plain",)).get_content()
    return re.search(re.escape(site.wizard_url) + r"/i/[A-Za-z0-9_-]{46}\b", text).group(0)


def code_of(page):
    """The device code that a page of the wizard reads out."""
    spelled = re.search(r"letter by letter: ((?:[A-Z0-9] )+)", page.text)
    if not spelled:
        raise LookupError("no code on %s: %s" % (page.url, page.text[:800]))
    return spelled.group(1).replace(" ", "")


def at_microsoft(browser, page, upn, press=("continue", "accept", "request")):
    """Fills in the simulator's pages, pressing what is wanted of each, until they lead
    somewhere else or end. Returns the last page."""
    host = re.match(r"https://[^/]+", page.url).group(0)
    for _ in range(10):
        if not page.forms or not page.url.startswith(host):
            return page
        form = page.forms[0]
        values = {}
        if "loginfmt" in form["fields"]:
            values = {"loginfmt": upn, "passwd": entra.PASSWORD}
        if "justification" in form["fields"]:
            values = {"justification": "telephony"}
        buttons = [value for _, value in form["buttons"]]
        wanted = [value for value in press if value in buttons]
        page = browser.submit(page, button=wanted[0] if wanted else None, **values)
    raise RuntimeError("Microsoft's pages lead in a circle: " + page.text[:800])


class Customer:
    """Somebody with an invitation link, a browser and an account."""

    def __init__(self, site, link, upn=entra.SERVICE):
        self.site, self.link, self.upn = site, link, upn
        self.browser = Browser()

    def page(self):
        return self.browser.get(self.link)

    def start(self):
        """Presses Start authentication; returns the code."""
        return code_of(self.browser.submit(self.page(), "/start"))

    def enter(self, code, upn=None, **more):
        """Enters the code at Microsoft and signs in; returns Microsoft's last page."""
        page = self.browser.get(self.site.entra.url + "/device?otc=" + code)
        return at_microsoft(self.browser, page, upn or self.upn, **more)

    def confirm(self):
        """The first connection's second sign-in; returns the wizard's last page."""
        page = self.browser.submit(self.page(), "/confirm")
        return at_microsoft(self.browser, page, self.upn)


def review(site, decision="approve", reviewer=entra.ADMIN):
    """The reviewer opens the list of requests and decides; returns the list as it is then."""
    browser = Browser()
    page = browser.get(site.entra.url + "/consent-requests")
    return at_microsoft(browser, page, reviewer, press=(decision,))
