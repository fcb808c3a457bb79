"""The operator's pages over HTTP, through the real programs: who may look and act, what is refused, and the days on
which something is missing."""

import grp
import json
import os
import pwd
import re
import socket
import stat
import subprocess
import sys

import pytest

from harness import entra
from harness.letterbox import Letterbox
from harness.operator_browser import Operator
from harness.process import TOP
from harness.site import USER, Site
from harness.watch import running

SECURITY = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
ACCESS = {"admin_user_header": "X-Remote-User",
          "admin_subjects": "ada:operate, bob:view, ops@provider.test:operate"}


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "tokend", "wizard", "admin"), relay=False, **ACCESS)) as started:
        Operator(started).ready()
        yield started


def invite(site, name, **more):
    site.cli("-i", input="%s service@%s.test %s\n" % (name, name, " ".join(
        '%s="%s"' % pair for pair in more.items())), check=True)
    site.cli("-n", name, check=True)
    return site.record(name)


def test_who_may_look(site):
    page = Operator(site, "ada").page()
    assert page.status == 200 and "Signed in as ada" in page.text
    for name, value in SECURITY.items():
        assert page.headers[name] == value, name
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none';" in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert Operator(site, "bob").page().status == 200
    for name, words in (("eve", "admin_subjects says nothing"), (None, "did not say who you are"),
                        ("", "did not say who you are"), ("ada, eve", "says nothing"),
                        ("ada:operate", "says nothing"), ("Ada", "says nothing"), ("*", "says nothing")):
        page = Operator(site, name).page()
        assert page.status == 403 and words in page.text, (name, page.text)
        assert "<table" not in page.body


def test_two_names_are_none(site):
    """A web server that adds its header behind the browser's own, instead of replacing it."""
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(site.admin_socket)
        raw.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-Remote-User: ada\r\nX-Remote-User: eve\r\n"
                    b"Connection: close\r\n\r\n")
        answer = b""
        while part := raw.recv(65536):
            answer += part
    assert b" 403 " in answer.split(b"\r\n")[0] and b"did not say who you are" in answer


def test_wrong_addresses(site):
    operator = Operator(site)
    assert operator.page("/nothing").status == 404
    page = operator.post(operator.base + "/", {})
    assert page.status == 405 and page.headers["Allow"] == "GET, HEAD"
    assert operator.page("/static/admin.css").status == 200
    assert operator.page("/static/admin.js").headers["Content-Type"].startswith("text/javascript")


COLUMNS = ["ID", "Full Name", "Invitation Email", "M365 Admin Email", "Email Sent", "Email Invitation Sent Count",
           "Delivery", "Link Opened", "Consent", "Device Authenticated", "Status", "Created at", "Expires at", "AuthURL"]


def heads(page):
    return [re.sub("<[^>]*>", "", head) for head in re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", page.body)]


def test_list(site):
    record = invite(site, "listed", full_name="Listed <Ltd>")
    page = Operator(site).page(q="listed")
    assert page.status == 200 and "Listed &lt;Ltd&gt;" in page.body and "<Ltd>" not in page.body
    assert heads(page) == COLUMNS
    assert record["id"] in page.body and record["auth_url"] in page.body
    assert record["auth_url"].rsplit("/", 1)[1] not in site.logs()


def test_store_away(site):
    site.watch.announce("the store")
    site.daemons["store"].stop()
    page = Operator(site).page()
    assert page.status == 503 and "does not answer" in page.text
    site.daemons["store"].start()
    Operator(site).ready()


@pytest.fixture(scope="module")
def local():
    with running(Site(daemons=("store", "admin"), relay=False, admin_subjects="daemon:view")) as started:
        Operator(started, None).ready()
        yield started


def as_user(site, name, path="/"):
    """The status that curl(1) would get as that system user."""
    code = ("import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(%r);"
            "s.sendall(b'GET %s HTTP/1.0\\r\\nX-Remote-User: root\\r\\n\\r\\n');"
            "print(s.makefile('rb').read().decode())" % (site.admin_socket, path))
    user = pwd.getpwnam(name)
    result = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, timeout=30,
                            user=user.pw_uid, group=grp.getgrnam("nogroup").gr_gid, extra_groups=[])
    return result.stdout


