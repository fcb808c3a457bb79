"""tokend as a service: tokens are refreshed, validated, given out; what fails passes or is said; nothing is sent
twice; the vault's key changes under it."""

import json
import os
import re
import subprocess
import threading
import time

import pytest

from harness import entra
from harness.process import program, wait_for
from harness.site import Site
from harness.store_client import StoreClient
from harness.watch import AWAY, running

SUCCESSFUL = "Last Authentication Status: Successful"


def service(**settings):
    site = Site(daemons=("store", "tokend"), relay=False, confirmation_scopes="", **settings)
    site.numbers = iter(range(1, 100000))
    return site


@pytest.fixture(scope="module")
def site():
    with running(service(token_readers="daemon, @games")) as started:
        started.entra.consent(True)
        yield started


@pytest.fixture
def hurried():
    """Its own site: on the others nothing is refreshed but what a test asks for."""
    with running(service(refresh_interval="1m")) as started:
        started.entra.consent(True)
        yield started


def start(site, link):
    client = StoreClient(site, "tokend")
    try:
        return client.call({"op": "start", "link": link})["user_code"]
    finally:
        client.close()


def invite(site):
    """A customer of a user of its own: its key, mailbox and link."""
    key = "s%d" % next(site.numbers)
    mailbox = key + "@customer.test"
    site.entra.user(mailbox, tenant=entra.TENANT, password=entra.PASSWORD)
    site.cli("-i", input="%s %s\n" % (key, mailbox), check=True)
    url = site.cli("-n", key, check=True).stdout.strip()
    return key, mailbox, url.rsplit("/", 1)[1]


def acquire(site):
    """The key of a customer with a valid token, and its mailbox."""
    key, mailbox, link = invite(site)
    site.entra.sign_in(start(site, link), mailbox)
    site.wait_status(key, "authentication_complete")
    return key, mailbox


def sent(site):
    """The refresh requests so far, of all customers."""
    return [row for row in site.entra.log("token")
            if (row.get("form") or {}).get("grant_type") == "refresh_token"]


def asked(site, key):
    """How many refreshes of that customer's token were answered so far."""
    return len(re.findall("invitation=%s (?:refreshed|refresh_again|refresh_failed|token_refused)"
                          % site.record(key)["id"], site.daemons["tokend"].text()))


def validate(site, key, status):
    result = site.cli("-V", key)
    assert result.returncode == status, result
    return result.stdout.strip() + result.stderr.strip()


def tokend_says(site, pattern, offset=0):
    return wait_for(pattern, lambda: re.search(pattern, site.daemons["tokend"].text(offset)))


def test_validate(site):
    key, _ = acquire(site)
    assert validate(site, key, 0) == SUCCESSFUL
    record = site.record(key)
    assert record["validation"] == SUCCESSFUL and record["validated_at"]
    assert record["status"] == "authentication_complete"
    assert asked(site, key) == 1
    reply = json.loads(site.cli("-j", "-V", record["id"], check=True).stdout)
    assert reply["outcome"] == "successful" and reply["validated_at"] >= record["validated_at"]
    assert site.events(key)[-1]["type"] == "validated"
    begin = time.monotonic()
    validate(site, key, 0)
    validate(site, key, 0)
    assert time.monotonic() - begin > 1, "Microsoft was asked twice in a second"


def test_the_newest_valid_token_counts(site):
    """A later invitation without a token does not hide it."""
    key, mailbox = acquire(site)
    first = site.record(key)["id"]
    client = StoreClient(site)
    time.sleep(1)
    later = client.open(mailbox, customer_id=key)["id"]
    assert later != first
    assert validate(site, key, 0) == SUCCESSFUL
    assert [event["type"] for event in client.history(first)][-1] == "validated"
    assert "somebody has to sign in" in validate(site, later, 77)


