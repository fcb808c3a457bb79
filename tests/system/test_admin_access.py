"""The operator's pages over HTTP, through the real programs: who may look and act, what is refused, and the days on
which something is missing."""

import re

import pytest

from harness.operator_browser import Operator
from harness.site import Site
from harness.watch import running

SECURITY = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
ACCESS = {"admin_user_header": "X-Remote-User",
          "admin_subjects": "ada:operate, bob:view, ops@provider.test:operate"}


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "tokend", "wizard", "admin"), relay=False, **ACCESS)) as started:
        yield started


def invite(site, name, **more):
    site.cli("-i", input="%s service@%s.test %s\n" % (name, name, " ".join(
        '%s="%s"' % pair for pair in more.items())), check=True)
    site.cli("-n", name, check=True)
    return site.record(name)


# --- access ---

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
    import socket
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
    assert Operator(site).page().status == 200