def test_system_users(local):
    """Without admin_user_header the user at the other end counts, and no header."""
    answer = as_user(local, "root")
    assert " 200 " in answer.splitlines()[0] and "Signed in as <bdi>root</bdi>" in answer and "/new" in answer
    answer = as_user(local, "daemon")
    assert " 200 " in answer.splitlines()[0] and "Signed in as <bdi>daemon</bdi>" in answer and "/new" not in answer
    answer = as_user(local, "mail")
    assert " 403 " in answer.splitlines()[0] and "<bdi>mail</bdi>" in answer


def test_socket_is_not_for_everybody(local):
    state = os.stat(local.admin_socket)
    assert stat.S_IMODE(state.st_mode) == 0o660
    assert state.st_gid == pwd.getpwnam(USER).pw_gid, "the daemon's own group, not that of Postfix's sockets"


ADMIN_UID = 60482  # of nobody on this machine


@pytest.fixture(scope="module")
def parted():
    """A site whose operator's pages have a user of their own: the daemons run where /etc/passwd is another file."""
    passwd = "%s-admin:x:%d:%d::/nonexistent:/usr/sbin/nologin\n" % (
        USER, ADMIN_UID, pwd.getpwnam(USER).pw_gid)
    wrap = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/passwd && exec "$@"']
    site = Site(daemons=("store", "tokend", "admin"), relay=False, **ACCESS)
    site.letterbox = Letterbox(site)
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
    with running(site) as started:
        Operator(started).ready()
        yield started


INTRUDER = """
import json, sys
sys.path.insert(0, %(tests)r)
from harness.store_client import StoreClient, StoreError
class Folder: folder = %(folder)r
for name, request in json.load(sys.stdin):
    client = StoreClient(Folder, name)
    try:
        print(json.dumps(["reply", client.once(request)]))
    except (StoreError, OSError) as refused:
        print(json.dumps([getattr(refused, "kind", "os"), str(refused)]))
    client.close()
"""


def intrude(site, *requests):
    result = subprocess.run(
        [sys.executable, "-B", "-c", INTRUDER % {"tests": os.path.join(TOP, "tests"), "folder": site.folder}],
        input=json.dumps(requests), text=True, capture_output=True, user=ADMIN_UID,
        group=pwd.getpwnam(USER).pw_gid, extra_groups=[], timeout=60)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_all_pages_work_as_another_user(parted):
    with open("/proc/%d/status" % parted.daemons["admin"].pid) as file:
        uids = next(line for line in file if line.startswith("Uid:")).split()[1:]
    assert uids == [str(ADMIN_UID)] * 4
    ada = Operator(parted)
    page = ada.submit(ada.page("/new"), "/new", mailbox="service@parted.test")
    assert page.status == 200 and "The invitation is made" in page.text
    record = parted.record("service@parted.test")
    path = "/invitations/" + record["id"]
    for action, words in (("resend", "handed over"), ("extend", "was extended"),
                          ("validate", "somebody has to sign in"), ("revoke", "is revoked")):
        page = ada.submit(ada.page(path + "/" + action), "/" + action)
        assert words in page.text, (action, page.text)
    for path in ("/", "/overview", "/authentication", "/undelivered", "/export.csv", path):
        assert ada.page(path).status == 200, path


def test_what_pages_that_were_taken_over_cannot(parted):
    """No token, no sign-in, no customers table, no event of another program's."""
    url = parted.cli("-n", "taken@over.test", check=True).stdout.strip()
    link, invitation = url.rsplit("/", 1)[1], parted.record("taken@over.test")["id"]
    change, at = {"change": "0" * 32}, "2026-01-01T00:00:00Z"
    parted.watch.announce("refused uid=%d" % ADMIN_UID)
    refused = [("tokend", {"op": op, "link": link}) for op in ("start", "code", "sign_in", "confirm", "approve")] + [
        ("tokend", {"op": "token", "key": invitation}), ("store", {"op": "table_begin"}),
        ("store", dict(change, op="table_add", rows="", mode="warn"))] + [
        ("store", dict(change, op="apply", id=invitation, event=dict(members, at=at))) for members in (
            {"type": "confirmed"}, {"type": "email_sent"}, {"type": "validated", "validation": "Successful"},
            {"type": "consent", "consent": "granted", "consent_source": "token"},
            {"type": "device_authenticated", "signed_in_as": "x@attacker.test", "signed_in_oid": "o", "confirm": False,
             "signed_in_tenant": entra.OTHER_TENANT, "granted_scopes": "all"})]
    for (name, request), (kind, text) in zip(refused, intrude(parted, *refused)):
        assert kind in ("policy", "configuration"), (name, request, kind, text)