def test_who_is_not_known_or_has_not_signed_in(site):
    assert "not known" in validate(site, "nobody", 1)
    key, _, link = invite(site)
    assert "somebody has to sign in" in validate(site, key, 77)
    start(site, link)
    assert "under way" in validate(site, key, 77)
    site.cli("-i", input="uninvited uninvited@customer.test\n", check=True)
    assert "not been invited" in validate(site, "uninvited", 77)
    site.cli("-d", key, check=True)


def test_permissions_that_are_gone(site):
    """Is said; the token stays, for an approval brings them back."""
    key, _ = acquire(site)
    site.entra.fault("token", grant="refresh_token", scope="openid profile User.Read.All")
    words = validate(site, key, 77)
    assert words.startswith("Last Authentication Status: Failed: permissions are missing"), words
    assert site.record(key)["validation"] == words
    assert site.status(key) == "authentication_complete"
    time.sleep(1)
    assert validate(site, key, 0) == SUCCESSFUL


def test_permission_that_is_wanted_from_now_on():
    """A refresh asks for what was granted: another permission in scopes ends no customer's token."""
    with running(service(scopes="User.Read.All offline_access openid profile")) as site:
        site.entra.consent(True)
        key, mailbox = acquire(site)
        site.write_config(site.read_config().replace("User.Read.All", "User.Read.All Mail.Read"))
        site.daemons["tokend"].signal(1)
        time.sleep(1)
        words = validate(site, key, 77)
        assert words.startswith("Last Authentication Status: Failed: permissions are missing (Mail.Read)")
        assert site.status(key) == "authentication_complete"
        assert sent(site)[-1]["form"]["scope"] == "User.Read.All offline_access openid profile"
        later, _ = acquire(site)
        assert "Mail.Read" in site.record(later)["granted_scopes"]
        assert validate(site, later, 0) == SUCCESSFUL


PASSING = {
    "token 503": dict(endpoint="token", status=503),
    "token 429": dict(endpoint="token", status=429, retry_after=3),
    "token cut": dict(endpoint="token", truncate=10),
    "token lost": dict(endpoint="token", close=True),
    "token refused connection": dict(endpoint="token", close="before"),
    "graph 503": dict(endpoint="me", status=503),
    "graph cut": dict(endpoint="me", truncate=10),
}


@pytest.mark.parametrize("label", PASSING)
def test_passing_faults_change_nothing(site, label):
    site.watch.announce("refresh_again")
    key, _ = acquire(site)
    before = site.record(key)
    site.entra.fault(**PASSING[label])
    assert "again" in validate(site, key, 75)
    assert site.record(key) == before
    if "retry_after" in PASSING[label]:
        assert "again" in validate(site, key, 75)
        time.sleep(3)
    assert validate(site, key, 0) == SUCCESSFUL


@pytest.mark.parametrize("error", ("invalid_client", "something_new"))
def test_what_is_every_customers_fault_costs_no_token(site, error):
    """The app registration is broken, or Microsoft says something new: for all customers at once."""
    site.watch.announce("refresh_failed")
    key, _ = acquire(site)
    site.entra.fault("token", grant="refresh_token", status=400, error=error)
    result = site.cli("-V", key)
    assert result.returncode == (78 if error == "invalid_client" else 65), result
    assert site.record(key)["validation"].startswith("Last Authentication Status: Failed: ")
    assert site.status(key) == "authentication_complete"
    time.sleep(1)
    assert validate(site, key, 0) == SUCCESSFUL


def test_graph_ends_no_token(site):
    """Only who gave it knows that it is dead: it has just been replaced by a new one."""
    key, _ = acquire(site)
    site.entra.fault("me", status=401, body='{"error":{"code":"InvalidAuthenticationToken"}}')
    words = validate(site, key, 77)
    assert words.startswith("Last Authentication Status: Failed: Microsoft Graph does not accept")
    assert site.status(key) == "authentication_complete"
    time.sleep(1)
    assert validate(site, key, 0) == SUCCESSFUL


