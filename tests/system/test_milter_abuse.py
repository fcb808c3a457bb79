"""What speaks to the milter's socket is not always a Postfix that works: any order of commands, garbage, connections that
end anywhere, and messages of every size. The daemon lives, serves who comes next, and stays small."""

import concurrent.futures
import os
import random
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

from harness.process import program, wait_for
from harness.site import PLATFORM, Site
from harness.watch import running

RSS_MAX_MB = 150
VERSION, ACTIONS, STEPS = 6, 0x1ff, 0x1fffff
BODY_CHUNK = 65535
ACCEPT, CONTINUE, SKIP, PROGRESS, REPLACE = b"a", b"c", b"s", b"p", b"b"


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "milter"), welcome_subject="^Welcome", link_fallback="append",
                      consent_address="consent@invite.test", bounce_address="bounce@invite.test")) as started:
        yield started


class Peer:
    """The other end of the milter's protocol, well behaved or not."""

    def __init__(self, site, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(os.path.join(site.folder, "queue/postinvite/milter"))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def raw(self, data):
        self.socket.sendall(data)

    def command(self, name, data=b""):
        self.raw(struct.pack("!I", len(data) + 1) + name + data)

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def reply(self):
        length = struct.unpack("!I", self._exactly(4))[0]
        data = self._exactly(length)
        return data[:1], data[1:]

    def negotiate(self, steps=STEPS):
        self.command(b"O", struct.pack("!III", VERSION, ACTIONS, steps))
        name, data = self.reply()
        assert name == b"O"
        return struct.unpack("!III", data[:12])[2]


def text(*words):
    return b"".join(word if isinstance(word, bytes) else word.encode() for word in words) + b"\0"


def welcome(recipient, body, fields=(), subject="Welcome"):
    """The commands of one message of the platform's, from connection to end."""
    yield b"C", text("client.test") + b"4" + struct.pack("!H", 25) + text("127.0.0.1")
    yield b"M", text("<%s>" % PLATFORM)
    yield b"R", text("<%s>" % recipient)
    for name, value in [("Subject", " " + subject), *fields]:
        yield b"L", text(name) + text(value)
    yield b"N", b""
    for start in range(0, len(body), BODY_CHUNK):
        yield b"B", body[start:start + BODY_CHUNK]
    yield b"E", b""


# What is answered although the milter may be silent at most steps.
SILENT = {b"C": 0x1000, b"M": 0x4000, b"R": 0x8000, b"L": 0x80}


def converse(peer, commands, steps):
    """Runs them in order; returns the last answers: [(name, data)] of the end of the message."""
    skip = False
    for name, data in commands:
        if skip and name == b"B":
            continue
        peer.command(name, data)
        if name == b"E":
            answers = []
            while not answers or answers[-1][0] not in b"actrdy":
                answers.append(peer.reply())
            return answers
        if not SILENT.get(name, 0) & steps:
            answer = peer.reply()[0]
            if answer == ACCEPT:
                return [(answer, b"")]
            skip = skip or answer == SKIP
    return []


def new_body(answers):
    return b"".join(data for name, data in answers if name == REPLACE)


def serves(site, recipient):
    """A proper Welcome mail gets its link."""
    with Peer(site) as peer:
        steps = peer.negotiate()
        answers = converse(peer, welcome(recipient, b"Open {{InvitationLink}}\r\n"), steps)
        assert answers[-1][0] in (ACCEPT, CONTINUE)
        assert new_body(answers).startswith(b"Open " + site.wizard_url.encode() + b"/i/")


def memory(site, name="VmHWM"):
    with open("/proc/%d/status" % site.daemons["milter"].pid) as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) / 1024


@pytest.fixture(autouse=True)
def lives(site, request):
    """After each test the same process is there, serves, and has never been large."""
    pid = site.daemons["milter"].pid
    yield
    site.watch.announce("welcome .*action=", "bounce_address .*action=", "consent.* action=")
    assert site.daemons["milter"].alive() and site.daemons["milter"].pid == pid
    serves(site, "service@after-%d.test" % (hash(request.node.name) % 10**9))
    assert memory(site) < RSS_MAX_MB


def until_it_ends(peer):
    """Reads what comes until the other end closes."""
    peer.socket.settimeout(0.2)
    try:
        while peer.socket.recv(65536):
            pass
    except (OSError, EOFError):
        pass


