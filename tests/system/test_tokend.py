"""tokend's device flows on bad days that the pages do not show: lost answers, kills, Microsoft Graph, the second
sign-in, and what other programs' events do to a flow."""

import json
import os
import pwd
import re
import subprocess
import threading
import time

import pytest

from harness import entra
from harness.process import wait_for
from harness.site import USER, Site
from harness.store_client import StoreClient, StoreError, change_id, now
from harness.watch import AWAY, running


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "tokend"), relay=False)) as started:
        started.numbers = iter(range(1, 100000))
        started.entra.consent(True)
        yield started


def ask(site, op, **members):
    client = StoreClient(site, "tokend")
    try:
        return client.call(dict(members, op=op))
    finally:
        client.close()


class Flow:
    """A customer of a user of its own that has pressed Start."""

    def __init__(self, site, start=True):
        self.site, self.key = site, "t%d" % next(site.numbers)
        self.mailbox = self.key + "@customer.test"
        site.entra.user(self.mailbox, tenant=entra.TENANT, password=entra.PASSWORD)
        site.cli("-i", input="%s %s\n" % (self.key, self.mailbox), check=True)
        self.link = site.cli("-n", self.key, check=True).stdout.strip().rsplit("/", 1)[1]
        self.id = site.record(self.key)["id"]
        self.code = self.start() if start else None

    def start(self):
        return ask(self.site, "start", link=self.link)["user_code"]

    def sign_in(self):
        self.site.entra.sign_in(self.code, self.mailbox)
        return self

    def authenticated(self):
        return self.site.wait_status(self.key, "device_authenticated")

    def error(self, code, status="sign_in_started"):
        """Waits for that last_error; its words."""
        def told():
            error = (self.site.record(self.key) or {}).get("last_error")
            return error and error["code"] == code and error["text"]
        text = wait_for("last_error " + code, told)
        assert self.site.status(self.key) == status
        return text

    def types(self):
        return [event["type"] for event in self.site.events(self.key)]


def test_slow_down(site):
    flow = Flow(site)
    site.entra.fault("token", error="slow_down")
    wait_for("slow_down", lambda: any(row.get("error") == "slow_down"
                                      for row in site.entra.log("token")))
    count = len(site.entra.log("token"))
    time.sleep(3.5)
    assert len(site.entra.log("token")) == count
    flow.sign_in().authenticated()


@pytest.mark.parametrize("error", (None, "bad_verification_code"))
def test_start_when_a_code_is_just_over(site, error):
    """What is over is no answer: who presses then gets a new code, once Microsoft has said that the old one is."""
    site.entra.config(interval=60, device_code_lifetime=2)
    try:
        flow = Flow(site)
    finally:
        site.entra.config(interval=1, device_code_lifetime=900)
    if error:
        site.entra.fault("token", error=error)
    time.sleep(2.5)
    fresh = ask(site, "start", link=flow.link)
    assert fresh["user_code"] != flow.code and fresh["expires_in"] > 800
    assert flow.types()[-3:] == ["sign_in_started", "sign_in_failed", "sign_in_started"]
    flow.code = fresh["user_code"]
    flow.sign_in().authenticated()


def test_lost_answer_with_the_token(site):
    """Nobody can get it any more, and the words say so; another start works."""
    site.watch.announce("sign_in_error code=")
    flow = Flow(site)
    site.entra.fault("token", times=0, grant="device_code", close=True)
    flow.sign_in()
    time.sleep(2.5)
    site.entra.clear_faults()
    assert "was lost on its way here" in flow.error("answer_lost")
    time.sleep(1)
    flow.code = flow.start()
    flow.sign_in().authenticated()


def test_killed_between_answer_and_commit(site):
    """The token was on its way: the next look tells that the code is used up. It was redeemed once."""
    flow = Flow(site)
    site.entra.fault("token", times=0, grant="device_code", delay_ms=4000)
    flow.sign_in()
    wait_for("the poll that redeems", lambda: site.entra.call(
        "GET", "/_sim/state?user_code=" + flow.code)["flows"][0]["state"] == "redeemed")
    site.daemons["tokend"].kill()
    site.entra.clear_faults()
    site.daemons["tokend"].start()
    assert "was lost on its way here" in flow.error("answer_lost")
    issued = [row["form"]["device_code"] for row in site.entra.log("token")
              if row["status"] == 200 and "device_code" in (row.get("form") or {})]
    assert len(issued) == len(set(issued))
    time.sleep(1)
    flow.code = flow.start()
    flow.sign_in().authenticated()