def test_another_client_id_costs_no_token():
    """Microsoft would refuse each token for good; they are another application's, and not sent."""
    with running(service()) as site:
        site.watch.announce("refresh_failed")
        site.entra.consent(True)
        key, before = acquire(site)[0], site.read_config()
        other, count = entra.CLIENT_ID[:-1] + "0", len(sent(site))
        site.entra.call("POST", "/_sim/app", {"client_id": other, "name": "Another"})
        for text, status in ((before.replace(entra.CLIENT_ID, other), 78), (before, 0)):
            site.write_config(text)
            site.daemons["tokend"].signal(1)
            time.sleep(1)
            words = validate(site, key, status)
            assert site.status(key) == "authentication_complete"
            if status:
                assert entra.CLIENT_ID in words and len(sent(site)) == count
        assert words == SUCCESSFUL


def test_refused_and_signed_in_again(site):
    """The reason in words; the link works again, and another sign-in brings a token."""
    site.watch.announce("token_refused")
    key, mailbox = acquire(site)
    site.entra.call("POST", "/_sim/revoke", {"upn": mailbox})
    words = validate(site, key, 77)
    assert "password was changed" in words
    record = site.record(key)
    assert record["status"] == "needs_sign_in" and record["last_error"]["code"] == "invalid_grant"
    assert "password was changed" in record["last_error"]["text"]
    assert [event["type"] for event in site.events(key)][-2:] == ["token_refused", "validated"]
    assert "password was changed" in validate(site, key, 77)
    assert site.cli("-T", key).returncode == 77
    assert asked(site, key) == 1, "a dead token was sent"
    link = record["auth_url"].rsplit("/", 1)[1]
    site.entra.sign_in(start(site, link), mailbox)
    record = site.wait_status(key, "authentication_complete")
    assert "last_error" not in record
    assert validate(site, key, 0) == SUCCESSFUL


def test_needs_sign_in_outlives_the_expiry(site):
    """Who had a token signs in again with the same link, however old the invitation is."""
    site.watch.announce("token_refused")
    key, mailbox, link = None, None, None
    short = site.read_config()
    try:
        site.write_config(short + "invitation_lifetime = 60s\n")
        offset = len(site.daemons["store"].text())
        site.daemons["store"].signal(1)
        wait_for("reload", lambda: "reloaded" in site.daemons["store"].text(offset))
        key, mailbox, link = invite(site)
        site.entra.sign_in(start(site, link), mailbox)
        site.wait_status(key, "authentication_complete")
        expires = time.time() + 61
        site.entra.call("POST", "/_sim/revoke", {"upn": mailbox})
        validate(site, key, 77)
        time.sleep(max(0, expires - time.time()))
    finally:
        site.write_config(short)
        site.daemons["store"].signal(1)
    assert site.status(key) == "needs_sign_in"
    site.entra.sign_in(start(site, link), mailbox)
    site.wait_status(key, "authentication_complete")


def test_revoked(site):
    """No op brings the token back, also one that is under way."""
    key, mailbox = acquire(site)
    invitation = site.record(key)["id"]
    site.entra.fault("token", grant="refresh_token", delay_ms=1500)
    outcome = []
    thread = threading.Thread(target=lambda: outcome.append(site.cli("-V", key)))
    thread.start()
    time.sleep(.7)
    site.cli("-d", invitation, check=True)
    thread.join(30)
    assert outcome[0].returncode == 77 and "revoked" in outcome[0].stderr, outcome
    for flag in "-V", "-T":
        result = site.cli(flag, invitation)
        assert result.returncode == 77 and "revoked" in result.stderr, result
    assert site.cli("-q", invitation).stdout.startswith("revoked")
    assert "invitation=%s refreshed" % invitation not in site.daemons["tokend"].text()


def test_access_token(site):
    """The same one while it is good; a good one at Graph; none in any log."""
    key, _ = acquire(site)
    token = site.cli("-T", key, check=True).stdout.strip()
    assert token in site.entra.secrets()
    assert site.cli("-T", key, check=True).stdout.strip() == token
    assert asked(site, key) == 1
    reply = json.loads(site.cli("-j", "-T", key, check=True).stdout)
    assert reply["access_token"] == token and reply["token_type"] == "Bearer"
    assert reply["expires_in"] > 300
    assert token not in site.logs()


