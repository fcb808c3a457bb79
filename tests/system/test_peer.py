"""tokend against an OAuth server that we did not write (tests/peer: oidc-provider): the device flow with every answer that
RFC 8628 knows, the id_token's signature by its keys, PKCE, refresh tokens that are replaced at each use."""

import html
import json
import os
import shutil
import ssl
import urllib.request

import pytest

from harness import entra
from harness.browser import Browser
from harness.process import BUILD, Process, free_port, wait_for
from harness.site import Site
from harness.watch import running

OID = "eeeeeeee-0000-4000-8000-000000000001"
SCOPES = ("openid", "offline_access", "profile", "Group.ReadWrite.All")
MODULES = os.path.join(BUILD, "peer")


class Peer:
    def __init__(self, port):
        self.port = port
        self.url = "https://127.0.0.1:%d" % port

    def prepare(self, site):
        config = {"port": self.port, "cert": site.entra.certificate,
                  "key": os.path.join(site.folder, "entra.key"), "tenant": entra.TENANT,
                  "oid": OID, "client_id": entra.CLIENT_ID, "scopes": SCOPES,
                  "redirect_uri": site.wizard_url + "/callback"}
        path = os.path.join(site.folder, "peer.json")
        with open(path, "w") as file:
            json.dump(config, file)
        self.context = ssl.create_default_context(cafile=site.entra.certificate)
        self.process = Process("peer", ["node", os.path.join(MODULES, "server.mjs"), path],
                               os.path.join(site.folder, "peer.log"))

    def call(self, path, body=None):
        request = urllib.request.Request(
            self.url + path, data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=30, context=self.context) as answer:
            return json.load(answer)

    def polls(self, error=None):
        return [poll for poll in self.call("/_peer/polls") if error in (None, poll["error"])]


@pytest.fixture(scope="module")
def site():
    if not shutil.which("node") or not os.path.exists(os.path.join(MODULES, "node_modules")):
        pytest.skip("the peer is not installed: npm's registry gave no packages (make peer)")
    peer = Peer(free_port())
    prepared = Site(daemons=("store", "tokend", "wizard"), relay=False, authority_url=peer.url,
                    graph_url=peer.url, scopes=" ".join(SCOPES))
    prepared.peer = peer
    try:
        peer.prepare(prepared)
        peer.process.start()
        with running(prepared) as started:
            yield started
    finally:
        peer.process.stop()
        prepared.remove()


class Invited:
    """A customer whose code is known."""

    def __init__(self, site, name):
        self.site, self.name = site, name
        self.account = name + "@customer.test"
        site.cli("-i", input="%s %s tenant=%s m365_admin_email=%s\n" % (
            name, self.account, entra.TENANT, self.account), check=True)
        self.link = site.cli("-n", name, check=True).stdout.strip()
        self.browser = Browser()

    def start(self):
        self.browser.submit(self.browser.get(self.link), "/start")
        status = json.loads(self.browser.get(self.link + "/status").body)
        self.code, self.address = status["user_code"], status["verification_uri"]
        return self

    def has_token(self):
        return self.site.record(self.name)["token_state"] == "valid"

    def walk(self, page, pressed="none"):
        """Through the peer's pages until they end or lead back to us; the only button with a name says no."""
        for _ in range(12):
            if not page.url.startswith(self.site.peer.url) or not page.forms:
                return page
            form = page.forms[0]
            values = {}
            if form["id"] == "op.deviceInputForm":
                values = {"user_code": self.code}
            elif "login" in form["fields"]:
                values = {"login": self.account, "password": "any"}
            page = self.browser.submit(page, button=pressed, **values)
            if ("abort", pressed) in form["buttons"]:
                return page
        raise RuntimeError("the peer's pages lead in a circle: " + page.text[:500])

    def enter(self, pressed="none"):
        return self.walk(self.browser.get(self.address), pressed)


def test_sign_in(site):
    """authorization_pending until the customer is through; then everything that a token has to prove, and the second
    sign-in with code and PKCE."""
    customer = Invited(site, "signs-in").start()
    assert customer.address.startswith(site.peer.url)
    page = customer.browser.get(customer.link)
    assert " ".join(customer.code) in html.unescape(page.text)
    wait_for("a poll", lambda: site.peer.polls("authorization_pending"))
    assert "Sign-in Success" in customer.enter().text
    record = site.wait_status("signs-in", "device_authenticated")
    assert record["signed_in_as"] == customer.account
    assert record["signed_in_tenant"] == entra.TENANT and record["signed_in_oid"] == OID
    customer.walk(customer.browser.submit(customer.browser.get(customer.link), "/confirm"))
    site.wait_status("signs-in", "authentication_complete")
    times = [poll["time"] for poll in site.peer.polls("authorization_pending")]
    assert all(later - sooner > 4500 for sooner, later in zip(times, times[1:])), \
        "no interval in the answer means 5 s"


def test_refusals(site):
    """Declined, run out, told to slow down: at the same time, because each takes its polls."""
    site.peer.call("/_peer/next", {"lifetime": 4})
    expires = Invited(site, "expires").start()
    site.peer.call("/_peer/next", {"lifetime": 900})
    declines = Invited(site, "declines").start()
    declines.enter(pressed="yes")

    def error_of(name):
        return site.record(name).get("last_error")
    declined = wait_for("last_error", lambda: error_of("declines"), 20)
    assert declined["code"] == "access_denied"
    expired = wait_for("last_error", lambda: error_of("expires"), 30)
    assert "expired" in expired["text"]
    for customer in (declines, expires):
        assert site.status(customer.name) == "sign_in_started"
        customer.start().enter()
        wait_for("a token", customer.has_token, 30)


def test_slow_down(site):
    """RFC 8628 section 3.5: five seconds more, for this and all later polls."""
    customer = Invited(site, "slows").start()
    site.peer.call("/_peer/next", {"slow_down": 1})
    told = wait_for("slow_down", lambda: site.peer.polls("slow_down"), 20)[0]

    def later():
        return [poll["time"] for poll in site.peer.polls()
                if poll["code"] == told["code"] and poll["time"] >= told["time"]]
    times = wait_for("two polls behind it", lambda: len(later()) >= 3 and later(), 45)
    gaps = [second - first for first, second in zip(times, times[1:])]
    assert all(9500 < gap < 13000 for gap in gaps), gaps
    customer.enter()
    wait_for("a token", customer.has_token, 30)


def test_refresh_tokens_are_replaced(site):
    """This server revokes the whole grant when a refresh token comes twice."""
    customer = Invited(site, "rotates").start()
    customer.enter()
    wait_for("a token", customer.has_token, 30)
    for _ in range(3):
        assert "Successful" in site.cli("-V", "rotates", check=True).stdout
    site.daemons["tokend"].stop()
    site.daemons["tokend"].start()
    assert "Successful" in site.cli("-V", "rotates", check=True).stdout
    token = site.cli("-T", "rotates", check=True).stdout.strip()
    request = urllib.request.Request(site.peer.url + "/v1.0/me",
                                     headers={"Authorization": "Bearer " + token})
    with urllib.request.urlopen(request, timeout=30, context=site.peer.context) as answer:
        assert json.load(answer)["userPrincipalName"] == customer.account
    assert len({refreshed["code"] for refreshed in site.peer.call("/_peer/refreshes")}) >= 4
