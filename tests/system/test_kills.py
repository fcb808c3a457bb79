"""Kill -9 under load. Clients keep a log of their own of what was acknowledged to them; afterwards
nothing of it may be missing and nothing may be there twice."""

import json
import os
import random
import smtplib
import threading
import time

import pytest

from harness.process import wait_for
from harness.site import PLATFORM, Site
from harness.store_client import StoreClient, change_id, now
from harness.watch import AWAY, running

KILLS = ["store"] * 10 + ["milter"] * 4 + ["tokend"] * 3 + ["wizard"] * 3
RECOVERY_LIMIT = 1.0  # seconds until the store serves again; generous beside what is measured
EVENT_CLIENTS = 4
MAIL_CLIENTS = 3
FLOWS = 3


class Worker(threading.Thread):
    """Repeats `step(number)` until told to stop; what it raises fails the test. Each
    acknowledged step is a line of its log, on disk before the next step."""

    def __init__(self, site, name):
        super().__init__(name=name, daemon=True)
        self.site, self.stopping, self.fault = site, threading.Event(), None
        self.path = os.path.join(site.folder, "acknowledged." + name)

    def run(self):
        try:
            number = 0
            with open(self.path, "w") as self.log:
                while not self.stopping.is_set():
                    self.step(number)
                    number += 1
        except Exception as fault:  # shown by finish()
            self.fault = fault

    def acknowledge(self, *what):
        self.log.write(json.dumps(what) + "\n")
        self.log.flush()
        os.fsync(self.log.fileno())

    def finish(self):
        self.stopping.set()
        self.join(60)
        assert not self.is_alive(), self.name + " hangs"
        if self.fault:
            raise self.fault
        with open(self.path) as log:
            return [json.loads(line) for line in log]


class Events(Worker):
    """Opens invitations, counts mails and applies events, each change under an id that is
    repeated until it is answered; now and then an answer is lost on the way."""

    def __init__(self, site, name):
        super().__init__(site, name)
        self.client, self.mailbox, self.invitation = StoreClient(site), None, None

    def change(self, number, **request):
        request["change"] = change_id()
        if number % 7 == 0:
            try:
                self.client.send(request)
            except OSError:
                pass
            self.client.close()
        return self.client.call(request)["invitation"]

    def step(self, number):
        if number % 50 == 0:
            self.mailbox = "%s-%d@events.test" % (self.name, number)
            self.invitation = self.change(number, op="open", mailbox=self.mailbox)["id"]
        if number % 3 == 0:
            # Without a Message-ID nothing but the change id tells two mails from one.
            self.change(number, op="open", mailbox=self.mailbox, email={"queue_id": "Q%d" % number})
            self.acknowledge("mail", self.invitation, number)
        mark = "%s %d" % (self.name, number)
        record = self.change(number, op="apply", id=self.invitation, event={
            "type": "validated", "at": now(), "validation": mark})
        assert record["validation"] == mark
        self.acknowledge("event", self.invitation, mark)


