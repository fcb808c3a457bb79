"""No code, token or key anywhere it does not belong, over a whole journey: logs, mails, pages, the
CLI, the state, the vault, process arguments and environments. The files of every other site are
searched when it ends (harness/watch.py)."""

import os
import re

import pytest

from harness import entra, journey
from harness.browser import Browser
from harness.process import wait_for
from harness.secrets import check, files, planted

PAGES = []


@pytest.fixture(scope="module", autouse=True)
def every_page():
    """Keeps what the browsers get to see."""
    plain = Browser._open

    def keep(browser, request):
        page = plain(browser, request)
        PAGES.append((page.url, page.body + str(page.headers)))
        return page
    Browser._open = keep
    yield
    Browser._open = plain


@pytest.fixture(scope="module")
def walked(site):
    """A site on which a whole journey, a failed one and a refused one took place."""
    customer = site.invite(entra.SERVICE)
    code = customer.start()
    customer.enter(code)
    site.wait_status(entra.SERVICE, "consent_requested")
    journey.review(site)
    site.wait_status(entra.SERVICE, "consent_granted")
    customer.enter(code)
    site.wait_status(entra.SERVICE, "device_authenticated")
    customer.confirm()
    site.wait_status(entra.SERVICE, "authentication_complete")
    site.customers("second second@customer.test m365_admin_email=second@customer.test\n")
    wrong = site.invite("second@customer.test", upn=entra.SERVICE)
    wrong.enter(wrong.start())
    wait_for("the refusal", lambda: site.record("second").get("last_error"))
    wrong.page()
    pending = site.invite(entra.STRANGER)
    pending.start()
    return site


def test_there_is_something_to_look_for(walked):
    found = planted(walked)
    assert len(found) > 10 and "vault key" in found and "link key" in found
    assert len(walked.entra.secrets()) == len(set(walked.entra.secrets()))


def test_files(walked):
    found, seen = planted(walked), []
    for path, data in files(walked):
        seen.append(os.path.relpath(path, walked.folder))
        check(path, data, found)
    for wanted in (r"tokend\.log", r"mail\.log", r"state/", r"state/vault/", r"mail/all/new/"):
        assert any(re.search(wanted, path) for path in seen), (wanted, seen)


def test_sealed_records_are_there(walked):
    """What is searched for above in vain is in the vault, in some form: the files hold data."""
    vault = os.path.join(walked.folder, "state", "vault")
    assert sum(os.path.getsize(os.path.join(vault, name)) for name in os.listdir(vault)) > 4096


def test_pages(walked):
    found = planted(walked)
    ours = [(url, body) for url, body in PAGES if url.startswith(walked.wizard_url)]
    assert len(ours) > 5
    for url, body in ours:
        check(url, body.encode(), found)


def test_addresses_of_pages_reach_no_other_site(walked):
    """The link is a secret until it expires: pages send no Referer."""
    for url, body in PAGES:
        if url.startswith(walked.wizard_url + "/i/"):
            assert "Referrer-Policy: no-referrer" in body, url


def test_cli(walked):
    found = planted(walked)
    outputs = [("-j", "-s"), ("-j", "-q", entra.SERVICE), ("-j", "-e", entra.SERVICE), ("-p",)]
    for arguments in outputs:
        result = walked.cli(*arguments, check=True)
        check("postinvite " + " ".join(arguments), (result.stdout + result.stderr).encode(), found)


def test_processes(walked):
    found = planted(walked)
    for name, daemon in walked.daemons.items():
        for what in ("cmdline", "environ"):
            with open("/proc/%d/%s" % (daemon.pid, what), "rb") as file:
                check("%s of %s" % (what, name), file.read(), found)
        with open("/proc/%d/limits" % daemon.pid) as file:
            assert re.search(r"Max core file size +0 +0 ", file.read()), name


def test_links_are_in_no_log(walked):
    """Who reads the log must not be able to open an invitation."""
    for name, daemon in walked.daemons.items():
        assert not re.search(r"/i/[A-Za-z0-9_-]{46}", daemon.text()), name


def test_user_codes_are_shown_to_nobody_else(walked):
    """Not in a mail, a log or the record, only in the vault; and another browser that opens the
    link sees none."""
    codes = [flow["user_code"] for flow in walked.entra.call("GET", "/_sim/state")["flows"]]
    assert len(codes) >= 3
    for path, data in files(walked):
        if "/state/vault/" not in path:
            assert not any(code.encode() in data for code in codes), path
    link = walked.cli("-a", entra.STRANGER, check=True).stdout.strip()
    with pytest.raises(LookupError):
        journey.code_of(Browser().get(link))
