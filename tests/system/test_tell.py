"""What tokend tells: webhooks to the platform, mails to the Service account."""

import json
import os
import re
import shutil
import subprocess
import time
from html import unescape

import pytest

from harness.process import TOP, wait_for
from harness.receiver import Receiver
from harness.relay import parse
from harness.site import Site
from harness.store_client import StoreClient, change_id, now
from harness.watch import running

SENDER = "postinvite@relay.provider.test"
FAILED = r"webhook_failed "


def owned(path):
    shutil.chown(path, "nobody")
    os.chmod(path, 0o600)


class Telling(Site):
    """A site with a receiver of webhooks and a sendmail_command."""

    def __init__(self, **settings):
        super().__init__(webhook_url="http://127.0.0.1:1/", webhook_key_file="$vault_key_file",
                         notify_sender="postinvite@$myhostname", myhostname="relay.provider.test",
                         brand_name="Anbieter für Telefonie", **settings)
        key = os.path.join(self.config, "webhook.key")
        shutil.copy(os.path.join(self.config, "link.key"), key)
        owned(key)
        submit = os.path.join(self.folder, "submit.py")
        shutil.copy(os.path.join(TOP, "tests", "harness", "submit.py"), submit)
        self.receiver = Receiver(key)
        self.write_config(
            self.read_config()
            .replace("http://127.0.0.1:1/", self.receiver.url)
            .replace("= $vault_key_file", "= $config_directory/webhook.key") +
            "sendmail_command = /usr/bin/python3 %s %d %s\n" % (
                submit, self.relay.port if self.relay else 1, self.folder))

    def start(self):
        self.receiver.start()
        return super().start()

    def stop(self):
        statuses = super().stop()
        self.receiver.stop()
        assert not self.receiver.faults, self.receiver.faults
        return statuses

    def apply(self, store, invitation, kind, **members):
        store.call({"op": "apply", "change": change_id(), "id": invitation,
                    "event": dict(members, type=kind, at=now())})


@pytest.fixture(scope="module")
def site():
    with running(Telling(reminder_intervals="3s 6s", auto_reinvite="yes")) as started:
        yield started


@pytest.fixture
def store(site):
    client = StoreClient(site)
    yield client
    client.close()


def sequences(store, invitation):
    return [event["sequence"] for event in store.history(invitation)]


def all_told(site, store, invitations, seconds=40):
    """Every event of the history, in its order, at least once."""
    wanted = {invitation: sequences(store, invitation) for invitation in invitations}
    try:
        wait_for("the platform to know everything", lambda: all(
            site.receiver.of(name) == numbers for name, numbers in wanted.items()), seconds)
    except TimeoutError:
        raise AssertionError({name: (site.receiver.of(name), numbers)
                              for name, numbers in wanted.items()
                              if site.receiver.of(name) != numbers})


def test_platform_is_told(site, store):
    record = store.open("hook@customer.test")
    site.apply(store, record["id"], "link_seen")
    all_told(site, store, [record["id"]])
    event = [e for e in site.receiver.taken if e["invitation"] == record["id"]][-1]
    assert event["event"]["type"] == "link_seen" and event["status"] == "pending"
    assert event["record"]["invitation_email"] == "hook@customer.test"
    assert "auth_url" not in event["record"]
    assert record["auth_url"].rsplit("/", 1)[1] not in str(event)


def test_failing_one_does_not_hold_up_others(site, store):
    bad, good = store.open("bad@customer.test")["id"], store.open("good@customer.test")["id"]
    all_told(site, store, [bad, good])
    site.watch.announce(FAILED)
    answers = iter([500, 302, None])
    site.receiver.answer = lambda event: next(answers, 200) if event["invitation"] == bad else 200
    before = len(site.receiver.tries)
    site.apply(store, bad, "link_seen")
    wait_for("the failing one to be tried", lambda: len(site.receiver.tries) > before)
    for kind in ("link_opened", "link_seen"):
        site.apply(store, bad, kind)
        site.apply(store, good, kind)
    all_told(site, store, [good], 3)
    assert len(site.receiver.of(bad)) == 1
    all_told(site, store, [bad])
    mine = [event["sequence"] for event in site.receiver.tries[before:]
            if event["invitation"] == bad]
    assert mine == [mine[0]] * 4 + sorted(set(mine[4:])), mine
    site.receiver.answer = lambda event: 200


