"""The customer's pages, through the real programs and the simulator: the journey to its end, what is shown to
whom, what changes nothing, and the days on which something is missing."""

import json
import os
import pwd
import re
import shutil
import subprocess
import threading
import time
import urllib.request

import pytest

from harness import entra
from harness.browser import Browser
from harness.journey import Customer, at_microsoft, code_of
from harness.process import Process, free_port, program, wait_for
from harness.site import USER, Site
from harness.watch import running

SECURITY = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "tokend", "wizard"), relay=False)) as started:
        started.entra.consent()
        yield started


@pytest.fixture
def customer(site, request):
    """An invited customer of the test's own: its Service account is service@customer.test."""
    name = request.node.name.translate(str.maketrans("", "", "[]/ "))
    mailbox = name + "@customer.test"
    site.cli("-i", input='%s %s full_name="%s <Ltd>" m365_admin_email=%s\n' % (
        name, mailbox, name, entra.SERVICE), check=True)
    link = site.cli("-n", name, check=True).stdout.strip()
    customer = Customer(site, link, entra.SERVICE)
    customer.name = name
    return customer


def status_of(customer, since=None):
    """What the page's script gets to see."""
    page = customer.browser.get(customer.link + "/status" +
                                ("" if since is None else "?since=%d" % since))
    assert page.headers["Content-Type"] == "application/json"
    return json.loads(page.body)


def head(url):
    request = urllib.request.Request(url, method="HEAD")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.headers


def check_headers(site, page):
    for name, value in SECURITY.items():
        assert page.headers[name] == value, name
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none';" in policy and "unsafe" not in policy and "*" not in policy
    assert "form-action 'self' https: %s;" % site.entra.url in policy


def test_journey(site, customer):
    page = customer.page()
    check_headers(site, page)
    assert page.status == 200 and entra.APPLICATION in page.text
    assert customer.name + " &lt;Ltd&gt;" in page.body
    assert "User.Read.All" in page.text and "Sign in as " + entra.SERVICE in page.text
    record = site.record(customer.name)
    assert record["link_seen_at"] and "link_opened_at" not in record

    page = customer.browser.submit(page, "/start")
    code = code_of(page)
    assert page.status == 200 and "Step 2 of 4" in page.text
    assert site.entra.url in " ".join(page.links)
    check_headers(site, page)
    site.wait_status(customer.name, "sign_in_started")
    state = status_of(customer)
    assert state["user_code"] == code and 0 < state["expires_in"] <= 900
    assert state["verification_uri"].startswith(site.entra.url)
    assert (state["status"], bool(state["message"])) == ("sign_in_started", True)

    assert "signed" in customer.enter(code).text.lower()
    record = site.wait_status(customer.name, "device_authenticated")
    page = customer.page()
    assert "Token acquired" in page.text and code not in page.body
    page = customer.browser.submit(page, "/confirm")
    assert page.url.startswith(site.entra.url), "Microsoft's page"
    page = at_microsoft(customer.browser, page, entra.SERVICE)
    assert page.url == customer.link + "/done"
    assert "Token authentication process completed" in page.text and not page.forms
    site.wait_status(customer.name, "authentication_complete")

    again = customer.page()
    assert again.status == 200 and "process completed" in again.text
    before = site.record(customer.name)
    assert customer.browser.post(customer.link + "/start", {}).status == 403
    assert site.record(customer.name) == before


def test_code_is_for_the_browser_that_started(site, customer):
    code = customer.start()
    page = customer.page()
    assert code_of(page) == code, "after a reload"
    assert "I have entered the code" in page.text and any(
        customer.link.endswith(link) for link in page.links if link.startswith("/i/"))
    assert code_of(customer.browser.get(customer.link + "/done")) == code
    other = Customer(site, customer.link)
    page = other.page()
    assert page.status == 200 and "Not signed in yet" in page.text
    state = status_of(other)
    assert state["status"] == "sign_in_started" and "user_code" not in state
    groups = re.findall("..?.?.?", code)
    assert code not in page.body and not all(group in page.text for group in groups)
    # Pressing the button there is a start of its own, and answers the code that lives.
    assert other.start() == code
    # A cookie of another invitation, or one made up, opens nothing.
    for value in ("", "x" * 43, "A" * 5000):
        assert code not in Browser().get(customer.link, Cookie="started=" + value).body


