"""The policy service and its look-ups, as SMTP clients and postmap(1) see them through a real Postfix."""

import contextlib
import os
import re
import resource
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import time

import pytest

from harness import sasl
from harness.authority import Authority
from harness.process import free_port, program, wait_for
from harness.site import PLATFORM, Site
from harness.store_client import StoreClient
from harness.watch import AWAY, running

SUBMITTER = "127.0.0.3"
OPEN = "anybody@open.test"  # fits an @domain entry


def add_port(relay, *options):
    """One more smtpd with options of its own, before start; returns its port."""
    port = free_port()
    with open(os.path.join(relay.folder, "conf/master.cf"), "a") as file:
        file.write("127.0.0.1:%d inet n - n - - smtpd\n" % port)
        file.writelines("  -o { %s }\n" % option for option in options)
    return port


POLICY = "check_policy_service unix:postinvite/policy"
PERMIT = "smtpd_recipient_restrictions = permit_mynetworks, reject"


def prepared():
    site = Site(daemons=("store", "milter", "policy"),
                welcome_senders=PLATFORM + " @open.test",
                welcome_submitters="net:%s sasl:platform cn:platform-relay" % SUBMITTER)
    relay = site.relay
    sasl.add_logins(relay, {"platform": "secret1", "other": "secret2"})
    site.ca = Authority(os.path.join(site.folder, "ca"))
    sasl.add_tls(relay, site.ca)
    site.data_port = add_port(relay, PERMIT, "smtpd_data_restrictions = " + POLICY)
    site.eom_port = add_port(relay, PERMIT, "smtpd_end_of_data_restrictions = " + POLICY)
    site.mail_port = add_port(relay, PERMIT, "smtpd_delay_reject = no",
                              "smtpd_sender_restrictions = " + POLICY)
    # spawn(8) runs it as a user who may not be able to traverse the way to the checkout.
    binary = os.path.join(site.folder, "postinvite-policy")
    shutil.copy(program("postinvite-policy"), binary)
    with open(os.path.join(relay.folder, "conf/master.cf"), "a") as file:
        file.write("spawned unix - n n - 0 spawn user=nobody argv=%s -s -c %s\n" % (
            binary, site.config))
    site.spawn_port = add_port(
        relay, "smtpd_recipient_restrictions = check_policy_service unix:private/spawned, "
               "permit_mynetworks, reject")
    site.route_port = add_port(
        relay, "smtpd_recipient_restrictions = check_recipient_access pipemap:{socketmap:"
               "unix:postinvite/lookup:invitations,inline:{{revoked=REJECT customer has left}}}, "
               "permit_mynetworks, reject")
    return site


@pytest.fixture(scope="module")
def site():
    with running(prepared()) as started:
        started.mailboxes = ("m%d@customer.test" % n for n in range(1, 1000))
        yield started


@pytest.fixture
def mailbox(site):
    """One that no test used yet."""
    return next(site.mailboxes)


@contextlib.contextmanager
def smtp(site, source="127.0.0.1", port=None, tls=None, login=None):
    """A session; tls: True, or the files (certificate, key) of the client."""
    with smtplib.SMTP("127.0.0.1", port or site.relay.port, timeout=60,
                      source_address=(source, 0)) as session:
        if tls:
            context = ssl.create_default_context(cafile=site.ca.certificate)
            context.check_hostname = False
            if tls is not True:
                context.load_cert_chain(*tls)
            session.starttls(context=context)
        if login:
            session.login(*login)
        yield session


def rcpt(site, recipient, sender=PLATFORM, **how):
    """What RCPT is answered: (code, text)."""
    with smtp(site, **how) as session:
        session.ehlo_or_helo_if_needed()
        assert session.mail(sender)[0] == 250
        code, text = session.rcpt(recipient)
        assert len(text) < 200 + len(recipient) + 40 and b"\n" not in text, text
        return code, text.decode()