def test_access_token_is_refreshed_early(site):
    key, _ = acquire(site)
    site.entra.config(access_token_lifetime=4)
    try:
        first = site.cli("-T", key, check=True).stdout
        assert site.cli("-T", key, check=True).stdout == first
        time.sleep(2.1)
        assert site.cli("-T", key, check=True).stdout != first
    finally:
        site.entra.config(access_token_lifetime=4823)


def test_many_ask_at_once(site):
    """One refresh serves them all."""
    key, _ = acquire(site)
    site.entra.fault("token", grant="refresh_token", delay_ms=500)
    children = [subprocess.Popen([program("postinvite"), "-c", site.config, flag, key],
                                 stdout=subprocess.PIPE, text=True) for flag in ("-T", "-V") * 4]
    outputs = [child.communicate(timeout=30)[0] for child in children]
    assert not any(child.returncode for child in children)
    assert len(set(outputs)) == 2
    assert asked(site, key) == 1


@pytest.mark.parametrize("identity, status", (
    (["--reuid=daemon", "--regid=daemon", "--clear-groups"], 0),
    (["--reuid=bin", "--regid=games", "--clear-groups"], 0),
    (["--reuid=bin", "--regid=bin", "--groups=games"], 0),
    (["--reuid=bin", "--regid=bin", "--clear-groups"], 78),
), ids=("user", "group", "supplementary", "nobody"))
def test_token_readers(site, identity, status):
    key, _ = acquire(site)
    if status:
        site.watch.announce(r"refused uid=\d+ op=(token|validate)")
    for flag in "-T", "-V":
        result = subprocess.run(
            ["setpriv", *identity, program("postinvite"), "-c", site.config, flag, key],
            capture_output=True, text=True, timeout=30)
        assert result.returncode == status, result
        if status:
            assert result.stdout == "" and "token_readers" in result.stderr


def test_a_reader_that_does_not_exist(site):
    result = subprocess.run([program("postinvite-tokend"), "-t", "-c", site.config, "-o",
                             "token_readers=no-such-user"], capture_output=True, text=True)
    assert result.returncode == 78 and "no user \"no-such-user\"" in result.stderr, result


def test_refreshed_by_time(hurried):
    """At refresh_interval, without anybody asking, also behind a kill; each refresh token goes out once, on a
    connection of its own."""
    keys = [acquire(hurried)[0] for _ in range(3)]
    begin, tokend = time.time(), hurried.daemons["tokend"]
    time.sleep(20)
    assert not sent(hurried)
    tokend.kill()
    tokend.start()
    wait_for("refreshes", lambda: all(asked(hurried, key) for key in keys), 60, pause=.5)
    assert 40 <= time.time() - begin <= 75
    rows = sent(hurried)
    assert len({row["form"]["refresh_token"] for row in rows}) == len(rows) == 3
    assert len({row["connection"] for row in rows}) == 3
    assert [hurried.status(key) for key in keys] == ["authentication_complete"] * 3


def test_refreshed_by_a_shorter_time():
    """What was put off for longer than refresh_interval allows by now, also by a clock that was ahead."""
    with running(service(refresh_interval="30d")) as site:
        site.entra.consent(True)
        key = acquire(site)[0]
        time.sleep(1.5)
        assert not sent(site)
        site.write_config(site.read_config().replace("interval = 30d", "interval = 1m"))
        site.daemons["tokend"].signal(1)
        wait_for("a refresh", lambda: asked(site, key), 30, pause=.5)
        assert site.status(key) == "authentication_complete"