def test_fetching_changes_nothing(site, customer):
    for suffix in ("", "/start", "/confirm", "/status", "/done"):
        status, headers = head(customer.link + suffix)
        assert status == 200 and headers["Cache-Control"] == "no-store"
    assert "link_seen_at" not in site.record(customer.name)
    for suffix in ("/start", "/confirm"):
        page = customer.browser.get(customer.link + suffix)
        assert page.url == customer.link and "Start authentication" in page.body
    record = site.record(customer.name)
    assert record.pop("link_seen_at")
    customer.page()
    customer.browser.get(customer.link + "/done")
    assert {"link_opened_at", "sign_in_started_at"}.isdisjoint(record)
    assert site.record(customer.name)["revision"] == record["revision"]
    assert [event["type"] for event in site.events(customer.name)] == ["created", "link_seen"]


def test_forms_of_others_are_refused(site, customer):
    page = customer.page()
    token = page.form("/start")["fields"]["csrf"]
    stranger = Browser()
    theirs = stranger.get(customer.link).form("/start")["fields"]["csrf"]
    for browser, fields in ((customer.browser, {}), (customer.browser, {"csrf": theirs}),
                            (customer.browser, {"csrf": token[:-1] + "!"}),
                            (Browser(), {"csrf": token}), (stranger, {"csrf": token})):
        for suffix in ("/start", "/confirm"):
            page = browser.post(customer.link + suffix, fields)
            assert page.status == 403 and "press the button once more" in page.text
            check_headers(site, page)
    assert site.status(customer.name) == "pending"
    assert len(site.events(customer.name)) == 2
    page = browser.submit(page, "/start")
    assert page.status == 200 and code_of(page), "the page that refused has a good form"


def test_long_poll_wakes_up(site, customer):
    customer.page()
    revision = status_of(customer)["revision"]
    answers = []

    def poll():
        answers.append((status_of(customer, revision), time.monotonic()))
    thread = threading.Thread(target=poll)
    thread.start()
    time.sleep(0.7)
    assert not answers, "nothing has happened yet"
    site.cli("-d", site.record(customer.name)["id"], check=True)
    changed = time.monotonic()
    thread.join(20)
    state, when = answers[0]
    assert state["status"] == "revoked" and state["revision"] > revision
    assert when - changed < 1
    assert status_of(customer, revision)["status"] == "revoked", "an old revision: at once"


def test_wrong_account(site, customer):
    code = customer.start()
    site.watch.announce("tokend")
    site.entra.sign_in(code, "second@customer.test")
    wait_for("the refusal", lambda: site.record(customer.name).get("last_error"))
    page = customer.page()
    assert page.status == 200 and code not in page.body
    notice = re.search(r'role="alert">([^<]*)<', page.body).group(1)
    assert "second@customer.test" in notice and entra.SERVICE in notice
    assert entra.SERVICE in status_of(customer)["message"]
    # The way out is on the page.
    again = code_of(customer.browser.submit(page, "/start"))
    assert again != code
    site.entra.sign_in(again)
    wait_for("the token", lambda: site.record(customer.name)["token_state"] == "valid")


def test_code_runs_out(site, customer):
    site.entra.config(device_code_lifetime=2)
    try:
        code = customer.start()
    finally:
        site.entra.config(device_code_lifetime=900)
    wait_for("the end of the code", lambda: site.record(customer.name).get("last_error"))
    page = customer.page()
    assert page.status == 200 and code not in page.body
    assert "user_code" not in status_of(customer)
    fault = site.record(customer.name)["last_error"]["text"]
    assert fault[0].upper() + fault[1:] + "." in page.text
    assert code_of(customer.browser.submit(page, "/start")) not in ("", code)