def test_kills_lose_nothing(site, store):
    site.watch.announce(FAILED, r"the store \(unix:", r"tokend \(unix:", "store_busy")
    names = [store.open("kill%d@customer.test" % n)["id"] for n in range(12)]
    count = [0]

    def answer(event):
        count[0] += 1
        time.sleep(0.02)
        return None if count[0] % 7 == 0 else 503 if count[0] % 11 == 0 else 200

    site.receiver.answer = answer
    for turn in range(6):
        for name in names:
            site.apply(store, name, ("link_seen", "link_opened")[turn % 2])
        victim = site.daemons["store" if turn == 3 else "tokend"]
        time.sleep(0.1 * turn)
        victim.kill()
        if turn == 4:
            for name in names:
                site.apply(store, name, "link_seen")
        victim.start()
        store.close()
    site.receiver.answer = lambda event: 200
    all_told(site, store, names, 60)
    for name in names:
        assert site.receiver.of(name) == sorted(site.receiver.of(name))


def test_bad_configuration_is_told(site):
    for settings, words in (
            (["webhook_url=http://elsewhere.example/"], "https://"),
            (["webhook_key_file="], "needs webhook_key_file"),
            (["webhook_key_file=/nowhere"], "webhook_key_file"),
            (["notify_sender=platform@provider.test"], "welcome_senders"),
            (["notify_sender=nobody"], "not an address"),
            (["sendmail_command=sendmail"], "absolute path"),
            (["reminder_intervals=2d, soon"], "not a time"),
            (["template_directory=/nowhere"], "template_directory")):
        command = site.daemons["tokend"].command + ["-t"]
        for setting in settings:
            command += ["-o", setting]
        result = subprocess.run(command, capture_output=True, text=True, timeout=20)
        assert result.returncode == 78 and words in result.stderr, (settings, result.stderr)


def mails_of(site, address, subject):
    return [mail for mail in map(parse, site.relay.mails(address)) if subject in mail["Subject"]]


def check_mail(site, mail, link, address):
    assert mail["From"].addresses[0].addr_spec == SENDER
    assert mail["From"].addresses[0].display_name == "Anbieter für Telefonie"
    assert mail["To"] == address and mail["Auto-Submitted"] == "auto-generated"
    assert mail["Return-Path"] == "<%s>" % SENDER
    assert mail["Message-ID"].endswith("@relay.provider.test>") and mail["Date"]
    assert mail.get_content_type() == "multipart/alternative"
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert re.findall(r"https?://\S+", text) == [link]
    assert re.findall(r'href="([^"]+)"', html) == [link]
    page = re.sub(r"<style>.*</style>|</?bdi>", "", html, flags=re.S)
    visible = " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())
    for sentence in text.replace(link, "").split("\n\n"):
        assert " ".join(sentence.split()).rstrip(":") in visible, (sentence, visible)
    assert not re.search(r"\{\{|\n\n\n", text), text


def kinds(site, address):
    return [event["kind"] for event in site.events(address) if event["type"] == "notified"]


def test_reminders(site):
    address = "remind@customer.test"
    customer = site.invite(address)
    time.sleep(1)
    assert not mails_of(site, address, "still open")
    wait_for("two reminders", lambda: len(mails_of(site, address, "still open")) == 2, 20)
    for mail in mails_of(site, address, "still open"):
        check_mail(site, mail, customer.link, address)
    time.sleep(2)
    assert len(mails_of(site, address, "still open")) == 2
    assert kinds(site, address) == ["reminder", "reminder"]
    record = site.record(address)
    assert record["status"] == "email_sent" and record["email_sent_count"] == 1


def test_restart_neither_loses_nor_doubles_a_reminder(site):
    address = "restart@customer.test"
    site.watch.announce(r"tokend \(unix:")
    site.invite(address)
    time.sleep(1)
    for pause in (1.2, 0.8, 2.5, 1):
        site.daemons["tokend"].kill()
        site.daemons["tokend"].start()
        time.sleep(pause)
    wait_for("two reminders", lambda: len(mails_of(site, address, "still open")) >= 2, 20)
    time.sleep(1)
    assert len(mails_of(site, address, "still open")) == 2


def test_progress_stops_reminders(site):
    started, revoked = "service@started.test", "revoked@customer.test"
    site.entra.tenant("started.test")
    site.invite(started).start()
    site.invite(revoked)
    site.cli("-d", site.record(revoked)["id"], check=True)
    time.sleep(7)
    for address in (started, revoked):
        assert not mails_of(site, address, "still open"), address