@pytest.mark.parametrize("seed", range(8))
def test_commands_in_any_order(site, seed):
    choice = random.Random(seed)
    pool = [*welcome("service@order.test", b"x" * 100), (b"O", struct.pack("!III", VERSION, ACTIONS, STEPS)),
            (b"D", b"C" + text("j") + text("mx")), (b"D", b"M" + text("{auth_authen}") + text("platform")),
            (b"H", text("helo")), (b"T", b""), (b"A", b""), (b"K", b""), (b"Q", b""), (b"U", text("XYZZY")),
            (b"M", text("<>")), (b"M", b""), (b"R", b""), (b"R", text("<consent+aaaaaaaaaaaaaaaa@invite.test>")),
            (b"R", text("<bounce+%s@invite.test>" % ("a" * 34))), (b"L", text("From") + text(" azure-noreply@microsoft.com")),
            (b"L", text("Content-Type") + text(" multipart/report; report-type=delivery-status; boundary=b")), (b"L", b""), (b"L", text("no value")), (b"C", b""),
            (b"?", b"what"), (b"\0", b"")]
    for _ in range(60):
        with Peer(site) as peer:
            try:
                if choice.random() < 0.8:
                    peer.negotiate(choice.choice((0, STEPS, choice.getrandbits(21))))
                for _ in range(choice.randrange(1, 15)):
                    peer.command(*choice.choice(pool))
                peer.socket.shutdown(socket.SHUT_WR)
                until_it_ends(peer)
            except OSError:
                pass  # it hung up on us


@pytest.mark.parametrize("seed", range(4))
def test_garbage(site, seed):
    choice = random.Random(seed)
    for _ in range(60):
        with Peer(site) as peer:
            try:
                if choice.random() < 0.5:
                    peer.negotiate()
                peer.raw(choice.randbytes(choice.randrange(1, 5000)))
                peer.socket.shutdown(socket.SHUT_WR)
                until_it_ends(peer)
            except OSError:
                pass


def test_a_sender_that_does_not_fit(site):
    """It is nobody's, also behind a mail on the same connection whose sender may report on deliveries."""
    def mail(sender):
        return [(b"M", text("<%s>" % sender)), (b"R", text("<clerk@there.test>")), (b"L", text("Subject") + text(" Bill")),
                (b"N", b"")]
    with Peer(site) as peer:
        connect, steps = next(welcome("clerk@there.test", b"")), peer.negotiate()
        assert converse(peer, [connect, *mail("mailer-daemon@mx.test")], steps) == [], "its body is asked for"
        peer.command(b"A")
        assert converse(peer, mail("x" * 600 + "@mx.test"), steps) == [(ACCEPT, b"")]


@pytest.mark.parametrize("length", [0, 1, 0x7fffffff, 0xffffffff, 2**20 + 1])
def test_lengths_that_are_lies(site, length):
    for negotiated in (False, True):
        with Peer(site) as peer:
            try:
                if negotiated:
                    peer.negotiate()
                peer.raw(struct.pack("!I", length) + b"L" + b"x" * 100000)
                peer.socket.shutdown(socket.SHUT_WR)
                until_it_ends(peer)
            except OSError:
                pass


