"""Too many requests, and a wizard that was taken over: what the customer's pages, the store and tokend refuse."""

import json
import os
import pwd
import subprocess
import sys

import pytest

from harness import entra
from harness.browser import Browser
from harness.journey import Customer
from harness.process import TOP
from harness.site import USER, Site
from harness.watch import running

STRANGERS = {"X-Forwarded-For": "203.0.113.9"}
WIZARD_UID = 60481  # of nobody on this machine


def invite(site, name):
    site.cli("-i", input="%s service@%s.test\n" % (name, name), check=True)
    return site.cli("-n", name, check=True).stdout.strip()


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "tokend", "wizard"), relay=False)) as started:
        started.entra.consent()
        yield started


def check_refused(page):
    assert page.status == 429
    assert 1 <= int(page.headers["Retry-After"]) <= 60
    assert "wait" in page.text.lower() and "<h1>" in page.body


def test_one_client_does_not_stop_others(site):
    link, browser = invite(site, "flood"), Browser()
    statuses = [browser.get(link, **STRANGERS).status for _ in range(310)]
    assert set(statuses[:300]) == {200}, "a company behind one address reads at once"
    page = next(page for page in (browser.get(link, **STRANGERS) for _ in range(200))
                if page.status != 200)
    check_refused(page)
    assert link[len(site.wizard_url):] in page.links, "it leads back"
    for other in ("203.0.113.10", "2001:db8::1", "203.0.113.9, 203.0.113.11"):
        assert browser.get(link, **{"X-Forwarded-For": other}).status == 200, other
    forged = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}
    assert 429 in {browser.get(link, **forged).status for _ in range(50)}, "a forged beginning"


def test_a_link_is_pressed_often(site):
    """A scanner behind many addresses presses; the customer reads on, and the press works a little later."""
    link = invite(site, "pressed")
    customer = Customer(site, link)
    page = customer.page()
    fields = page.form("/start")["fields"]
    answers = [customer.browser.post(link + "/start", fields, **{
        "X-Forwarded-For": "203.0.113.%d" % number}) for number in range(40, 70)]
    statuses = [answer.status for answer in answers]
    assert statuses[:20] == [200] * 20, statuses
    check_refused(answers[-1])
    assert int(answers[-1].headers["Retry-After"]) <= 6
    assert customer.page().status == 200
    assert Customer(site, invite(site, "other")).start(), "another link has its own"


def test_a_client_presses_many_links(site):
    browser = Browser()
    fields = browser.get(invite(site, "many"), **{"X-Forwarded-For": "192.0.2.7"}).forms[0]["fields"]
    statuses = []
    for number in range(5):
        link = invite(site, "many%d" % number)
        statuses += [browser.post(link + "/start", dict(fields, csrf="wrong"), **{
            "X-Forwarded-For": "192.0.2.7"}).status for _ in range(9)]
    assert 429 in statuses and 429 not in statuses[:30], statuses


# Runs as the wizard's user: asks each request of a list, prints the kind of each answer.
INTRUDER = """
import json, os, sys
sys.path.insert(0, %(tests)r)
from harness.store_client import StoreClient, StoreError
class Folder: folder = %(folder)r
for name, request in json.load(sys.stdin):
    client = StoreClient(Folder, name)
    try:
        print(json.dumps({"reply": client.once(request)}))
    except StoreError as refused:
        print(json.dumps({"kind": refused.kind, "text": str(refused)}))
    except OSError as fault:
        print(json.dumps({"kind": "os", "text": str(fault)}))
    client.close()
"""


@pytest.fixture(scope="module")
def parted():
    """A site whose wizard has a user of its own. The machine has no such user: the daemons run where
    /etc/passwd is another file, as each mount namespace may have it."""
    passwd = "%s-wizard:x:%d:%d::/nonexistent:/usr/sbin/nologin\n" % (
        USER, WIZARD_UID, pwd.getpwnam(USER).pw_gid)
    wrap = ["unshare", "--mount", "sh", "-c",
            'mount --bind "$0" /etc/passwd && exec "$@"']
    site = Site(daemons=("store", "tokend", "wizard"), relay=False)
    path = os.path.join(site.folder, "passwd")
    with open("/etc/passwd") as real, open(path, "w") as file:
        file.write(real.read() + passwd)
    os.chmod(path, 0o644)
    works = subprocess.run([*wrap, path, "true"], capture_output=True, text=True)
    if works.returncode != 0:
        site.remove()
        pytest.skip("no mount namespace here: " + works.stderr.strip())
    for daemon in site.daemons.values():
        daemon.command = [*wrap, path, *daemon.command]
    # As README says: root's, readable by the group that all the programs share.
    os.chown(os.path.join(site.config, "link.key"), 0, pwd.getpwnam(USER).pw_gid)
    os.chmod(os.path.join(site.config, "link.key"), 0o640)
    with running(site) as started:
        started.entra.consent()
        yield started