def send(site, recipient, sender=PLATFORM, source=SUBMITTER, **how):
    """Submits a Welcome mail; returns the answers that refused it, or None."""
    message = site.welcome(recipient if isinstance(recipient, str) else recipient[0])
    try:
        with smtp(site, source=source, **how) as session:
            session.sendmail(sender, recipient, message.replace("\n", "\r\n"))
    except smtplib.SMTPRecipientsRefused as refused:
        code, text = list(refused.recipients.values())[0]
        return code, text.decode()
    except smtplib.SMTPDataError as refused:
        return refused.smtp_code, refused.smtp_error.decode()
    return None


def logged(site, pattern, offset=0):
    return wait_for(pattern, lambda: re.search(pattern, site.daemons["policy"].text(offset)))


@contextlib.contextmanager
def settings(site, **values):
    """With these in force."""
    good = site.read_config()

    def reload(text):
        site.write_config(text)
        offset = len(site.daemons["policy"].logged())
        site.daemons["policy"].signal(signal.SIGHUP)
        logged(site, "reloaded", offset)
    reload(good + "".join("%s = %s\n" % item for item in values.items()))
    try:
        yield
    finally:
        reload(good)


def request(sender=PLATFORM, recipient="raw@customer.test", client=SUBMITTER, **more):
    """One of Postfix's requests at RCPT, as bytes."""
    attributes = dict(request="smtpd_access_policy", protocol_state="RCPT", protocol_name="ESMTP",
                      client_address=client, client_name="unknown", sender=sender,
                      recipient=recipient, queue_id="", sasl_username="", ccert_subject="",
                      encryption_protocol="", **more)
    return "".join("%s=%s\n" % item for item in attributes.items()).encode() + b"\n"


@contextlib.contextmanager
def raw(site, name="policy"):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(os.path.join(site.folder, "queue/postinvite", name))
        yield connection


def answer(connection):
    text = b""
    while not text.endswith(b"\n\n"):
        part = connection.recv(4096)
        if not part:
            raise ConnectionError("closed behind %r" % text)
        text += part
    return text.decode()


def test_a_stranger_is_refused(site, mailbox):
    offset = len(site.daemons["policy"].logged())
    for sender in PLATFORM, PLATFORM.upper():
        code, text = rcpt(site, mailbox, sender)
        assert code == 550 and text.startswith("5.7.1 <%s>: " % mailbox), text
        assert text.endswith("or use another sender address")
    logged(site, "NOQUEUE: policy sender=%s recipient=%s client=127.0.0.1 login=- action=refused "
                 "reason=stranger\n" % (PLATFORM, mailbox), offset)


@pytest.mark.parametrize("sender", ("", OPEN, "platform@provider.test.example", "a@provider.test"))
def test_mail_of_others_passes(site, mailbox, sender):
    """The null sender's, too, and what fits an @domain entry only, also by a stranger."""
    assert rcpt(site, mailbox, sender)[0] == 250


def test_who_may_submit(site, mailbox):
    """An address, a login, a client certificate that Postfix trusts; each alone is enough."""
    ours = site.ca.issue("platform-relay")
    somebodys = site.ca.issue("somebody")
    forged = Authority(os.path.join(site.folder, "forged")).issue("platform-relay")
    for label, how, good in (
            ("address", dict(source=SUBMITTER), True),
            ("login", dict(login=("platform", "secret1")), True),
            ("login over TLS", dict(tls=True, login=("platform", "secret1")), True),
            ("another login", dict(login=("other", "secret2")), False),
            ("certificate", dict(tls=ours), True),
            ("another certificate", dict(tls=somebodys), False),
            ("another CA's", dict(tls=forged), False),
            ("TLS alone", dict(tls=True), False)):
        code, text = rcpt(site, mailbox, **how)
        assert code == (250 if good else 550), (label, text)
    logged(site, "policy sender=.* recipient=%s .* login=other action=refused reason=stranger\n" % mailbox)
    assert send(site, mailbox, source="127.0.0.1", login=("platform", "secret1")) is None
    site.relay.wait_mail(mailbox)
    assert site.record(mailbox)["email_sent_count"] == 1
    assert send(site, mailbox, source="127.0.0.1", tls=ours) is None
    site.relay.wait_mail(mailbox, 2)
    assert site.record(mailbox)["email_sent_count"] == 2