def test_continue_once_a_day(site):
    address = "service@approved.test"
    tenant = site.entra.tenant("approved.test")
    customer = site.invite(address)
    site.entra.mail("approved", to=address)
    site.wait_status(address, "consent_granted")
    wait_for("the mail", lambda: mails_of(site, address, "approved, please sign in once more"))
    time.sleep(1.5)
    site.entra.mail("approved", to=address)
    time.sleep(4)
    found = mails_of(site, address, "approved, please sign in once more")
    assert len(found) == 1 and kinds(site, address) == ["continue"]
    check_mail(site, found[0], customer.link, address)
    # The link in it is the invitation's.
    site.entra.consent(tenant=tenant)
    code = customer.start()
    customer.enter(code)
    site.wait_status(address, "device_authenticated")
    wait_for("the platform to know", lambda: any(
        event["event"]["type"] == "device_authenticated" for event in site.receiver.taken))
    told = json.dumps(site.receiver.tries) + "".join(
        raw.decode() for raw in site.relay.mails(address))
    for secret in [code] + site.entra.secrets():
        assert secret not in told


def test_reinvite_once_a_refusal(site, store):
    address = "service@again.test"
    record = store.open(address)
    site.apply(store, record["id"], "device_authenticated", signed_in_as=address,
               signed_in_tenant="t", signed_in_oid="o", granted_scopes="openid", confirm=False)
    for _ in range(2):
        site.apply(store, record["id"], "token_refused", code="invalid_grant", text="password changed")
    wait_for("the mail", lambda: mails_of(site, address, "please sign in again"))
    # A kill before tokend has seen sendmail's end would leave the history without it.
    wait_for("the history", lambda: kinds(site, address) == ["reinvite"])
    site.daemons["tokend"].kill()
    site.daemons["tokend"].start()
    time.sleep(2)
    found = mails_of(site, address, "please sign in again")
    assert len(found) == 1
    check_mail(site, found[0], record["auth_url"], address)
    assert kinds(site, address) == ["reinvite"]


def test_no_continue_while_a_code_is_alive(site):
    address = "service@alive.test"
    site.entra.tenant("alive.test")
    customer = site.invite(address)
    customer.start()
    site.entra.mail("approved", to=address)
    site.wait_status(address, "consent_granted")
    time.sleep(2)
    assert not mails_of(site, address, "sign in once more")


def test_refused_mail_is_tried_again(site):
    address = "refused@customer.test"
    site.watch.announce(r"mail_failed kind=reminder .*exit status 1: no space left in the queue")
    refuse = os.path.join(site.folder, "refuse")
    open(refuse, "w").close()
    try:
        site.invite(address)
        wait_for("the refusal", lambda: "mail_failed" in site.daemons["tokend"].text(), 10)
    finally:
        os.unlink(refuse)
    assert kinds(site, address) == []
    # The pause behind a refusal is a minute; a restart looks at once.
    site.daemons["tokend"].stop()
    site.daemons["tokend"].start()
    wait_for("the mail", lambda: mails_of(site, address, "still open"), 10)


def test_postfix_takes_our_mail_from_its_own_queue(site):
    """By sendmail(1) it passes non_smtpd_milters, and is no Welcome mail."""
    address = "local@customer.test"
    site.invite(address)
    wait_for("a reminder", lambda: mails_of(site, address, "still open"), 15)
    raw = site.relay.mails(address)[-1]
    body = raw[raw.index(b"Date:"):]
    other = "elsewhere@customer.test"
    subprocess.run(["/usr/sbin/sendmail", "-C", os.path.join(site.folder, "conf"), "-i", "-f", SENDER,
                    "--", other], input=body, check=True, timeout=20)
    assert site.relay.wait_mail(other).endswith(body[body.index(b"\n\n"):])
    assert site.record(other) is None


def test_bounce_of_our_mail_is_harmless(site, store):
    address = "gone@customer.test"
    record = store.call({"op": "open", "change": change_id(), "mailbox": address,
                         "email": {"message_id": "x@provider.test", "queue_id": "ABC"}})["invitation"]
    wait_for("the bounce", lambda: site.relay.mails(SENDER), 20)
    assert any(b"multipart/report" in raw for raw in site.relay.mails(SENDER))
    time.sleep(0.5)
    after = site.record(address)
    assert after["id"] == record["id"] and after["delivery"] == "none"


def reported(store, name):
    """A number that the programs have reported, and tokend's finding about webhooks."""
    reports = store.call({"op": "reports"})
    found = {part["part"]: part for program in reports["programs"] for part in program["health"]}
    return reports["metrics"].get("postinvite_tokend_" + name, 0), found.get("webhook", {})


def test_it_is_counted(site, store):
    """What a killed tokend had not reported yet is not."""
    for name in ('webhooks_total{outcome="taken"}', "webhook_seconds_count", 'mails_total{outcome="sent"}',
                 'mails_total{outcome="refused"}'):
        wait_for(name, lambda: reported(store, name)[0] > 0, 15, 0.5)
    assert reported(store, "")[1]["state"] == "ok"


@pytest.fixture(scope="module")
def lonely():
    with running(Telling(daemons=("store", "tokend"), relay=False, webhook_lifetime="1s",
                         reminder_intervals="")) as started:
        yield started


