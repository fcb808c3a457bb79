"""The list and its files over HTTP: what finds what, what a file holds, and addresses that nobody meant."""

import csv
import io
import json
import random
import re
import signal
import socket
import time

import pytest

from harness.operator_browser import Operator
from harness.process import wait_for
from harness.site import Site
from harness.store_client import StoreClient
from harness.watch import running

ACCESS = {"admin_user_header": "X-Remote-User", "admin_subjects": "ada:view"}
MANY = 1234
FORMULAS = ('=HYPERLINK("http://x.test","y")', "+1", "-1", "@SUM(A1)", 'say "hi", twice', "<script>alert(1)</script>")


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "admin"), relay=False, **ACCESS)) as started:
        started.store = StoreClient(started)
        started.cli("-i", input="".join(
            "c%04d voice@c%04d.test\n" % (n, n) for n in range(MANY)) + "".join(
            "f%d voice@f%d.test full_name=\"%s\"\n" % (n, n, text.replace('"', '\\"'))
            for n, text in enumerate(FORMULAS)), check=True)
        for n in range(MANY):
            started.store.open("voice@c%04d.test" % n)
        for n in range(len(FORMULAS)):
            started.store.open("voice@f%d.test" % n)
        wait_for("all of them", lambda: "of %d" % (MANY + len(FORMULAS)) in Operator(started).page().text)
        yield started
        started.store.close()


@pytest.fixture
def ada(site):
    return Operator(site)


def rows(page):
    assert page.status == 200 and page.headers["Content-Type"].startswith("text/csv")
    assert 'attachment; filename="invitations.csv"' == page.headers["Content-Disposition"]
    return list(csv.reader(io.StringIO(page.body, newline="")))


def test_csv(site, ada):
    table = rows(ada.page("/export.csv"))
    assert table[0][:3] == ["ID", "Full Name", "Invitation Email"] and table[0][-1] == "AuthURL"
    assert len(table) == 1 + MANY + len(FORMULAS)
    assert all(len(row) == len(table[0]) for row in table)
    assert len({row[0] for row in table}) == len(table)
    record = site.record("c0007")
    row = next(row for row in table if record["invitation_email"] in row)
    assert row[0].lstrip("'") == record["id"] and record["auth_url"] == row[-1]
    assert row[table[0].index("Created at")] == record["created_at"]


def test_csv_holds_no_formula(site, ada):
    table = rows(ada.page("/export.csv", q="@f", sort="invitation_email"))
    names = [row[1] for row in table[1:]]
    for name, text in zip(names, FORMULAS):
        assert name == ("'" + text if text[0] in "=+-@" else text)
    for row in table[1:]:
        assert not [value for value in row if value[:1] in ("=", "+", "-", "@")], row


def test_files_hold_what_the_list_shows(site, ada):
    for query in ({"q": "c001"}, {"q": "c001", "sort": "invitation_email", "order": "desc"}, {"status": "revoked"},
                  {"status": "pending_invitations", "q": "voice@c12"}, {"q": "no such thing"}):
        page = ada.page("/", **query)
        shown = re.findall(r'<tr data-id="([^"]+)"', page.body)
        lines = ada.page("/export.jsonl", **query)
        assert lines.headers["Content-Type"] == "application/x-ndjson"
        records = [json.loads(line) for line in lines.body.splitlines()]
        assert [record["id"] for record in records][:50] == shown, query
        assert [row[0].removeprefix("'") for row in rows(ada.page("/export.csv", **query))[1:]] == [
            record["id"] for record in records], query
    assert len(records) == 0
    record = json.loads(ada.page("/export.jsonl", q="c0042").body)
    assert record == site.record("c0042")


def test_whoever_may_not_look_gets_no_file(site):
    for path in ("/export.csv", "/export.jsonl"):
        assert Operator(site, "eve").page(path).status == 403


def raw(site, path, read=0):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(site.admin_socket)
    connection.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\nX-Remote-User: ada\r\n\r\n" % path.encode())
    return connection, connection.recv(read) if read else b""