def test_tls_is_required(site, mailbox):
    with settings(site, welcome_require_tls="yes"):
        code, text = rcpt(site, mailbox, source=SUBMITTER)
        assert code == 530 and text.startswith("5.7.0 ") and "STARTTLS" in text
        assert rcpt(site, mailbox, source=SUBMITTER, tls=True)[0] == 250
        assert rcpt(site, mailbox, OPEN)[0] == 250
        assert rcpt(site, mailbox)[0] == 550
    assert rcpt(site, mailbox, source=SUBMITTER)[0] == 250


def test_resend(site, mailbox):
    """The second waits, is told how long, and is taken then. Tries cost nothing."""
    with settings(site, resend_interval="3s"):
        for _ in range(3):
            assert rcpt(site, mailbox, source=SUBMITTER)[0] == 250
        assert send(site, mailbox) is None
        code, text = send(site, mailbox)
        assert code == 450 and text.startswith("4.7.1 "), text
        seconds = int(re.search(r"send again in (\d+) s$", text).group(1))
        assert 1 <= seconds <= 3
        assert send(site, mailbox.upper())[0] == 450
        assert rcpt(site, next(site.mailboxes), source=SUBMITTER)[0] == 250
        time.sleep(seconds)
        assert send(site, mailbox) is None
        assert site.record(mailbox)["email_sent_count"] == 2
        assert send(site, mailbox)[0] == 450
    assert len(site.relay.mails(mailbox)) <= 2


def test_daily_limit(site, mailbox):
    with settings(site, recipient_daily_limit="2"):
        assert send(site, mailbox) is None
        assert send(site, mailbox) is None
        code, text = send(site, mailbox)
        assert code == 450 and re.search(r"as a day allows: send again in 2[34] h \d+ min$", text)
        assert rcpt(site, mailbox, OPEN)[0] == 250
    assert send(site, mailbox) is None


def test_revoked(site, mailbox):
    assert send(site, mailbox) is None
    site.cli("-d", mailbox, check=True)
    code, text = send(site, mailbox)
    assert code == 550 and text.startswith("5.7.1 ") and "was revoked" in text
    site.cli("-i", input="%s %s\n" % (mailbox, mailbox), check=True)
    assert send(site, mailbox) is None
    site.cli("-d", mailbox, check=True)
    assert send(site, mailbox)[0] == 550
    site.cli("-n", mailbox, check=True)
    assert send(site, mailbox) is None


def test_unknown_customer(site, mailbox):
    with settings(site, require_known_customer="yes"):
        code, text = send(site, mailbox)
        assert code == 550 and text.startswith("5.7.1 ") and "not in the customers table" in text
        assert rcpt(site, mailbox, OPEN)[0] == 250
        site.cli("-i", input="known %s\n" % mailbox.upper(), check=True)
        assert send(site, mailbox) is None
    site.cli("-d", "known", check=True)


def test_store_away(site, mailbox):
    """Welcome mail waits, all else passes at once, and it goes on by itself."""
    site.watch.announce("the store .*gave no answer")
    site.daemons["store"].stop()
    begin = time.monotonic()
    for sender in OPEN, "", "anybody@elsewhere.test":
        assert rcpt(site, mailbox, sender)[0] == 250
    assert rcpt(site, mailbox)[0] == 550
    assert time.monotonic() - begin < 4
    code, text = rcpt(site, mailbox, source=SUBMITTER)
    assert code == 450 and text.startswith("4.3.0 ") and text.endswith("send again in a minute")
    assert time.monotonic() - begin < 15
    site.daemons["store"].start()
    assert rcpt(site, mailbox, source=SUBMITTER)[0] == 250


@pytest.mark.parametrize("stage", ("data", "eom"))
def test_later_stages(site, mailbox, stage):
    """The same answers; the mail is not yet recorded when it is asked for."""
    port = getattr(site, stage + "_port")
    with settings(site, resend_interval="5m"):
        assert send(site, mailbox, port=port) is None
        code, text = send(site, mailbox, port=port)
        assert code == 450 and "send again in 5 min" in text or "send again in 300 s" in text
        assert send(site, mailbox, OPEN, source="127.0.0.1", port=port) is None
        code, text = send(site, mailbox, source="127.0.0.1", port=port)
        assert code == 550 and "5.7.1" in text
    if stage == "eom":
        logged(site, r"[0-9A-F]{6,}: policy sender=%s recipient=%s" % (PLATFORM, mailbox))


