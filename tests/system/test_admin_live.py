"""The operator's pages follow what happens: an open page is told, whichever program is restarted meanwhile, and what the
pages count is what the store has."""

import json
import os
import re
import shutil
import socket
import threading
import time

import pytest

from harness.operator_browser import Operator
from harness.process import wait_for
from harness.site import Site
from harness.store_client import StoreClient, change_id, now
from harness.watch import running

ACCESS = {"admin_user_header": "X-Remote-User", "admin_subjects": "ada:view"}


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "tokend", "admin"), relay=False, **ACCESS)) as started:
        started.store = StoreClient(started)
        yield started
        started.store.close()


class Page:
    """An open page: what it shows, and its long poll."""

    def __init__(self, site, path="/overview", invitation=""):
        self.operator, self.path, self.id = Operator(site), path, invitation
        self.look()

    def look(self):
        wait_for(self.path, self._ready)
        return self

    def _ready(self):
        self.page = self.operator.page(self.path)
        assert self.page.status in (200, 503), self.page.status
        return self.page.status == 200

    @property
    def version(self):
        return re.search('data-live="([0-9]+)"', self.page.body).group(1)

    def poll(self):
        answer = self.operator.page("/live", since=self.version, id=self.id)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def count(self, status):
        return int(re.search('data-id="%s".*<b>([0-9]+)</b>' % status, self.page.body).group(1))

    def total(self):
        return int(re.search('<b>([0-9]+)</b> invitations', self.page.body).group(1))


class Waiting(threading.Thread):
    """The poll of a page, while other things happen."""

    def __init__(self, page):
        super().__init__()
        self.page, self.answer = page, None
        self.start()
        time.sleep(0.3)

    def run(self):
        self.answer = self.page.poll()
        self.at = time.monotonic()

    def told(self):
        self.join(30)
        return self.answer["changed"]


def invite(site, name):
    reply = site.store.call({"op": "open", "change": change_id(), "customer_id": name,
                             "mailbox": "service@%s.test" % name})
    return reply["invitation"]["id"]


def happens(site, invitation, kind, **members):
    site.store.call({"op": "apply", "change": change_id(), "id": invitation,
                     "event": {"at": now(), **members, "type": kind}})


def test_counts_follow_events(site):
    before = Page(site).total()
    invitation = invite(site, "counts")
    page = Page(site)
    wait_for("the new one", lambda: page.look().total() == before + 1)
    sent = page.count("email_sent")
    waiting = Waiting(page)
    assert waiting.answer is None, "told of nothing"
    happens(site, invitation, "email_sent", message_id="m")
    begun = time.monotonic()
    assert waiting.told()
    assert waiting.at - begun < 5
    assert page.look().count("email_sent") == sent + 1
    assert int(re.search("completed, ([0-9]+) in all", page.page.text).group(1)) == 0


def test_one_invitation(site):
    """A page of one invitation is not told of others."""
    one, other = invite(site, "one"), invite(site, "other")
    time.sleep(0.5)
    page = Page(site, invitation=one)
    waiting = Waiting(page)
    happens(site, other, "email_sent", message_id="o")
    time.sleep(1)
    assert waiting.answer is None
    happens(site, one, "email_sent", message_id="p")
    assert waiting.told()


def test_store_restarted(site):
    site.watch.announce("the store")
    invitation = invite(site, "restarted")
    time.sleep(0.5)
    page = Page(site)
    expected = page.count("revoked") + 1
    waiting = Waiting(page)
    site.daemons["store"].stop()
    site.daemons["store"].start()
    happens(site, invitation, "revoked")
    assert waiting.told()
    wait_for("revoked", lambda: page.look().count("revoked") == expected)


def test_admin_restarted(site):
    """A page that was open before asks the new process with the old one's version."""
    invite(site, "again")
    time.sleep(0.5)
    page = Page(site)
    site.daemons["admin"].stop()
    site.daemons["admin"].start()
    assert page.poll()["changed"]
    total = page.total()
    assert page.look().total() == total


def wait_raw(site, version):
    """A poll that nobody reads the answer of."""
    waiting = socket.socket(socket.AF_UNIX)
    waiting.connect(site.admin_socket)
    waiting.sendall(("GET /live?since=%s HTTP/1.1\r\nHost: a\r\nX-Remote-User: ada\r\n\r\n" % version).encode())
    return waiting


def test_admin_stops_at_once(site):
    """Who waits for news does not keep the program from stopping."""
    with wait_raw(site, Page(site).version):
        time.sleep(0.3)
        begun = time.monotonic()
        site.daemons["admin"].stop()
        assert time.monotonic() - begun < 4
    site.daemons["admin"].start()


def test_state_put_back(site):
    """A store that was put back from a backup is read anew: what it does not know is gone from the pages."""
    site.watch.announce("the store", "behind")
    state = os.path.join(site.folder, "state")
    page = Page(site)
    before = page.total()
    site.daemons["store"].stop()
    shutil.copytree(state, state + ".kept")
    site.daemons["store"].start()
    invite(site, "forgotten")
    wait_for("the new one", lambda: page.look().total() == before + 1)
    site.daemons["store"].stop()
    owner = os.stat(state)
    shutil.rmtree(state)
    os.rename(state + ".kept", state)
    for folder, _, files in os.walk(state):
        for name in [folder, *(os.path.join(folder, file) for file in files)]:
            os.chown(name, owner.st_uid, owner.st_gid)
    site.daemons["store"].start()
    wait_for("the old state", lambda: page.look().total() == before)
    assert "the state was put back from a backup" in site.logs()