def test_clients_that_go_away(site, ada):
    """An export that nobody reads to its end is forgotten, and others get theirs."""
    for _ in range(12):
        connection, _ = raw(site, "/export.jsonl", 1000)
        connection.close()
    wait_for("room for another", lambda: ada.page("/export.jsonl", q="c0001").status == 200)
    assert len(rows(ada.page("/export.csv"))) > MANY


def test_too_many_at_once(site, ada):
    site.watch.announce("too many exports")
    slow = [raw(site, "/export.jsonl", 100)[0] for _ in range(4)]
    page = ada.page("/export.csv")
    assert page.status == 503 and "too many exports" in page.text
    for connection in slow:
        connection.close()
    wait_for("room for another", lambda: ada.page("/export.csv").status == 200)


def test_reload_in_the_middle(site, ada):
    """The file is whole, however slowly it is taken."""
    connection, whole = raw(site, "/export.jsonl", 1000)
    site.daemons["admin"].signal(signal.SIGHUP)
    time.sleep(8)
    while not whole.endswith(b"\r\n0\r\n\r\n") and (part := connection.recv(65536)):
        whole += part
    connection.close()
    assert whole.endswith(b"\r\n0\r\n\r\n") and whole.count(b'"customer_id"') == MANY + len(FORMULAS)


def test_store_dies_in_the_middle(site, ada):
    """The file is visibly not whole."""
    site.watch.announce("the store", "broken_off", "invitations:")
    connection, begin = raw(site, "/export.jsonl", 1000)
    site.daemons["store"].stop()
    whole = begin
    try:
        while part := connection.recv(65536):
            whole += part
    except OSError:
        pass
    connection.close()
    assert b" 200 " in begin and not whole.endswith(b"0\r\n\r\n")
    site.daemons["store"].start()
    wait_for("the store", lambda: ada.page("/export.csv", q="c0001").status == 200)


def test_removed_meanwhile(site, ada):
    """What the view still names and the store no longer has is left out."""
    before = len(rows(ada.page("/export.csv")))
    site.store.open("gone@c.test", customer_id="gone")
    wait_for("the new one", lambda: len(rows(ada.page("/export.csv"))) == before + 1)


def test_addresses_that_nobody_meant(site, ada):
    """Every answer is a page."""
    rng = random.Random(9)
    names = ("q", "status", "sort", "order", "page", "sent", "completed", "done", "after", "x")
    values = ["", "0", "-1", "1e9", "18446744073709551616", "%", "%00", "%zz", "%ff%fe", "'", '"><script>', "../..",
              "a" * 4000, "%F0%9F%98%80", "created_at", "desc", "pending,revoked,,x", "2026-02-31", "\u00e4"]
    record = site.record("c0001")
    statuses = set()
    for _ in range(400):
        path = rng.choice(("/", "/", "/invitations/" + record["id"], "/new", "/export.csv", "/authentication",
                           "/overview", "/invitations/%2e%2e", "//", "/static/../admin.js"))
        query = "&".join("%s=%s" % (rng.choice(names), rng.choice(values).encode().decode("latin-1"))
                         for _ in range(rng.randrange(5)))
        connection, _ = raw(site, path + ("?" + query if query else ""))
        answer = b""
        while b"\r\n\r\n" not in answer:
            part = connection.recv(65536)
            assert part, path + "?" + query
            answer += part
        connection.close()
        statuses.add(int(answer.split()[1]))
        assert b"text/html" not in answer or b"<script>alert" not in answer
    assert statuses <= {200, 400, 403, 404, 414, 431}, statuses
    assert ada.page().status == 200


def test_beyond_the_end(site, ada):
    page = ada.page("/", page="99999")
    assert page.status == 200 and "No invitation fits" in page.text
    back = next(link for link in page.links if "page=" in link and "export" not in link)
    assert "data-id" in ada.page(back).body


def test_what_is_on_the_page_is_text(site, ada):
    page = ada.page("/", q="@f")
    assert "<script>alert" not in page.body and "&lt;script&gt;alert(1)" in page.body
    page = ada.page("/", q='"><script>alert(1)</script>')
    assert "<script>alert" not in page.body