def test_the_connection_ends_at_each_step(site):
    commands = list(welcome("service@ends.test", b"Open {{InvitationLink}}\r\n" * 1000))
    for step in range(len(commands) + 1):
        for half in (False, True):
            with Peer(site) as peer:
                peer.negotiate()
                for name, data in commands[:step]:
                    peer.command(name, data)
                if half and step < len(commands):
                    name, data = commands[step]
                    peer.raw((struct.pack("!I", len(data) + 1) + name + data)[:3 + len(data) // 2])


def test_messages_one_after_the_other_and_abandoned(site):
    with Peer(site) as peer:
        steps = peer.negotiate()
        for number in range(50):
            commands = list(welcome("service@many.test", b"{{InvitationLink}}\r\n"))
            if number % 2:
                for name, data in commands[1:-1]:
                    peer.command(name, data)
                    if not SILENT.get(name, 0) & steps:
                        peer.reply()
                peer.command(b"A")
            else:
                answers = converse(peer, commands if number == 0 else commands[1:], steps)
                assert b"/i/" in new_body(answers)


def test_large_headers(site):
    big = [("X-Large", " " + "x" * 70000), ("X-Folded", " " + "y" * 990 + ("\n\t" + "y" * 990) * 70)]
    with Peer(site) as peer:
        answers = converse(peer, welcome("service@header.test", b"{{InvitationLink}}\r\n", big), peer.negotiate())
        assert b"/i/" in new_body(answers)
    site.watch.announce("header fields of more than")
    with Peer(site) as peer:
        answers = converse(peer, welcome("service@header.test", b"{{InvitationLink}}\r\n", big * 20), peer.negotiate())
        assert answers[-1][0] == b"y" and answers[-1][1].startswith(b"55"), answers[-1]


def ten_megabytes(number=0):
    head = (b"--b\r\nContent-Type: text/html\r\n\r\n<a href=\"{{InvitationLink}}\">x</a>\r\n"
            b"--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n")
    return head + (b"%076d\r\n" % number) * (10 * 1024 * 1024 // 78) + b"--b--\r\n"


MULTIPART = [("MIME-Version", " 1.0"), ("Content-Type", " multipart/mixed; boundary=b")]


def send_large(site, number, wrong):
    body = ten_megabytes(number)
    with Peer(site, 60) as peer:
        answers = converse(peer, welcome("service@large%d.test" % number, body, MULTIPART), peer.negotiate())
    got = new_body(answers)
    if got.replace(b"=\r\n", b"")[-10**6:] != body[-10**6:] or b"/i/" not in got:
        wrong.append(number)


def test_large_bodies(site):
    wrong = []
    for number in range(3):
        send_large(site, number, wrong)
    threads = [threading.Thread(target=send_large, args=(site, 10 + number, wrong)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def at_once(count, send):
    """send(number) for each number, all at the same time; what they return."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(send, range(count)))


def deliver(site, mailbox, body, fields, **more):
    """What becomes of a Welcome mail: is there a link, or how is it refused?"""
    with Peer(site, 90) as peer:
        answers = converse(peer, welcome(mailbox, body, fields, **more), peer.negotiate())
    return answers[-1][1][:3] if answers[-1][0] == b"y" else b"/i/" in new_body(answers)


HTML = [("Content-Type", " text/html")]


def html(size):
    body = b"<p>&amp; <b>text</b> {{InvitationLink}}</p>\r\n"
    line = b'<td class="x"><i>x</i> &lt; some text here</td>\r\n'
    return body + line * ((size - len(body)) // len(line))


@pytest.mark.parametrize("label,count,body,fields", [
    ("files", 20, ten_megabytes(), MULTIPART), ("texts", 12, html(3600000), HTML),
    ("many texts", 100, html(250000), HTML), ("smaller", 100, html(120000), HTML)],
    ids=["10 MB files", "3.6 MB texts", "250 KB texts", "120 KB texts"])
def test_large_mails_at_once(site, label, count, body, fields):
    mailbox = "service@crowd%%d.%s.test" % label.replace(" ", "")
    assert set(at_once(count, lambda number: deliver(site, mailbox % number, body, fields))) == {True}


def test_what_is_no_welcome_mail_waits_with_them_and_passes(site):
    body = ten_megabytes()

    def send(number):
        if number % 2:
            return deliver(site, "service@between%d.test" % number, body, MULTIPART)
        return deliver(site, "clerk%d@there.test" % number, body.replace(b"{{InvitationLink}}", b"."), MULTIPART,
                       subject="Bill")
    assert at_once(12, send) == [False, True] * 6


@pytest.mark.parametrize("count,more", [
    (100, b"--b\r\nContent-Type: text/plain\r\n\r\n" + b"<p>some text &amp; more</p>\r\n" * 40000),
    (50, b"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <a@b>\r\n" * 4600)], ids=["a text", "messages"])
def test_large_reports_of_strangers_at_once(site, count, more):
    body = (b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
            b"Final-Recipient: rfc822; a@b.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n" + more + b"--b--\r\n")
    commands = [(name, text("<>") if name == b"M" else data) for name, data in welcome("a@there.test", body, MULTIPART)]

    def send(_):
        with Peer(site, 60) as peer:
            return converse(peer, commands, peer.negotiate())[-1][0]
    assert set(at_once(count, send)) == {ACCEPT}


def test_large_mails_that_are_abandoned(site):
    """Neither a file nor a turn is left behind, wherever the connection ends."""
    def files():
        return len(os.listdir("/proc/%d/fd" % site.daemons["milter"].pid))
    before, body = files(), ten_megabytes()
    *commands, end = welcome("service@abandoned.test", body, MULTIPART)
    for steps in (10, len(commands)):
        for last in ((), (end,), (end, (b"A", b"")), ((b"A", b""),), ((b"Q", b""),)):
            with Peer(site) as peer:
                converse(peer, commands[:steps], peer.negotiate())
                for name, data in last:
                    peer.command(name, data)
    assert deliver(site, "service@behind.test", body, MULTIPART) is True
    wait_for("the files to be gone", lambda: files() <= before)


def test_a_postfix_that_does_not_read(site):
    """It does not keep large mails of others from their turn for long."""
    body = ten_megabytes()
    with Peer(site) as stuck:
        *commands, end = welcome("service@stuck.test", body, MULTIPART)
        converse(stuck, commands, stuck.negotiate())
        stuck.command(*end)
        time.sleep(1)
        assert deliver(site, "service@goes-on.test", b"{{InvitationLink}}\r\n", ()) is True
        begun = time.monotonic()
        assert deliver(site, "service@waits.test", body, MULTIPART) is True
        assert 10 < time.monotonic() - begun < 30


def with_var_tmp(options):
    """A site whose milter has a /var/tmp of its own, mounted with these options; and what runs another command so."""
    wrap = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o %s none /var/tmp && exec "$@"' % options, "sh"]
    works = subprocess.run([*wrap, "true"], capture_output=True, text=True)
    if works.returncode != 0:
        pytest.skip("no mount namespace here: " + works.stderr.strip())
    site = Site(daemons=("store", "milter"))
    site.daemons["milter"].command = [*wrap, *site.daemons["milter"].command]
    return site, wrap


def test_no_room_on_the_disk():
    """A large mail has to come again; the log says why, and others pass."""
    site, _ = with_var_tmp("size=64k")
    with running(site):
        site.watch.announce("action=refused reason=.keep a large mail in /var/tmp: No space left on device")
        assert deliver(site, "service@full.test", html(200000), HTML) == b"451"
        assert deliver(site, "service@full.test", html(100000), HTML) is True
        assert site.record("service@full.test")["email_sent_count"] == 1


def test_a_disk_that_takes_nothing():
    """That large mails are going to be refused is said by -t and at each start, before there is one."""
    site, wrap = with_var_tmp("ro")
    fault = "make a file for a large mail in /var/tmp: Read-only file system"
    warning = "warning: mails of the platform above 128 KB get 451: " + fault
    with running(site):
        site.watch.announce(warning, "action=refused reason=." + fault)
        assert warning in site.daemons["milter"].text()
        check = [program("postinvite-milter"), "-t", "-c", site.config]
        for command, warned in ((check, False), ([*wrap, *check], True)):
            result = subprocess.run(command, capture_output=True, text=True, timeout=30)
            assert result.returncode == 0 and (warning in result.stderr) == warned, result.stderr
        assert deliver(site, "service@full.test", html(200000), HTML) == b"451"
        assert deliver(site, "service@full.test", html(100000), HTML) is True


def test_a_stop_while_large_mails_wait():
    """The one whose turn it is may end; the others are asked to come again, at once."""
    with running(Site(daemons=("store", "milter"))) as site:
        site.watch.announce("action=refused")
        milter, store = site.daemons["milter"], site.daemons["store"]
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            store.signal(signal.SIGSTOP)
            sent = [pool.submit(deliver, site, "service@stop%d.test" % number, html(200000), HTML) for number in range(6)]
            time.sleep(1)
            milter.signal(signal.SIGTERM)
            begun = time.monotonic()
            refused = [future.result() for future in concurrent.futures.as_completed(sent)
                       if time.monotonic() - begun < 2]
            store.signal(signal.SIGCONT)
        assert len(refused) >= 5 and set(refused) <= {b"451", True}, refused


def test_a_large_text(site):
    with Peer(site, 60) as peer:
        body = b"<p>&amp; <b>text</b> {{InvitationLink}}</p>\r\n" + b"<i>x</i> &lt;\r\n" * 250000
        answers = converse(peer, welcome("service@text.test", body, [("Content-Type", " text/html")]),
                           peer.negotiate())
    assert b"/i/" in new_body(answers)


def test_many_texts_below_many_stale_fields(site):
    """What they sum up is wrong once one of the texts has its link, and goes once."""
    body = (b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n" + b"Lines: 1\r\n" * 8000 + b"\r\n"
            + b"--c\r\n\r\n{{InvitationLink}}\r\n" * 990 + b"--c--\r\n--b--\r\n")
    with Peer(site, 60) as peer:
        changed = new_body(converse(peer, welcome("service@stale.test", body, MULTIPART), peer.negotiate()))
    assert changed.count(b"/i/") == 990 and b"Lines:" not in changed


@pytest.mark.parametrize("depth", [40, 200, 5000])
def test_nesting(site, depth):
    body = b""
    for level in range(depth):
        body += b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (level, level + 1)
    body += b"--b%d\r\nContent-Type: text/plain\r\n\r\n{{InvitationLink}}\r\n" % depth
    fields = [("Content-Type", " multipart/mixed; boundary=b0")]
    with Peer(site) as peer:
        answers = converse(peer, welcome("service@deep%d.test" % depth, body, fields), peer.negotiate())
    # Below 50 levels nothing is looked into: a mail without the placeholder is passed on as it is.
    assert (b"/i/" in new_body(answers)) == (depth < 50)


LINK = b"--b\r\n\r\n{{InvitationLink}}\r\n"


@pytest.mark.parametrize("fields,body", [
    ([], LINK + b"--b\r\n\r\nx\r\n" * 1400000),
    ([], LINK + b"--b\r\n" + b"A:\r\n" * 3000000),
    ([], LINK + b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + b"A:\r\n" * 3000000),
    ([], LINK + b"--b\r\nContent-Type: text/plain" + b"; a=b" * 2000000),
    ([("Content-%d" % number, " x") for number in range(30000)], LINK),
    ([], LINK + (b"--b\r\nContent-Type: text/plain" + b";a=b" * 999
                 + b"\r\nContent-Disposition: inline" + b";a=b" * 999 + b"\r\n\r\n") * 1000),
    ([], LINK + b"--b\r\nContent-Type: message/rfc822\r\n\r\nTo: " + b"a," * 400000 + b"\r\n\r\n"),
    ([("DKIM-Signature", " d=provider.test")] * 30000, LINK),
], ids=["parts", "fields", "fields of a message", "parameters", "own fields", "parameters in many fields",
        "addresses", "signatures"])
def test_more_of_something_than_any_mail_has(site, fields, body):
    """It is refused, and soon: what reads it would need gigabytes and many seconds."""
    with Peer(site) as peer:
        answers = converse(peer, welcome("service@excess.test", body, MULTIPART + fields), peer.negotiate())
    assert answers[-1][0] == b"y" and answers[-1][1].startswith(b"550 5.6.0"), answers[-1]
    assert site.cli("-q", "service@excess.test").returncode == 1


def test_more_of_something_in_other_mail_of_the_platform(site):
    site.watch.announce("action=passed reason=.*more lines that may separate parts")
    log = b"--b\r\n\r\n" + b"-- a line of a log\r\n" * 6000
    with Peer(site) as peer:
        answers = converse(
            peer, welcome("service@excess.test", log, MULTIPART, subject="Tonight's log"), peer.negotiate())
    assert answers[-1] == (b"a", b""), answers[-1]


@pytest.mark.parametrize("fields,body", [
    ([], b"--b\r\nContent-Type: message/rfc822\r\n\r\nTo: " + b"a:" * 400000),
    ([("Subject", " 5" * 30000)], b"--b\r\n\r\n 5 5 5 5\r\n" * 40000),
    ([("Subject", " x"), ("From", " a:" * 100000)], b"To: " + b"a:" * 400000),
    ([], b"--b\r\nContent-Type: message/rfc822\r\n\r\nTo: " + b"a," * 400000),
    ([("Subject", " x"), ("From", " azure-noreply@microsoft.com" + ",a" * 29000), ("To", " a" + ",a" * 29000)],
     (b"To: " + b"a," * 2000 + b"\r\n\r\n") * 60),
], ids=["groups in a returned mail", "replies in many parts", "groups", "addresses in a returned mail", "addresses"])
def test_reports_of_strangers(site, fields, body):
    commands = [(name, text("<>") if name == b"M" else data)
                for name, data in welcome("someone@there.test", body, fields + MULTIPART)]
    with Peer(site) as peer:
        assert converse(peer, commands, peer.negotiate())[-1][0] == ACCEPT


def test_many_connections(site):
    peers = []
    try:
        for _ in range(150):
            peers.append(Peer(site))
            peers[-1].command(b"O", struct.pack("!III", VERSION, ACTIONS, STEPS))
        for peer in peers:
            assert peer.reply()[0] == b"O"
    finally:
        for peer in peers:
            peer.socket.close()