class Mails(Worker):
    """Sends Welcome mails as the platform does: again, until the relay has taken it."""

    def step(self, number):
        mailbox = "%s-%d@mails.test" % (self.name, number // 3)
        message_id = "%s-%d@provider.test" % (self.name, number)
        message = self.site.welcome(mailbox, message_id=message_id).replace("\n", "\r\n")
        deadline = time.monotonic() + 60
        while True:
            try:
                self.site.relay.send(PLATFORM, mailbox, message)
                break
            except (smtplib.SMTPException, OSError) as fault:
                code = getattr(fault, "smtp_code", 451)
                if code >= 500 or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self.acknowledge("mail", mailbox, message_id)


class Subscriber(Worker):
    """Gets every event, across the store's restarts, in order and once."""

    def __init__(self, site, name):
        super().__init__(site, name)
        self.client, self.since, self.marks = StoreClient(site), None, {}
        self.subscribed = threading.Event()

    def step(self, number):
        try:
            if not self.client.connection:
                self.subscribe()
            kind, item = self.client.receive()
        except OSError:
            self.client.close()
            time.sleep(0.01)
            return
        assert kind == "V" and item["sequence"] > self.since, item
        self.since = item["sequence"]
        if item["event"]["type"] == "validated":
            self.marks.setdefault(item["id"], []).append(item["event"]["validation"])

    def subscribe(self):
        request = {"op": "subscribe"}
        if self.since is not None:
            request["since"] = self.since
        reply = self.client.once(request)
        if self.since is None:
            self.since = reply["sequence"]
        self.client.connection.settimeout(1)
        self.subscribed.set()


class Pages(Worker):
    """Looks at a page of the wizard again and again; while something is away it may fail, but
    only by saying so."""

    def __init__(self, site, name, customer):
        super().__init__(site, name)
        self.customer = customer

    def step(self, number):
        try:
            page = self.customer.page()
            assert page.status in (200, 503), page.status
        except OSError:
            pass
        time.sleep(0.05)


@pytest.fixture(scope="module")
def site():
    with running(Site()) as started:
        yield started


def serve_again(site):
    """Starts the killed store; seconds until it has answered."""
    client = StoreClient(site)
    begin = time.monotonic()
    site.daemons["store"].start(wait=False)
    client.call({"op": "ping"}, seconds=15, pause=0.002)
    took = time.monotonic() - begin
    client.close()
    return took


def kill_them(site, random_):
    """The kills; returns how long the store took after each of its own."""
    kills = KILLS[:]
    random_.shuffle(kills)
    took = []
    for name in kills:
        time.sleep(random_.uniform(0.1, 0.8))
        before = {other: daemon.pid for other, daemon in site.daemons.items() if other != name}
        site.daemons[name].kill()
        if name == "store":
            took.append(serve_again(site))
        else:
            site.daemons[name].start()
        for other, pid in before.items():
            assert site.daemons[other].alive() and site.daemons[other].pid == pid, other
    return took


def check_events(client, acknowledged, subscriber):
    """Every acknowledged event is in its history once, and nothing else is; the subscriber
    got the same."""
    wanted, mails = {}, {}
    for what, invitation, mark in acknowledged:
        (wanted if what == "event" else mails).setdefault(invitation, []).append(mark)
    for invitation, marks in mails.items():
        record = client.call({"op": "get", "id": invitation})["invitation"]
        assert record["email_sent_count"] == len(marks), "a change was applied twice, or lost"
    for invitation, marks in wanted.items():
        got = [event["validation"] for event in client.history(invitation)
               if event["type"] == "validated"]
        assert got == marks, "invitation %s: %d acknowledged, %d there" % (
            invitation, len(marks), len(got))
        assert subscriber.marks.get(invitation) == marks, "the subscriber saw something else"
    return len(acknowledged)


def check_mails(client, acknowledged):
    """One invitation a mailbox, each Message-ID counted once."""
    counts = {}
    for _, mailbox, _ in acknowledged:
        counts[mailbox] = counts.get(mailbox, 0) + 1
    for mailbox, count in counts.items():
        customers = client.call({"op": "find", "key": mailbox})["customers"]
        assert len(customers) == 1
        invitation = customers[0]["invitation"]
        assert invitation["email_sent_count"] == count, mailbox
        sent = [event for event in client.history(invitation["id"])
                if event["type"] == "email_sent"]
        # A mail that was refused after it was recorded came again, under another queue id.
        assert len({event["message_id"] for event in sent}) == count, mailbox
    return len(acknowledged)


def begin_flows(site):
    """Customers who have a code, and did not enter it yet."""
    flows = []
    for number in range(FLOWS):
        domain = "flow%d.test" % number
        site.entra.tenant(domain, consent_granted=True)
        customer = site.invite("service@" + domain)
        flows.append((customer, customer.start()))
    return flows


def finish_flow(site, customer, code):
    """Enters the code. Should tokend have died in the moment between Microsoft's answer and its own
    seal, that token is gone with it, and the customer presses the button again."""
    if "signed in" not in customer.enter(code).text:
        customer.enter(customer.start())
    site.wait_status(customer.upn, "device_authenticated", 30)
    types = [event["type"] for event in site.events(customer.upn)]
    assert types.count("device_authenticated") == 1


def test_nothing_is_lost_and_nothing_doubled(site, record_property):
    seed = random.randrange(1 << 32)
    random_ = random.Random(seed)
    flows = begin_flows(site)
    workers = [Events(site, "events%d" % i) for i in range(EVENT_CLIENTS)] + \
        [Mails(site, "mails%d" % i) for i in range(MAIL_CLIENTS)]
    pages = Pages(site, "pages", flows[0][0])
    subscriber = Subscriber(site, "subscriber")
    subscriber.start()
    assert subscriber.subscribed.wait(10)
    # What a program says of another that is away is expected here, and only that.
    site.watch.announce(AWAY)
    for worker in workers + [pages]:
        worker.start()
    took = kill_them(site, random_)
    time.sleep(0.5)
    logs = {worker.name: worker.finish() for worker in workers}
    pages.finish()
    time.sleep(0.5)
    subscriber.finish()
    client = StoreClient(site)
    events = sum(check_events(client, log, subscriber)
                 for name, log in logs.items() if "events" in name)
    mails = sum(check_mails(client, log) for name, log in logs.items() if "mails" in name)
    client.close()
    for customer, code in flows:
        finish_flow(site, customer, code)
    took.sort()
    record_property("figures", "%d kills (seed %d): %d events and %d mails acknowledged, all there "
                    "once; the store served again after %.0f ms median, %.0f ms at worst" % (
                        len(KILLS), seed, events, mails, 1000 * took[len(took) // 2],
                        1000 * took[-1]))
    assert events > 100 and mails > 20, "that was no load"
    assert took[-1] < RECOVERY_LIMIT


def test_the_cli_takes_over_where_no_store_runs(site):
    """The same engine in the CLI's own process, when it can take the lock; a store that starts
    meanwhile waits for it."""
    before = site.cli("-s", check=True).stdout
    site.watch.announce(AWAY)
    assert site.daemons["store"].stop() == 0
    assert site.cli("-s", check=True).stdout == before
    link = site.cli("-n", "offline@cli.test", check=True).stdout.strip()
    assert link.startswith(site.wizard_url)
    site.daemons["store"].start()
    assert site.cli("-a", "offline@cli.test", check=True).stdout.strip() == link


def test_daemons_start_in_any_order(site):
    site.watch.announce(AWAY)
    for daemon in site.daemons.values():
        daemon.stop()
    names = list(site.daemons)
    for name in reversed(names):
        site.daemons[name].start(wait=False)
        time.sleep(0.2)
    for name in names:
        wait_for(name, lambda: site.daemons[name].alive())
    customer = wait_for("mail to be taken", lambda: invited(site), 20)
    assert customer.page().status == 200


def invited(site):
    try:
        return site.invite("service@order.test")
    except (smtplib.SMTPException, OSError):
        return None