def test_no_refresh_token(site):
    flow = Flow(site)
    site.entra.fault("token", times=0, grant="device_code", drop_refresh_token=True)
    flow.sign_in()
    assert "offline_access" in flow.error("token_missing", "failed")
    site.entra.clear_faults()


def test_signing_keys_change(site):
    flow = Flow(site)
    site.entra.call("POST", "/_sim/rotate_keys", {"drop_old": True})
    flow.sign_in().authenticated()


GRAPH = {
    "busy": (dict(times=2, status=503), "http_503", True),
    "access token run out": (dict(status=401, body="{}"), None, True),
    "permissions missing": (dict(times=0, status=403, body="{}"), "http_403", False),
    "another account": (dict(times=0, me={"id": "dddddddd-0000-4000-8000-000000000009"}),
                        "account_mismatch", False),
}


@pytest.mark.parametrize("label", GRAPH)
def test_graph(site, label):
    fault, code, good = GRAPH[label]
    site.watch.announce("sign_in_error code=")
    flow = Flow(site)
    site.entra.fault("me", **fault)
    flow.sign_in()
    if good:
        flow.authenticated()
    else:
        flow.error(code, "failed" if code == "account_mismatch" else "sign_in_started")
    site.entra.clear_faults()


def test_killed_while_polling(site):
    """Who asks for the code before the flow's turn to be read gets the same one."""
    flows = [Flow(site) for _ in range(20)]
    site.daemons["tokend"].kill()
    site.daemons["tokend"].start()
    assert [flow.start() for flow in flows] == [flow.code for flow in flows]
    assert ask(site, "ping")["flows"] >= 20
    flows[0].sign_in().authenticated()
    for flow in flows[1:]:
        site.cli("-d", flow.id, check=True)


def test_killed_while_acquiring(site):
    site.watch.announce("sign_in_error code=")
    flow = Flow(site)
    site.entra.fault("me", times=0, status=503)
    flow.sign_in()
    flow.error("http_503")
    site.daemons["tokend"].kill()
    site.entra.clear_faults()
    site.daemons["tokend"].start()
    flow.authenticated()


def test_id_token_ends_while_graph_is_away(site):
    """It was of the right time when it came: what it says stays proved, however long the rest is away."""
    site.watch.announce("sign_in_error code=")
    flow, end = Flow(site), int(time.time()) - 290 + 5
    site.entra.fault("token", times=0, grant="device_code", id_token={"exp": end})
    site.entra.fault("me", times=0, status=503)
    flow.sign_in()
    flow.error("http_503")
    site.daemons["tokend"].kill()
    time.sleep(max(0, end + 301 - time.time()))
    site.entra.clear_faults()
    site.daemons["tokend"].start()
    flow.authenticated()


def test_two_open_invitations_of_one_customer(site):
    """Nothing tells whose tenant it is: the first sign-in does, for the other invitation, too."""
    site.watch.announce("store_refused event=device_authenticated")
    store = StoreClient(site)
    made = [store.call({"op": "open", "change": change_id(), "customer_id": "one-customer",
                        "mailbox": mailbox + "@nowhere.test"})["invitation"] for mailbox in "ab"]

    def sign_in(invitation, upn):
        link = invitation["auth_url"].rsplit("/", 1)[1]
        site.entra.sign_in(ask(site, "start", link=link)["user_code"], upn)
    sign_in(made[0], entra.STRANGER)
    site.wait_status(made[0]["id"], "device_authenticated")
    sign_in(made[1], entra.SERVICE)
    record = wait_for("last_error", lambda: store.call(
        {"op": "get", "id": made[1]["id"]})["invitation"].get("last_error"))
    assert entra.OTHER_TENANT in record["text"] and "not kept" in record["text"]
    time.sleep(1)
    sign_in(made[1], entra.STRANGER)
    site.wait_status(made[1]["id"], "device_authenticated")
    store.close()


def test_random_kills(site):
    """Of tokend and store: every sign-in becomes a token, or its customer is told to start again."""
    site.watch.announce(AWAY, "sign_in_error code=", "store_busy")
    flows = [Flow(site, start=False) for _ in range(10)]
    stopping = threading.Event()

    def kill():
        for pause, name in zip((.2, .7, .4, .9, .3, .6), ("tokend", "tokend", "store") * 2):
            time.sleep(pause)
            site.daemons[name].kill()
            site.daemons[name].start()
        stopping.set()

    killer = threading.Thread(target=kill)
    killer.start()
    client = StoreClient(site, "tokend")
    waiting, deadline = list(flows), time.monotonic() + 90
    while waiting:
        assert time.monotonic() < deadline, [site.record(flow.key) for flow in waiting]
        for flow in list(waiting):
            try:
                flow.code = client.call({"op": "start", "link": flow.link})["user_code"]
                flow.sign_in()
            except StoreError as error:
                if "signed in" in str(error) and stopping.is_set() and \
                        site.status(flow.key) == "device_authenticated":
                    waiting.remove(flow)
            except OSError:
                pass
            time.sleep(.05)
    killer.join()
    client.close()
    for flow in flows:
        assert flow.types().count("device_authenticated") == 1