def test_microsoft_refuses(site, customer):
    """For good: the page says what has to be mended, and the button stays."""
    site.watch.announce("tokend", "wizard.*start")
    site.entra.fault("devicecode", status=400, error="invalid_client",
                     error_description="AADSTS7000218: client_assertion or client_secret.",
                     error_codes=[7000218])
    page = customer.browser.submit(customer.page(), "/start")
    assert page.status == 200 and "Allow public client flows" in page.text
    site.wait_status(customer.name, "failed")
    page = customer.page()
    assert "could not be completed" in page.text and "Allow public client flows" in page.text
    assert code_of(customer.browser.submit(customer.page(), "/start"))


def test_callback_of_nobody(site, customer):
    for query in ("", "?state=", "?state=x&code=y", "?code=y", "?state=%ff&error=access_denied"):
        page = Browser().get(site.wizard_url + "/callback" + query)
        assert page.status == 400, query
        assert "ask whoever sent" in page.text
        check_headers(site, page)


def test_confirmation_is_declined(site):
    """Of a tenant of its own, since the step belongs to a tenant's first connection."""
    tenant = site.entra.tenant("declining.test", consent_granted=True)
    site.cli("-i", input="declining service@declining.test tenant=%s\n" % tenant, check=True)
    link = site.cli("-n", "declining", check=True).stdout.strip()
    customer = Customer(site, link, "service@declining.test")
    site.entra.sign_in(customer.start(), customer.upn)
    site.wait_status("declining", "device_authenticated")
    site.watch.announce("tokend")
    page = customer.browser.submit(customer.page(), "/confirm")
    state = re.search(r"[?&]state=([^&]+)", page.url).group(1)
    answer = customer.browser.get("%s/callback?state=%s&error=access_denied" % (
        site.wizard_url, state))
    assert answer.url == link and "cancelled or refused" in answer.text
    again = customer.browser.get("%s/callback?state=%s&error=access_denied" % (
        site.wizard_url, state))
    assert again.status == 400 and "used already" in again.text
    page = customer.page()
    assert "Click here to continue" in page.body and "service@declining.test" in page.text
    assert customer.confirm().url == link + "/done"
    site.wait_status("declining", "authentication_complete")


def test_links_that_do_not_work(site, customer):
    base, token = customer.link.rsplit("/", 1)
    flipped = token[:20] + ("B" if token[20] == "A" else "A") + token[21:]
    for wrong in ("x", token[:-1], token + "A", flipped, "A" * 46, "%20", "..%2f"):
        for suffix in ("", "/status", "/done", "/start"):
            page = customer.browser.get(base + "/" + wrong + suffix)
            assert page.status == 404 and "This link does not work" in page.text, wrong
            check_headers(site, page)
    assert customer.browser.post(base + "/" + flipped + "/start", {}).status == 404
    assert customer.browser.get(site.wizard_url + "/").status == 404
    page = customer.browser.post(customer.link, {})
    assert page.status == 405 and page.headers["Allow"] == "GET, HEAD"
    assert customer.browser.post(customer.link + "/start", {"csrf": "x" * 9000}).status == 413
    assert site.record(customer.name).get("link_seen_at") is None


def test_withdrawn(site, customer):
    page = customer.page()
    site.cli("-d", site.record(customer.name)["id"], check=True)
    gone = customer.page()
    assert gone.status == 410 and "was withdrawn" in gone.text and not gone.forms
    assert "Ask whoever sent it" in gone.text
    pressed = customer.browser.submit(page, "/start")
    assert pressed.status == 410 and "was withdrawn" in pressed.text