def intrude(site, *requests):
    """The answers that the wizard's user gets to (socket, request)."""
    code = INTRUDER % {"tests": os.path.join(TOP, "tests"), "folder": site.folder}
    result = subprocess.run(
        [sys.executable, "-B", "-c", code], input=json.dumps(requests), text=True,
        capture_output=True, user=WIZARD_UID, group=pwd.getpwnam(USER).pw_gid, extra_groups=[],
        timeout=60)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_wizard_is_another_user(parted):
    with open("/proc/%d/status" % parted.daemons["wizard"].pid) as file:
        uids = next(line for line in file if line.startswith("Uid:")).split()[1:]
    assert uids == [str(WIZARD_UID)] * 4
    link = invite(parted, "parted")
    customer = Customer(parted, link)
    assert customer.start(), "and it can do its work"


def test_what_the_store_refuses(parted):
    link = invite(parted, "victim")
    invitation = parted.record("victim")["id"]
    token = link.rsplit("/", 1)[1]
    change = {"change": "0" * 32}
    event = {"at": "2026-01-01T00:00:00Z"}
    refused = [
        {"op": "get", "id": invitation}, {"op": "watch", "id": invitation, "revision": 0, "timeout": 1},
        {"op": "find", "key": "victim"}, {"op": "find", "key": invitation}, {"op": "list"},
        {"op": "history", "id": invitation}, {"op": "subscribe"}, {"op": "subscribe", "since": 0},
        {"op": "candidates", "mailbox": "service@victim.test"},
        dict(change, op="open", mailbox="service@victim.test"),
        dict(change, op="remove", key="victim"), dict(change, op="remove", key=invitation),
        {"op": "table_begin"}, {"op": "table_rows", "load": 1, "rows": "", "mode": "warn"}, {"op": "table_seal", "load": 1},
        dict(change, op="table_end", load=1), dict(change, op="table_add", rows="", mode="warn"),
        dict(change, op="apply", id=invitation, event=dict(event, type="link_opened")),
    ] + [dict(change, op="apply", link=token, event=dict(event, **members)) for members in (
        {"type": "device_authenticated", "signed_in_as": "x@attacker.test",
         "signed_in_tenant": entra.OTHER_TENANT, "granted_scopes": "all", "confirm": False,
         "signed_in_oid": "cccccccc-0000-4000-8000-000000000009"},
        {"type": "confirmed"}, {"type": "revoked", "text": "x"}, {"type": "email_sent"},
        {"type": "consent", "consent": "granted", "consent_source": "token"},
        {"type": "consent", "consent": "granted", "consent_source": "mail"},
        {"type": "sign_in_started"}, {"type": "validated", "validation": "Successful"},
        {"type": "delivery", "delivery": "failed"})]
    before = parted.record("victim")
    answers = intrude(parted, *(("store", request) for request in refused))
    for request, answer in zip(refused, answers):
        assert answer.get("kind") == "policy", (request, answer)
    assert parted.record("victim") == before
    allowed = intrude(parted, ("store", {"op": "get", "link": token}),
                      ("store", {"op": "get", "link": token[:-1] + ("A" if token[-1] != "A" else "B")}),
                      ("store", {"op": "no such op"}))
    assert allowed[0]["reply"]["invitation"]["id"] == invitation, "with the link it may"
    assert allowed[1]["kind"] != "policy" and "reply" not in allowed[1], "a forged one is none"
    assert "reply" not in allowed[2]
    parted.watch.announce(r"refused|policy|may not")


def test_what_tokend_refuses(parted):
    link = invite(parted, "codes")
    token = link.rsplit("/", 1)[1]
    started, code, forged = intrude(
        parted, ("tokend", {"op": "start", "link": token}), ("tokend", {"op": "code", "link": token}),
        ("tokend", {"op": "start", "link": "A" * 46}))
    assert started["reply"]["user_code"] == code["reply"]["user_code"]
    assert not any("token" in name or "device_code" in name for name in started["reply"])
    assert "reply" not in forged
    others = {"token": "configuration", "validate": "configuration", "dead_letters": "policy",
              "no such op": "permanent"}
    answers = intrude(parted, *(("tokend", {"op": op, "link": token, "key": "codes"}) for op in others))
    assert [answer.get("kind") for answer in answers] == list(others.values()), answers
    parted.watch.announce(r"refused|policy|may not")


def test_what_the_files_refuse(parted):
    """The vault, its key and the state are out of the wizard's reach."""
    for path in ("state", "state/vault", "etc/vault.key"):
        full = os.path.join(parted.folder, path)
        result = subprocess.run(["cat" if path.endswith("key") else "ls", full], capture_output=True,
                                user=WIZARD_UID, group=pwd.getpwnam(USER).pw_gid, extra_groups=[])
        assert result.returncode != 0, path