@pytest.mark.parametrize("stage", ("data", "eom"))
def test_several_recipients(site, mailbox, stage):
    """Their names are not known then: the policy lets it pass, the milter refuses a Welcome mail."""
    site.watch.announce("exactly one recipient")
    port = getattr(site, stage + "_port")
    with settings(site, require_known_customer="yes"):
        code, text = send(site, [mailbox, next(site.mailboxes)], port=port)
        assert code == 550 and "exactly one recipient" in text
        with smtp(site, SUBMITTER, port=port) as session:
            session.sendmail(PLATFORM, [mailbox, next(site.mailboxes)], "Subject: x\r\n\r\nx\r\n")
        code, text = send(site, [mailbox, next(site.mailboxes)], source="127.0.0.1", port=port)
        assert code == 550 and "another sender address" in text


def test_where_it_cannot_work(site, mailbox):
    """Is said once, and nobody's mail suffers."""
    offset = len(site.daemons["policy"].logged())
    site.watch.announce("asked at MAIL")
    for _ in range(3):
        assert rcpt(site, mailbox, port=site.mail_port)[0] == 250
    said = re.findall(r"asked at MAIL, .*: check_policy_service belongs first into "
                      r"smtpd_recipient_restrictions", site.daemons["policy"].text(offset))
    assert len(said) == 1


def test_spawned(site, mailbox):
    """By spawn(8), for each smtpd a process of its own."""
    assert rcpt(site, mailbox, port=site.spawn_port)[0] == 550
    assert rcpt(site, mailbox, OPEN, port=site.spawn_port)[0] == 250
    assert rcpt(site, mailbox, port=site.spawn_port, source=SUBMITTER)[0] == 250
    site.cli("-i", input="spawned %s\n" % mailbox, check=True)
    site.cli("-n", "spawned", check=True)
    site.cli("-d", "spawned", check=True)
    code, text = rcpt(site, mailbox, port=site.spawn_port, source=SUBMITTER)
    assert code == 550 and "was revoked" in text


def test_stream(site):
    """Standard input may be a pipe or a file; the end of it is the end."""
    command = [program("postinvite-policy"), "-s", "-c", site.config]
    text = request() + request(client="127.0.0.1") + request(OPEN)
    want = r"action=DUNNO\n\naction=550 .*\n\naction=DUNNO\n\n"
    result = subprocess.run(command, input=text, capture_output=True, timeout=20)
    assert (result.returncode, result.stderr) == (0, b"")
    assert re.fullmatch(want, result.stdout.decode()), result.stdout
    path = os.path.join(site.folder, "requests")
    with open(path, "wb") as file:
        file.write(text)
    with open(path, "rb") as file:
        result = subprocess.run(command, stdin=file, capture_output=True, timeout=20)
    assert (result.returncode, result.stderr) == (0, b"")
    assert re.fullmatch(want, result.stdout.decode()), result.stdout


def test_requests_in_pieces_and_many_at_once(site):
    with raw(site) as connection:
        for byte in request(client="127.0.0.1", future_attribute="x=y"):
            connection.send(bytes([byte]))
        assert answer(connection).startswith("action=550 5.7.1 ")
        connection.sendall(request(OPEN) * 3 + request() + request(OPEN)[:50])
        connection.sendall(request(OPEN)[50:])
        got = b""
        while got.count(b"\n\n") < 5:
            got += connection.recv(4096)
        assert got == b"action=DUNNO\n\n" * 5


@pytest.mark.parametrize("label, text", {
    "no attribute": b"request=smtpd_access_policy\nhello\n\n",
    "another request": b"request=junk\nsender=x\n\n",
    "empty": b"\n\n",
    "SMTP": b"EHLO somebody\r\n\n\n",
    "endless": b"request=smtpd_access_policy\nx=" + b"y" * 40000,
    "bytes": bytes(range(128, 256)) * 10 + b"\n\n",
}.items())
def test_malformed_requests(site, label, text):
    """Are logged, their connection is closed, others are not affected."""
    site.watch.announce("policy_listen: malformed request, connection closed: ")
    offset = len(site.daemons["policy"].logged())
    with raw(site) as other, raw(site) as connection:
        connection.sendall(text)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(100) == b""
        logged(site, "malformed request", offset)
        other.sendall(request(OPEN))
        assert answer(other) == "action=DUNNO\n\n"