def test_store_away_and_back(site, customer):
    page = customer.page()
    site.watch.announce("wizard.*(journey|start|status)", "tokend", "store")
    site.daemons["store"].kill()
    try:
        begin = time.monotonic()
        away = customer.page()
        assert time.monotonic() - begin < 7
        assert away.status == 503 and "Please try again" in away.text
        assert away.headers["Retry-After"] and customer.link.endswith(away.links[-1])
        assert 'http-equiv="refresh"' in away.body
        check_headers(site, away)
    finally:
        site.daemons["store"].start()
    again = customer.page()
    assert again.status == 200 and "Start authentication" in again.body
    assert code_of(customer.browser.submit(page, "/start")), "the form of before is still good"


def test_tokend_away_and_back(site, customer):
    page = customer.page()
    site.watch.announce("wizard.*(start|journey)")
    site.daemons["tokend"].kill()
    try:
        assert customer.page().status == 200, "the Welcome page needs no tokend"
        begin = time.monotonic()
        away = customer.browser.submit(page, "/start")
        assert away.status == 503 and "Nothing is lost" in away.text
        assert time.monotonic() - begin < 7
    finally:
        site.daemons["tokend"].start()
    code = code_of(customer.browser.submit(customer.page(), "/start"))
    site.daemons["wizard"].kill()
    site.daemons["wizard"].start()
    assert code_of(customer.page()) == code, "the wizard keeps nothing that a restart loses"


def test_reload(site, customer):
    """A new generation: other words and another name; a bad one is refused."""
    wizard, before = site.daemons["wizard"], site.read_config()
    try:
        site.write_config(before.replace("= " + entra.APPLICATION, "= Other Voice"))
        wizard.signal(1)
        wait_for("the new name", lambda: "Other Voice" in customer.page().text)
        site.watch.announce("wizard.*error")
        site.write_config(before + "template_directory = /nowhere\n")
        wizard.signal(1)
        wait_for("the refusal", lambda: "/nowhere" in wizard.text())
        assert "Other Voice" in customer.page().text
    finally:
        site.write_config(before)
        wizard.signal(1)
    wait_for("the old name", lambda: entra.APPLICATION in customer.page().text)


def test_https_of_its_own(site, customer):
    """With a certificate, reloaded too; beside the one that the site's web server would ask."""
    port, owner = free_port(), pwd.getpwnam(USER)
    key = os.path.join(site.folder, "wizard.key")
    shutil.copy(os.path.join(site.folder, "entra.key"), key)
    os.chown(key, owner.pw_uid, owner.pw_gid)
    settings = {"wizard_listen": "inet:127.0.0.1:%d" % port, "wizard_tls_key_file": key,
                "wizard_tls_cert_file": site.entra.certificate,
                "wizard_url": "https://127.0.0.1:%d" % port}
    command = [program("postinvite-wizard"), "-c", site.config]
    for item in settings.items():
        command += ["-o", "%s=%s" % item]
    assert subprocess.run(command + ["-t"]).returncode == 0
    alone = command + ["-o", "wizard_tls_key_file=", "-t"]
    assert subprocess.run(alone, capture_output=True).returncode == 78
    secure = Process("wizard", command, os.path.join(site.folder, "https.log")).start()
    try:
        browser, link = Browser(), customer.link.replace(site.wizard_url, settings["wizard_url"])
        page = browser.get(link)
        assert page.status == 200 and "; Secure" in page.headers["Set-Cookie"]
        secure.signal(1)
        assert code_of(browser.submit(page, "/start"))
        assert "letter by letter" in browser.get(link).text
    finally:
        assert secure.stop() == 0
    assert "error" not in secure.text()


def test_nothing_secret_is_logged(site, customer):
    """Of a start, and of all that the tests above did: no link token, no code, no cookie."""
    code = customer.start()
    text = site.daemons["wizard"].text()
    assert "start: invitation=" in text and code not in text
    links = re.findall(r"/i/([A-Za-z0-9_-]{46})", site.cli("-j", "-s", check=True).stdout)
    assert customer.link.rsplit("/", 1)[1] in links
    assert not [link for link in links if link in text]
    assert "/i/" not in text and not re.search(r"\bAQ[A-Za-z0-9_-]{44}\b", text)
    assert "csrf" not in text and "state=" not in text and "device?otc" not in text