def test_filled_at_the_start(site):
    """While the store is away there is nothing to show; then the page comes by itself."""
    site.watch.announce("the store")
    total = Page(site).total()
    site.daemons["admin"].stop()
    site.daemons["store"].stop()
    site.daemons["admin"].start()
    page = Operator(site).page("/overview")
    assert page.status == 503 and page.headers["Retry-After"] == "2"
    assert "Reading the invitations" in page.text and "0 %" in page.text
    assert "postinvite-store does not answer yet" in page.text
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page.body
    site.daemons["store"].start()
    assert Page(site).total() == total


SIGNED_IN = {"signed_in_as": "voice@customer.test", "granted_scopes": "User.Read.All",
             "signed_in_oid": "cccccccc-0000-4000-8000-000000000001"}


def days_ago(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * 86400))


def signed_in(site, name, days, tenant=None):
    invitation = invite(site, name)
    happens(site, invitation, "device_authenticated", at=days_ago(days),
            signed_in_tenant="tenant-of-" + (tenant or name), **SIGNED_IN)
    return invitation


def rows(page):
    return re.findall('<tr data-id="([^"]+)">', page.body)


def test_authentication_status(site):
    """Tenants, each once, those to be looked after first."""
    fresh = signed_in(site, "fresh", 1)
    soon = signed_in(site, "soon", 80)
    kept = signed_in(site, "kept", 85)
    dead = signed_in(site, "dead", 10)
    twice = signed_in(site, "twice", 20, tenant="fresh")
    happens(site, kept, "validated", validation="Last Authentication Status: Successful", at=days_ago(2))
    happens(site, dead, "token_refused", code="invalid_grant", text="the password was changed")
    happens(site, twice, "token_refused", code="invalid_grant", text="inactive")
    page = Page(site, "/authentication")
    wait_for("all of them", lambda: rows(page.look().page) == [dead, soon, kept, fresh])
    text = page.page.text
    assert re.search("4 tenants have a token. A new sign-in is needed by 1 ?; 1 are within 14 days", text)
    for words in ("Needs sign-in", "the password was changed", "resend the invitation", "Ends soon",
                  "Last Authentication Status: Successful", "2 d ago", "tenant-of-soon", "Valid", "Never"):
        assert words in text, (words, text)
    assert re.search("soon Ends soon It is no longer refreshed.*80 d ago ends in (9|10) d", text)
    assert Operator(site).page("/authentication", page="2").status == 200
    waiting = Waiting(page)
    happens(site, soon, "revoked")
    assert waiting.told()
    assert rows(page.look().page) == [dead, kept, fresh]


def swept(site, *invitations):
    """The store looks for what has ended long ago at its start, then not for an hour."""
    site.daemons["store"].stop()
    site.daemons["store"].start()
    for invitation in invitations:
        wait_for("the store's housekeeping", lambda: site.cli("-q", invitation).returncode == 1)


def test_removed(site):
    """What the store has removed after history_retention is on no page."""
    site.watch.announce("the store")
    first = invite(site, "removed-first")
    happens(site, first, "revoked", at=days_ago(401))
    swept(site, first)
    old, kept = invite(site, "removed"), invite(site, "not-removed")
    happens(site, old, "revoked", at=days_ago(401))
    happens(site, kept, "revoked", at=days_ago(399))
    page = Page(site, "/?status=revoked&q=removed")
    wait_for("both", lambda: sorted(rows(page.look().page)) == sorted([old, kept]))
    total = Page(site).total()
    swept(site, old)
    assert rows(page.look().page) == [kept]
    assert Page(site).total() == total - 1


def test_number_leads_to_rows(site):
    """Each number of the overview is that of the list behind it."""
    page = Page(site)
    links = re.findall('<a href="([^"]+)">.*?<b>([0-9]+)</b>', page.page.body)
    assert len(links) == 17
    links += re.findall('<a href="(/.(?:sent|completed)=[^"]+)">([0-9]+)</a>', page.page.body)
    assert len(links) == 17 + 60
    for link, number in links:
        listed = Operator(site).page(link.replace("&amp;", "&"))
        assert listed.status == 200 and len(rows(listed)) == min(50, int(number)), link


def test_many_wait(site):
    """More pages than may wait: the others are answered at once, and asked to come later."""
    version = Page(site).version
    waiting = [wait_raw(site, version) for _ in range(250)]
    try:
        time.sleep(1)
        answer = json.loads(Operator(site).page("/live", since=version).body)
        assert not answer["changed"] and answer["pause"] == 32
    finally:
        for one in waiting:
            one.close()


def test_unused_values(site):
    """What is no version, or no id, is none; and nobody else may ask."""
    for query in ({}, {"since": "x"}, {"since": "1", "id": "../x"}, {"since": "-1"}, {"since": "9" * 40}):
        assert json.loads(Operator(site).page("/live", **query).body)["changed"], query
    assert Operator(site, "eve").page("/live", since="1").status == 403