def test_stopped_with_an_answer_on_its_way(site):
    """A stop waits for it: it may hold a token."""
    flow = Flow(site)
    site.entra.fault("token", times=0, grant="device_code", delay_ms=1500)
    flow.sign_in()
    wait_for("the poll that redeems", lambda: site.entra.call(
        "GET", "/_sim/state?user_code=" + flow.code)["flows"][0]["state"] == "redeemed")
    assert site.daemons["tokend"].stop() == 0
    site.entra.clear_faults()
    site.daemons["tokend"].start()
    flow.authenticated()


def test_store_away_while_somebody_signs_in(site):
    site.watch.announce(AWAY)
    flow = Flow(site)
    site.daemons["store"].kill()
    flow.sign_in()
    time.sleep(2.5)
    site.daemons["store"].start()
    flow.authenticated()


def test_revoked_flow_ends(site):
    flow = Flow(site)
    count = ask(site, "ping")["flows"]
    site.cli("-d", flow.id, check=True)
    wait_for("its end", lambda: ask(site, "ping")["flows"] < count)
    with pytest.raises(StoreError, match="withdrawn"):
        ask(site, "start", link=flow.link)


@pytest.mark.parametrize("event", (
    {"type": "consent", "consent": "granted", "consent_source": "mail"},
    {"type": "consent_hint", "text": "forwarded by hand"}), ids=("proved", "hint"))
def test_consent_mail_makes_it_poll_at_once(site, event):
    site.entra.config(interval=30)
    try:
        flow = Flow(site).sign_in()
    finally:
        site.entra.config(interval=1)
    begin = time.monotonic()
    StoreClient(site).call({"op": "apply", "change": change_id(), "id": flow.id,
                            "event": dict(event, at=now())})
    flow.authenticated()
    assert time.monotonic() - begin < 8


@pytest.mark.parametrize("fault", (dict(), dict(close=True)), ids=("no such code", "answer lost"))
def test_a_state_is_good_for_one_try(site, fault):
    flow = Flow(site).sign_in()
    flow.authenticated()
    url = ask(site, "confirm", link=flow.link)["url"]
    state = re.search("state=([^&]*)", url).group(1)
    if fault:
        site.entra.fault("token", grant="authorization_code", **fault)
    reply = ask(site, "callback", state=state, code="no-such-code")
    assert reply["outcome"] == "failed" and reply["text"], json.dumps(reply)
    with pytest.raises(StoreError, match="used already"):
        ask(site, "callback", state=state, code="no-such-code")
    site.entra.clear_faults()
    assert site.status(flow.key) == "device_authenticated"


@pytest.mark.parametrize("members", (
    {}, {"state": "x"}, {"state": "A" * 22, "code": "x"}, {"state": "A" * 5000},
    {"state": "../../../../aaaaaaaaaa", "code": "x"}))
def test_callbacks_of_nobody(site, members):
    with pytest.raises(StoreError):
        ask(site, "callback", **members)


def test_no_code_is_logged(site):
    flow = Flow(site)
    assert flow.code not in site.logs()
    assert not [secret for secret in site.entra.secrets() if secret in site.logs()]
    site.cli("-d", flow.id, check=True)


def test_a_second_one_leaves_the_socket_alone(site):
    second = subprocess.run(site.daemons["tokend"].command, capture_output=True, timeout=20)
    assert second.returncode != 0
    assert "flows" in ask(site, "ping")


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_what_a_kill_leaves_is_replaced_without_root(site):
    tokend, user = site.daemons["tokend"], pwd.getpwnam(USER)
    path = os.path.join(site.folder, "run", "tokend")
    tokend.kill()
    assert os.stat(path).st_uid == user.pw_uid
    command = tokend.command
    tokend.command = ["setpriv", "--reuid", str(user.pw_uid), "--regid", str(user.pw_gid),
                      "--clear-groups", "--", *command]
    try:
        tokend.start()
        assert "flows" in ask(site, "ping")
        assert tokend.stop() == 0 and not os.path.exists(path)
    finally:
        tokend.command = command
    tokend.start()