@pytest.mark.parametrize("strict", (False, True), ids=("kept valid", "revoked by the use"))
def test_killed_between_use_and_answer(site, strict):
    """The old token is tried once more; where it is dead by then, the words say what happened."""
    key, mailbox = acquire(site)
    site.entra.fault("token", grant="refresh_token", delay_ms=3000)
    requests = len(sent(site))
    child = subprocess.Popen([program("postinvite"), "-c", site.config, "-V", key],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    site.daemons["tokend"].kill()
    child.kill()
    child.wait()
    wait_for("the simulator", lambda: len(sent(site)) > requests)
    site.entra.clear_faults()
    if strict:
        site.watch.announce("token_refused")
        site.entra.call("POST", "/_sim/revoke", {"upn": mailbox})
    site.daemons["tokend"].start()
    words = validate(site, key, 77 if strict else 0)
    if strict:
        assert "was lost on its way here" in words
        assert site.record(key)["last_error"]["code"] == "answer_lost"
    else:
        assert words == SUCCESSFUL
        time.sleep(1)
        assert validate(site, key, 0) == SUCCESSFUL


def test_lost_answer_is_tried_once_more(site):
    site.watch.announce("refresh_again")
    key, _ = acquire(site)
    site.entra.fault("token", grant="refresh_token", close=True)
    assert "again" in validate(site, key, 75)
    assert site.status(key) == "authentication_complete"
    time.sleep(1)
    assert validate(site, key, 0) == SUCCESSFUL


def test_kills_during_refreshes(site):
    """However often tokend dies, each token is valid in the end, and nothing was told that is not so."""
    site.watch.announce(AWAY, "refresh_again")
    keys = [acquire(site)[0] for _ in range(8)]
    stopping = threading.Event()

    def ask():
        while not stopping.is_set():
            for key in keys:
                site.cli("-V", key)

    thread = threading.Thread(target=ask)
    thread.start()
    for pause in (.3, .7, .2, .9, .5, .1, .6, .4):
        time.sleep(pause)
        site.daemons["tokend"].kill()
        site.daemons["tokend"].start()
    stopping.set()
    thread.join(60)
    for key in keys:
        wait_for("validation of " + key, lambda: site.cli("-V", key).returncode == 0)
        assert site.status(key) == "authentication_complete"
        assert "token_refused" not in [event["type"] for event in site.events(key)]


def test_tokend_away(site):
    """Is said at once."""
    site.daemons["tokend"].stop()
    begin = time.monotonic()
    for flag in "-V", "-T":
        result = site.cli(flag, "anybody")
        assert result.returncode == 75 and "is it running?" in result.stderr, result
    assert time.monotonic() - begin < 5
    site.daemons["tokend"].start()


def test_store_away(site):
    """Nothing is refreshed for an invitation that cannot be looked up."""
    site.watch.announce(AWAY)
    key, _ = acquire(site)
    site.daemons["store"].stop()
    result = site.cli("-V", key)
    site.daemons["store"].start()
    assert result.returncode == 75, result
    wait_for("the store", lambda: site.cli("-V", key).returncode == 0)


def test_revoked_while_tokend_was_away(site):
    """It learns of it from the events that it has missed."""
    key, mailbox = acquire(site)
    invitation = site.record(key)["id"]
    time.sleep(2.2)
    site.daemons["tokend"].stop()
    site.cli("-d", invitation, check=True)
    offset = len(site.daemons["tokend"].text())
    site.daemons["tokend"].start()
    tokend_says(site, "invitation=%s revoked" % invitation, offset)


def test_key_rotation_while_running(site):
    key, _ = acquire(site)
    path = os.path.join(site.config, "vault.key")
    with open(path) as file:
        old = file.read()
    site.new_key("vault")
    with open(path) as file:
        first = file.readline()
    number = old.split(":")[0]
    offset = len(site.daemons["tokend"].text())
    site.daemons["tokend"].signal(1)
    tokend_says(site, "vault key %s is no longer used, its line may be removed" % number, offset)
    assert re.search(r"vault resealed=[1-9]", site.daemons["tokend"].text(offset))
    with open(path, "w") as file:
        file.write(first)
    site.daemons["tokend"].stop()
    site.daemons["tokend"].start()
    assert validate(site, key, 0) == SUCCESSFUL