@pytest.mark.parametrize("recipient", ("\udcff\udc80@customer.test", "x" * 600 + "@customer.test",
                                       "M\u00fcller@customer.test", "postmaster"))
def test_odd_recipients(site, recipient):
    """No text for the store, or none that it knows."""
    with raw(site) as connection:
        attributes = request(recipient="RECIPIENT")
        connection.sendall(attributes.replace(b"RECIPIENT", recipient.encode(
            "utf-8", "surrogateescape")))
        assert answer(connection) == "action=DUNNO\n\n"


def memory(daemon):
    with open("/proc/%d/status" % daemon.pid) as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def test_idle_connections_are_kept(site, mailbox, record_property):
    """Thousands of them, each a few hundred bytes, and all still answered."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(3000, hard - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 200), hard))
    with contextlib.ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        before = memory(site.daemons["policy"])
        connections = [stack.enter_context(raw(site)) for _ in range(count)]
        for connection in connections:
            connection.sendall(request(OPEN))
            assert answer(connection) == "action=DUNNO\n\n"
        grown = memory(site.daemons["policy"]) - before
        record_property("figures", "%d idle connections: %d bytes each" % (count, grown * 1024 // count))
        assert grown < count, "over a KB for each"
        assert rcpt(site, mailbox, source=SUBMITTER)[0] == 250
        time.sleep(2)
        for connection in connections:
            connection.sendall(request())
        for connection in connections:
            assert answer(connection) == "action=DUNNO\n\n"
    assert site.daemons["policy"].alive()


def test_stop_answers_what_is_under_way(site):
    """And leaves alone the sockets of its successor, who does not wait for that."""
    site.watch.announce(AWAY, "gave no answer")
    daemon = site.daemons["policy"]
    site.daemons["store"].stop()
    with raw(site) as waiting, raw(site) as idle:
        idle.sendall(request(OPEN))
        assert answer(idle) == "action=DUNNO\n\n"
        waiting.sendall(request())
        time.sleep(.3)
        daemon.signal(signal.SIGTERM)
        assert idle.recv(10) == b""
        for name in "policy", "lookup":
            assert not os.path.exists(os.path.join(site.folder, "queue/postinvite", name))
        stopping = daemon.child
        daemon.start()
        stopping.send_signal(signal.SIGTERM)
        stopping.send_signal(signal.SIGHUP)
        assert answer(waiting).startswith("action=DEFER_IF_PERMIT 4.3.0 ")
        assert waiting.recv(10) == b""
    assert stopping.wait(10) == 0
    for name in "policy", "lookup":
        with raw(site, name):
            pass
    site.daemons["store"].start()


def test_a_second_one_disturbs_nobody(site):
    result = subprocess.run([program("postinvite-policy"), "-c", site.config], timeout=20,
                            capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert result.returncode == 78 and "another process listens there" in result.stderr
    for name in "policy", "lookup":
        with raw(site, name):
            pass


def test_a_verbose_one(site):
    """What passes is logged where a Welcome mail's sender is named, and for nobody else."""
    sockets = {name: "%s/run/%s.verbose" % (site.folder, name) for name in ("policy", "lookup")}
    verbose = subprocess.Popen(
        [program("postinvite-policy"), "-v", "-c", site.config,
         *(word for name in sockets for word in ("-o", "%s_listen=unix:%s" % (name, sockets[name])))],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        wait_for("the socket", lambda: os.path.exists(sockets["lookup"]))
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(sockets["policy"])
            for sender in OPEN, PLATFORM:
                connection.sendall(request(sender))
                assert answer(connection) == "action=DUNNO\n\n"
    finally:
        verbose.terminate()
        lines = verbose.communicate(timeout=20)[1]
    assert re.findall(r"debug: (.*)", lines) == [
        "NOQUEUE: policy sender=%s recipient=raw@customer.test client=%s login=- action=passed" % (PLATFORM, SUBMITTER)]


def test_sockets_change_at_the_next_start_only(site):
    site.watch.announce("change at the next start")
    with settings(site, lookup_listen="unix:%s/run/elsewhere" % site.folder):
        with raw(site, "lookup"):
            pass


def test_counts(site):
    """What was answered, as the store hears of it."""
    client = StoreClient(site)

    def counted():
        reported = client.call({"op": "reports"})["metrics"]
        return {name: reported.get("postinvite_policy_" + name, 0) for name in (
            'requests_total{verdict="unrelated"}', 'requests_total{verdict="passed"}',
            'requests_total{verdict="stranger"}', "store_seconds_count",
            'lookups_total{outcome="not_found"}')}
    before = counted()
    with raw(site) as connection:
        for one in request(OPEN), request(), request(client="127.0.0.1"):
            connection.sendall(one)
            answer(connection)
    postmap(site, "nobody@customer.test")
    wait_for("the report", lambda: all(
        number > before[name] for name, number in counted().items()), 25, .5)
    client.close()


def postmap(site, key, name="invitations", keys=None):
    """In the queue directory, where Postfix's daemons are when they connect."""
    result = subprocess.run(
        ["postmap", "-c", os.path.join(site.folder, "conf"), "-q", key,
         "socketmap:unix:postinvite/lookup:" + name], input=keys, capture_output=True, text=True,
        timeout=60, cwd=os.path.join(site.folder, "queue"))
    return result.returncode, result.stdout.rstrip("\n"), result.stderr


def test_postmap(site, mailbox):
    site.cli("-i", input="mapped %s tenant=mapped.test\n" % mailbox, check=True)
    for key in "mapped", mailbox, mailbox.upper():
        assert postmap(site, key) == (0, "not_invited", "")
    assert send(site, mailbox) is None
    for key in "mapped", mailbox:
        assert postmap(site, key) == (0, "email_sent", "")
    site.cli("-d", "mapped", check=True)
    assert postmap(site, mailbox) == (0, "revoked", "")
    for key in "nobody@customer.test", "customer.test", "mapped.test", "k" * 2000, "a b c":
        assert postmap(site, key) == (1, "", "")


def test_postmap_reads_keys(site):
    lines = "".join("bulk%d bulk%d@customer.test\n" % (n, n) for n in range(500))
    site.cli("-i", input=lines, check=True)
    keys = "".join("bulk%d@customer.test\nnobody%d@customer.test\n" % (n, n) for n in range(500))
    assert postmap(site, "-", keys=keys)[1].splitlines() == [
        "bulk%d@customer.test\tnot_invited" % n for n in range(500)]


def test_postmap_of_another_map(site):
    code, out, err = postmap(site, "x", "customers")
    assert code == 1 and out == "" and "there is no such map" in err


def test_postmap_without_store(site, mailbox):
    site.watch.announce("lookup_listen: action=deferred")
    site.daemons["store"].stop()
    code, out, err = postmap(site, mailbox)
    assert code == 1 and out == "" and "the invitation store is away" in err
    site.daemons["store"].start()
    assert postmap(site, mailbox) == (1, "", "")


def test_a_route_by_status(site, mailbox):
    """main.cf can do something about it."""
    assert rcpt(site, mailbox, OPEN, port=site.route_port)[0] == 250
    assert send(site, mailbox) is None
    assert rcpt(site, mailbox, OPEN, port=site.route_port)[0] == 250
    site.cli("-d", mailbox, check=True)
    code, text = rcpt(site, mailbox, OPEN, port=site.route_port)
    assert code == 554 and text.endswith("customer has left")


@pytest.mark.parametrize("text", (b"x:y,", b"99999:invitations x,", b"13;invitations x,",
                                  b"13:invitations x!", b"11:invitations,"))
def test_malformed_look_ups(site, text):
    site.watch.announce("lookup_listen: malformed request, connection closed: ")
    with raw(site, "lookup") as connection:
        connection.sendall(b"13:invitations x," + text)
        got = b""
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(100):
                got += part
        assert got in (b"9:NOTFOUND ,", b"")