def dead_letters(client, **more):
    return client.call(dict({"op": "dead_letters"}, **more))["dead_letters"]


def test_dead_letters(lonely):
    lonely.watch.announce(FAILED, "dead_letter=", "dead_letters count=")
    store, tokend = StoreClient(lonely), StoreClient(lonely)
    tokend.path = os.path.join(lonely.folder, "run", "tokend")
    lonely.receiver.answer = lambda event: 500
    name = store.open("dead@customer.test")["id"]
    lonely.apply(store, name, "link_seen")
    numbers = sequences(store, name)
    wait_for("both events to be given up", lambda: len(dead_letters(tokend)) == len(numbers), 30)
    listed = dead_letters(tokend)
    assert [letter["sequence"] for letter in listed] == numbers
    assert {letter["invitation"] for letter in listed} == {name}
    assert listed[0]["type"] == "created" and "500" in listed[0]["reason"]
    assert dead_letters(tokend, after=listed[0]["id"]) == listed[1:]

    wait_for("the number", lambda: reported(store, "dead_letters")[0] == len(numbers), 15, 0.5)
    assert reported(store, 'webhooks_total{outcome="dead_letter"}')[0] == len(numbers)
    assert reported(store, 'webhooks_total{outcome="refused"}')[0] >= len(numbers)
    finding = reported(store, "")[1]
    assert finding["state"] == "warn" and "%d events were given up" % len(numbers) in finding["text"]

    # Survives a kill; a retry that fails changes nothing.
    tokend.close()
    lonely.daemons["tokend"].kill()
    lonely.daemons["tokend"].start()
    assert dead_letters(tokend, retry=listed[0]["id"]) == listed
    before = len(lonely.receiver.tries)
    wait_for("the retry", lambda: len(lonely.receiver.tries) > before, 5)
    time.sleep(0.3)
    assert [letter["id"] for letter in dead_letters(tokend)] == [letter["id"] for letter in listed]

    lonely.receiver.answer = lambda event: 200
    dead_letters(tokend, retry="all")
    wait_for("the dead letters to be told", lambda: not dead_letters(tokend), 5)
    assert lonely.receiver.of(name) == numbers
    # What comes later goes its usual way.
    lonely.apply(store, name, "link_opened")
    all_told(lonely, store, [name], 10)
    tokend.close()
    store.close()


def test_long_absence_is_caught_up(lonely):
    lonely.watch.announce("dead_letters count=", "restored; following")
    store = StoreClient(lonely)
    lonely.daemons["tokend"].stop()
    names = [store.open("away%d@customer.test" % n)["id"] for n in range(40)]
    for name in names:
        for kind in ("link_seen", "link_opened"):
            lonely.apply(store, name, kind)
    lonely.daemons["tokend"].start()
    all_told(lonely, store, names)
    assert len(lonely.receiver.taken) == len({event["id"] for event in lonely.receiver.taken})
    store.close()


def test_store_that_was_put_back(lonely):
    """From a backup: what comes then has the numbers of what was told before."""
    lonely.watch.announce(FAILED, "dead_letters count=", "restored; following", "store_behind")
    store, state = StoreClient(lonely), os.path.join(lonely.folder, "state")
    name = store.open("restored@customer.test")["id"]
    all_told(lonely, store, [name])
    lonely.daemons["store"].stop()
    subprocess.run(["cp", "-a", state, state + ".backup"], check=True)
    shutil.rmtree(os.path.join(state + ".backup", "vault"))
    lonely.daemons["store"].start()
    store = StoreClient(lonely)
    lonely.apply(store, name, "link_seen")
    all_told(lonely, store, [name])
    lonely.receiver.answer = lambda event: 500
    tries = len(lonely.receiver.tries)
    lonely.apply(store, name, "link_opened")
    wait_for("a webhook that is refused", lambda: len(lonely.receiver.tries) > tries, 5)
    lonely.daemons["tokend"].stop()
    lonely.daemons["store"].stop()

    os.rename(os.path.join(state, "vault"), os.path.join(state + ".backup", "vault"))
    shutil.rmtree(state)
    os.rename(state + ".backup", state)
    lonely.receiver.answer = lambda event: 200
    taken = len(lonely.receiver.taken)
    for daemon in lonely.daemons.values():
        daemon.start()
    wait_for("tokend to see it", lambda: "store_behind" in lonely.daemons["tokend"].text(), 5)
    lonely.apply(StoreClient(lonely), name, "link_opened")
    wait_for("the webhook", lambda: [event["event"]["type"]
                                     for event in lonely.receiver.taken[taken:]
                                     if event["invitation"] == name] == ["link_opened"], 10)
