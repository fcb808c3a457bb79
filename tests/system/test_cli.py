"""postinvite(1): each flag, its conventions and exit statuses, with a running store and on its own."""

import json
import os
import pwd
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from harness.process import program, wait_for
from harness.site import USER, Site
from harness.store_client import StoreClient, change_id, now
from harness.watch import LogWatch

CUSTOMERS = """\
# two customers
contoso   voice@contoso.test   full_name="Contoso Ltd" tenant=contoso.test
          m365_admin_email=it@contoso.test

fabrikam  phone@fabrikam.test
"""
NOT_INVITED = "not_invited\tvoice@contoso.test\t-\n"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def make_site(with_store):
    """A site without relay and simulator; its state is asked for, or opened by the CLI itself."""
    site = Site(daemons=("store",), relay=False)
    site.watch = LogWatch(site)
    if with_store:
        site.daemons["store"].start()
    return site


@pytest.fixture(params=["store", "alone"])
def site(request):
    site = make_site(request.param == "store")
    yield site
    try:
        statuses = site.stop()
        assert statuses["store"] in (0, None)
    finally:
        site.remove()


@pytest.fixture
def alone():
    """A site whose store is not started yet."""
    site = make_site(False)
    yield site
    try:
        site.stop()
    finally:
        site.remove()


def write(site, name, text):
    path = os.path.join(site.folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def quietly(result, stdout=""):
    """Done, without a word on stderr."""
    assert (result.returncode, result.stdout, result.stderr) == (0, stdout, "")


def silently_not_found(result):
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "")


def said(result, status, *words):
    """Ended with that status and a message that holds the words; nothing on stdout."""
    assert result.returncode == status, result
    assert result.stdout == ""
    assert all(line.startswith("postinvite: ") for line in result.stderr.splitlines()), result.stderr
    for word in words:
        assert word in result.stderr


def spawn(site, *arguments, **more):
    return subprocess.Popen([program("postinvite"), "-c", site.config, *arguments],
                            stdin=subprocess.PIPE, text=True, **more)


def test_load_and_look_up(site):
    quietly(site.cli(write(site, "customers", CUSTOMERS)))
    quietly(site.cli("-s"), "contoso\t" + NOT_INVITED +
            "fabrikam\tnot_invited\tphone@fabrikam.test\t-\n")
    for key in ("contoso", "voice@contoso.test", "contoso.test"):
        quietly(site.cli("-q", key), NOT_INVITED)
    silently_not_found(site.cli("-q", "nobody"))
    quietly(site.cli("-q", "-", input="nobody\ncontoso.test\r\n\ncontoso\n"),
            "contoso.test\t" + NOT_INVITED + "contoso\t" + NOT_INVITED)
    result = subprocess.run([program("postinvite"), "-c", site.config, "-q", "-"],
                            input=b"nobody\n\xff\n", capture_output=True, timeout=20)
    assert (result.returncode, result.stdout, result.stderr) == (
        1, b"", b"postinvite: warning: stdin: a key is not UTF-8 text, no such thing is known\n")


def test_a_file_replaces_the_table(site):
    quietly(site.cli(write(site, "a", CUSTOMERS)))
    quietly(site.cli(write(site, "b", "adatum a@adatum.test\n"),
                     write(site, "c", "contoso new@contoso.test\n")))
    quietly(site.cli("-s"), "adatum\tnot_invited\ta@adatum.test\t-\n"
                            "contoso\tnot_invited\tnew@contoso.test\t-\n")
    silently_not_found(site.cli("-q", "voice@contoso.test"))
    quietly(site.cli("-", input="wide w@wide.test\n"))
    quietly(site.cli("-s"), "wide\tnot_invited\tw@wide.test\t-\n")
    quietly(site.cli(write(site, "empty", "# nobody\n")))
    quietly(site.cli("-s"))


def test_add(site):
    quietly(site.cli(write(site, "a", CUSTOMERS)))
    quietly(site.cli("-i", input="adatum a@adatum.test\n"))
    quietly(site.cli("-i", write(site, "b", "wide w@wide.test\n")))
    assert [line.split("\t")[0] for line in site.cli("-s").stdout.splitlines()] == [
        "adatum", "contoso", "fabrikam", "wide"]


def test_bad_lines_are_named_and_skipped(site):
    path = write(site, "customers", "contoso\n" + "fabrikam phone@fabrikam.test tennant=x\n"
                 "adatum a@adatum.test\n")
    result = site.cli(path)
    said(result, 0)
    assert result.stderr == (
        "postinvite: warning: %s:1: skipped: expected format: customer_id mailbox [name=value ...]\n"
        "postinvite: warning: %s:2: skipped: unknown name \"tennant\" (known: full_name, tenant, "
        "m365_admin_email)\n" % (path, path))
    quietly(site.cli("-s"), "adatum\tnot_invited\ta@adatum.test\t-\n")


def test_a_file_of_another_kind(site):
    """Such as a spreadsheet's export: it does not empty the table."""
    quietly(site.cli(write(site, "customers", "adatum a@adatum.test\n")))
    result = site.cli(write(site, "csv", "contoso;voice@contoso.test\nfabrikam;f@fabrikam.test\n"))
    said(result, 65, "skipped", "no line is a customer's", "the customers table is as it was")
    quietly(site.cli("-s"), "adatum\tnot_invited\ta@adatum.test\t-\n")


def test_duplicates(site):
    path = write(site, "customers", "a one@a.test\nb b@b.test\na two@a.test\n")
    result = site.cli(path)
    said(result, 0)
    assert result.stderr == 'postinvite: warning: %s:3: duplicate entry: "a"\n' % path
    quietly(site.cli("-q", "a"), "not_invited\tone@a.test\t-\n")
    quietly(site.cli("-r", path))
    quietly(site.cli("-q", "a"), "not_invited\ttwo@a.test\t-\n")
    quietly(site.cli("-w", path))
    quietly(site.cli("-q", "a"), "not_invited\tone@a.test\t-\n")
    said(site.cli("-i", input="a three@a.test\n"), 0, 'stdin:1: duplicate entry: "a"')
    quietly(site.cli("-q", "a"), "not_invited\tone@a.test\t-\n")
    quietly(site.cli("-i", "-w", input="a three@a.test\n"))
    quietly(site.cli("-i", "-r", input="a four@a.test\n"))
    quietly(site.cli("-q", "a"), "not_invited\tfour@a.test\t-\n")
    quietly(site.cli("-j", "-w", path), '{"rows":3,"duplicates":1,"skipped":0}\n')


def test_what_cannot_be_opened_changes_nothing(site):
    path = write(site, "customers", CUSTOMERS)
    quietly(site.cli(path))
    said(site.cli(path, site.folder + "/missing"), 66, "open " + site.folder + "/missing")
    said(site.cli(write(site, "b", "a a@a.test\n"), site.folder), 78, "read " + site.folder,
         "the customers table is as it was")
    assert site.cli("-s").stdout.count("\n") == 2


def test_a_load_cut_short_leaves_the_old_table(site):
    quietly(site.cli(write(site, "customers", CUSTOMERS)))
    for number in (signal.SIGINT, signal.SIGKILL):
        loader = spawn(site, "-")
        for i in range(5000):
            loader.stdin.write("customer%d c%d@c.test\n" % (i, i))
        loader.stdin.flush()
        loader.send_signal(number)
        loader.wait(10)
        loader.stdin.close()
        assert site.cli("-s").stdout.count("\n") == 2
    quietly(site.cli("-q", "contoso"), NOT_INVITED)


def test_a_load_does_not_outlive_its_store(alone):
    store = alone.daemons["store"].start()
    quietly(alone.cli(write(alone, "customers", CUSTOMERS)))
    loader = spawn(alone, "-", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    loader.stdin.write("".join("customer%d c%d@c.test\n" % (i, i) for i in range(5000)))
    loader.stdin.flush()
    store.kill()
    store.start()
    out, err = loader.communicate("last l@l.test\n" * 2000, timeout=30)
    assert loader.returncode in (65, 75), err
    assert "the load is given up, the customers table is as it was" in err
    quietly(alone.cli("-q", "contoso"), NOT_INVITED)
    silently_not_found(alone.cli("-q", "customer1"))


# A process begins with the peak of the one that it was forked from: this one is small.
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def peak(site, *arguments):
    """The most memory, in MB, that the command took."""
    return int(subprocess.run([sys.executable, "-c", PEAK, program("postinvite"), "-c", site.config, *arguments],
                              check=True, capture_output=True, text=True).stdout)


def test_many_customers_take_no_more_memory(site):
    with open(os.path.join(site.folder, "many"), "w") as file:
        for i in range(50000):
            file.write("customer%d voice@customer%d.test tenant=customer%d.test\n" % (i, i, i))
    assert peak(site, file.name) < 80
    assert site.cli("-s").stdout.count("\n") == 50000
    quietly(site.cli("-q", "customer49999.test"),
            "not_invited\tvoice@customer49999.test\t-\n")


def test_keys_as_they_come(site):
    """Whoever writes a key has its answer before the next one, and a reader who leaves ends it."""
    quietly(site.cli(write(site, "customers", CUSTOMERS)))
    asker = spawn(site, "-q", "-", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for key in "contoso", "fabrikam", "contoso.test":
        asker.stdin.write(key + "\n")
        asker.stdin.flush()
        assert asker.stdout.readline().startswith(key + "\tnot_invited\t")
    asker.stdout.close()
    asker.stdin.write("contoso\n")
    asker.stdin.flush()
    assert asker.wait(10) == 0
    assert asker.stderr.read() == ""
    asker.stdin.close()
    asker.stderr.close()


def test_keys_as_a_spreadsheet_writes_them(site):
    quietly(site.cli(write(site, "customers", CUSTOMERS)))
    found = site.cli("-q", "-", input="\ufeffcontoso\r\n\ufefffabrikam\r\nfabrikam\r\n")
    assert [line.split("\t")[0] for line in found.stdout.splitlines()] == ["contoso", "fabrikam"]
    quietly(site.cli("-d", "-", input="\ufeffcontoso"))
    silently_not_found(site.cli("-q", "contoso"))


def test_an_invitation(site):
    quietly(site.cli(write(site, "customers", CUSTOMERS)))
    said(site.cli("-a", "contoso"), 1, 'postinvite -n contoso')
    url = site.cli("-n", "contoso", check=True).stdout
    assert re.fullmatch(re.escape(site.wizard_url) + r"/i/[A-Za-z0-9_-]{46}\n", url)
    for key in ("contoso", "voice@contoso.test", "contoso.test"):
        quietly(site.cli("-n", key), url)
        quietly(site.cli("-a", key), url)
    value = site.cli("-q", "contoso", check=True).stdout
    assert re.fullmatch(r"pending\tvoice@contoso\.test\t" + TIME + "\n", value)
    assert site.cli("-s").stdout.splitlines()[0] == "contoso\t" + value.rstrip()
    history = site.cli("-e", "contoso", check=True).stdout
    assert re.fullmatch(TIME + r"\tcreated\tInvitation opened for voice@contoso\.test, "
                        r"customer contoso\n", history)
    identity = json.loads(site.cli("-j", "-a", "contoso").stdout)["id"]
    quietly(site.cli("-a", identity), url)
    quietly(site.cli("-e", identity), history)
    quietly(site.cli("-q", identity), value)


def test_invite_a_mailbox_nobody_knows(site):
    url = site.cli("-n", "somebody@new.test", check=True).stdout
    quietly(site.cli("-n", "somebody@new.test"), url)
    assert site.cli("-s").stdout.startswith("somebody@new.test\tpending\tsomebody@new.test\t")
    for key in "nothing", "@", "x@", "@new.test", "x y@new.test", "x@new.test,", "<x@new.test>":
        said(site.cli("-n", key), 1, '"%s" is not known' % key)


def test_revoke_a_customer(site):
    quietly(site.cli(write(site, "customers", CUSTOMERS)))
    first = site.cli("-n", "contoso", check=True).stdout
    quietly(site.cli("-d", "contoso"))
    assert site.cli("-q", "contoso").stdout.startswith("revoked\tvoice@contoso.test\t")
    assert [line.split("\t")[1] for line in site.cli("-e", "contoso").stdout.splitlines()] == [
        "created", "revoked"]
    dead = site.cli("-a", "contoso")
    assert (dead.returncode, dead.stdout) == (0, first)
    assert "warning: contoso: the invitation is revoked" in dead.stderr
    second = site.cli("-n", "voice@contoso.test", check=True).stdout
    assert second != first
    silently_not_found(site.cli("-d", "nobody"))
    quietly(site.cli("-d", "-", input="nobody\nfabrikam\n"))
    silently_not_found(site.cli("-q", "fabrikam"))
    silently_not_found(site.cli("-d", "-", input="nobody\n"))


def test_revoke_one_invitation(site):
    quietly(site.cli(write(site, "customers", CUSTOMERS)))
    site.cli("-n", "contoso", check=True)
    identity = site.record("contoso")["id"]
    quietly(site.cli("-d", identity))
    assert site.status("contoso") == "revoked"
    assert json.loads(site.cli("-j", "-q", "contoso").stdout)["known"] is True


def test_a_key_of_several_customers(site):
    quietly(site.cli(write(site, "customers", "a a@one.test tenant=both.test\n"
                                              "b b@two.test tenant=both.test\n")))
    quietly(site.cli("-q", "both.test"), "not_invited\ta@one.test\t-\nnot_invited\tb@two.test\t-\n")
    for flag in ("-n", "-a", "-e"):
        said(site.cli(flag, "both.test"), 65, "both.test", "a, b")
    said(site.cli("-d", "both.test"), 65, "both.test")


def test_json(site):
    quietly(site.cli(write(site, "customers", CUSTOMERS)))
    site.cli("-n", "contoso", check=True)
    contoso, fabrikam = [json.loads(line) for line in site.cli("-j", "-s").stdout.splitlines()]
    assert (contoso["customer_id"], contoso["full_name"], contoso["status"]) == (
        "contoso", "Contoso Ltd", "pending")
    assert contoso["invitation"]["auth_url"] == site.cli("-a", "contoso").stdout.rstrip()
    assert (fabrikam["status"], fabrikam["invitation"]) == ("not_invited", None)
    assert json.loads(site.cli("-j", "-q", "contoso").stdout) == contoso
    assert json.loads(site.cli("-j", "-n", "contoso").stdout) == contoso["invitation"]
    assert json.loads(site.cli("-j", "-a", "contoso").stdout) == contoso["invitation"]
    events = site.events("contoso")
    assert [event["type"] for event in events] == ["created"]


def test_verbose(site):
    alone = not site.daemons["store"].alive()
    result = site.cli("-v", write(site, "customers", CUSTOMERS))
    said(result, 0, "configuration: " + site.config + "/postinvite.cf",
         "rows read: 2, duplicates: 0, lines skipped: 0",
         "no store runs" if alone else "state: postinvite-store")


def test_a_verbose_store(alone):
    store = alone.daemons["store"]
    store.command = [*store.command, "-v"]
    store.start()
    quietly(alone.cli(write(alone, "customers", CUSTOMERS)))
    silently_not_found(alone.cli("-q", "no\tbody"))
    who = "uid=%d pid=\\d+" % os.getuid()
    for line in (r"op=table_end %s answer=ok" % who,
                 r'op=find %s answer="not found" reason="nothing of that name' % who):
        assert re.search(r"^postinvite-store\[\d+\]: debug: request " + line, store.text(), re.M), store.text()


def test_files_belong_to_the_owner_of_the_directory(alone):
    quietly(alone.cli(write(alone, "customers", CUSTOMERS)))
    state = os.path.join(alone.folder, "state")
    owner = pwd.getpwnam(USER).pw_uid
    assert os.listdir(state)
    assert {os.stat(os.path.join(state, name)).st_uid for name in os.listdir(state)} == {owner}
    alone.daemons["store"].start()
    quietly(alone.cli("-q", "contoso"), NOT_INVITED)


def test_a_directory_of_root_is_refused(alone):
    os.chown(os.path.join(alone.folder, "state"), 0, 0)
    said(alone.cli("-s"), 78, "/state: belongs to root", "chown it to " + USER)
    os.rmdir(os.path.join(alone.folder, "state"))
    said(alone.cli("-s"), 78, "/state", "owned by " + USER)


def test_a_store_waits_for_the_cli_and_the_cli_for_the_cli(alone):
    first = spawn(alone, "-w", "-")
    first.stdin.write("contoso voice@contoso.test\n" * 2001)
    first.stdin.flush()
    wait_for("the state to be locked",
             lambda: os.path.exists(os.path.join(alone.folder, "state", "lock")))
    store = alone.daemons["store"].start(wait=False)
    second = spawn(alone, "-q", "contoso", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for("the second to say that it waits", lambda: second.stderr.readline(), 10)
    assert store.alive() and second.poll() is None and first.poll() is None
    first.stdin.close()
    assert first.wait(10) == 0
    store.wait_ready()
    assert second.communicate(timeout=20)[0] == NOT_INVITED
    assert second.returncode == 0


def test_nobody_else_may(alone):
    """A user of no program of ours reaches neither the directory nor, where the store runs, its part."""
    command = ["setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups",
               program("postinvite"), "-c", alone.config, "-s"]
    for start in (False, True):
        if start:
            alone.daemons["store"].start()
        result = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert result.stdout == ""
        assert result.returncode in (77, 78), result
        assert "enied" in result.stderr or "may not" in result.stderr, result.stderr


class Follower:
    def __init__(self, site, *flags, **more):
        self.child = spawn(site, "-f", *flags, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        self.lines = []

    def line(self):
        return self.child.stdout.readline().rstrip("\n")

    def minds(self, number):
        with open("/proc/%d/status" % self.child.pid) as file:
            caught = re.search(r"^SigCgt:\s*(\w+)$", file.read(), re.M).group(1)
        return int(caught, 16) >> (number - 1) & 1

    def stop(self, number=signal.SIGINT):
        self.child.send_signal(number)
        out, err = self.child.communicate(timeout=10)
        assert self.child.returncode == 0
        return out, err


def test_what_strangers_write_orders_no_terminal_about(alone):
    """Control characters of both kinds, such as U+009B, which begins what ESC [ begins."""
    follower = Follower(alone)
    assert follower.child.stderr.readline().startswith("postinvite: waiting for the store")
    alone.daemons["store"].start()
    assert follower.child.stderr.readline() == "postinvite: the store answers\n"
    store = StoreClient(alone)
    opened = store.call({"op": "open", "change": change_id(), "mailbox": "a@a.test", "customer_id": "c\u009b31m"})
    identity = opened["invitation"]["id"]
    store.call({"op": "apply", "change": change_id(), "id": identity, "event": {
        "type": "delivery", "at": now(), "delivery": "failed", "delivery_text": "no\u009b2J\x1b[2J\u0085\u00a0\u20ac"}})
    store.close()
    lines = [follower.line(), follower.line(), alone.cli("-s").stdout, alone.cli("-q", "-", input=identity).stdout,
             alone.cli("-e", identity).stdout]
    follower.stop()
    for line in lines:
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", line), line
    assert "no 2J [2J \u00a0\u20ac" in lines[1] and "no 2J [2J \u00a0\u20ac\n" in lines[4]
    assert re.match("c +31m\t", lines[2])


def test_follow(alone):
    follower = Follower(alone)
    assert follower.child.stderr.readline().startswith("postinvite: waiting for the store")
    alone.daemons["store"].start()
    assert follower.child.stderr.readline() == "postinvite: the store answers\n"
    alone.cli("-n", "one@a.test", check=True)
    assert re.fullmatch(TIME + r"\tone@a\.test\tpending\tcreated\tInvitation opened for "
                        r"one@a\.test, customer one@a\.test", follower.line())
    alone.daemons["store"].kill()
    alone.cli("-n", "two@a.test", check=True)
    alone.daemons["store"].start()
    assert follower.line().split("\t")[1] == "two@a.test"
    as_json = Follower(alone, "-j")
    alone.cli("-d", "one@a.test", check=True)
    assert follower.line().split("\t")[1:4] == ["one@a.test", "revoked", "revoked"]
    out, err = follower.stop()
    assert out == ""
    assert err.count("waiting for the store") <= 1
    item = None
    if as_json.child.poll() is None:
        alone.cli("-d", "two@a.test", check=True)
        item = json.loads(as_json.line())
    assert item["event"]["type"] == "revoked" and item["invitation"]["auth_url"]
    as_json.stop()


def test_following_loses_nothing(alone):
    """The store is killed again and again while events come; each is told once, in order."""
    store = alone.daemons["store"].start()
    alone.cli("-n", "first@a.test", check=True)
    follower = Follower(alone, "-j")
    seen = []
    reader = threading.Thread(target=lambda: seen.extend(map(json.loads, follower.child.stdout)))
    reader.start()
    made = 0
    while not seen and made < 50:  # it follows from the moment on when the store first answers
        alone.cli("-n", "c%d@a.test" % made, check=True)
        made += 1
        time.sleep(0.1)
    for _ in range(5):
        store.kill()
        alone.cli("-n", "c%d@a.test" % made, check=True)
        made += 1
        store.start()
        for _ in range(3):
            alone.cli("-n", "c%d@a.test" % made, check=True)
            made += 1
    wait_for("the last event", lambda: seen[-1]["invitation"]["invitation_email"] == "c%d@a.test" % (made - 1))
    follower.child.send_signal(signal.SIGTERM)
    assert follower.child.wait(10) == 0
    reader.join()
    sequences = [item["sequence"] for item in seen]
    assert sequences == list(range(sequences[0], sequences[0] + len(seen))) and len(seen) > 15
    for pipe in follower.child.stdin, follower.child.stdout, follower.child.stderr:
        pipe.close()


@pytest.mark.parametrize("running", [True, False])
def test_following_ends_quietly(running, alone):
    if running:
        alone.daemons["store"].start()
    for number in (signal.SIGINT, signal.SIGTERM):
        follower = Follower(alone)
        wait_for("it to mind signals", lambda: follower.minds(number))
        out, err = follower.stop(number)
        assert out == "" and err.count("waiting for the store") == err.count("\n")
    follower = Follower(alone)
    follower.child.stdout.close()
    assert follower.child.wait(10) == 0
    assert all("waiting for the store" in line for line in follower.child.stderr)
    follower.child.stdin.close()
    follower.child.stderr.close()


def test_following_in_the_background(alone):
    """What a shell has a job in the background ignore, it goes on to ignore."""
    alone.daemons["store"].start()
    follower = Follower(alone, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    alone.cli("-n", "one@a.test", check=True)
    follower.child.send_signal(signal.SIGINT)
    alone.cli("-n", "two@a.test", check=True)
    assert follower.line().split("\t")[1:2] in (["one@a.test"], ["two@a.test"])
    follower.stop(signal.SIGTERM)


@pytest.mark.parametrize("arguments, message", [
    (("-q", "a", "-s"), "-q and -s exclude each other"),
    (("-d", "a", "-q", "a"), "-q and -d exclude each other"),
    (("-i", "-s"), "-i and -s exclude each other"),
    (("-r", "-w", "file"), "-r and -w exclude each other"),
    (("-s", "-r"), "-r and -s exclude each other"),
    (("-w", "-d", "a"), "-w and -d exclude each other"),
    (("-j", "-d", "a"), "-d and -j exclude each other"),
    (("-p", "-P"), "-p and -P exclude each other"),
    (("-q", "a", "-q", "b"), "-q is given twice"),
    (("-s", "file"), '-s takes no file: "file" is too much'),
    (("-q", b"\xff"), "-q: the key is not UTF-8 text"),
    (("-k", "other"), '-k other: it is either "link" or "vault"'),
    (("-V", "a", "-T", "a"), "-V and -T exclude each other"),
    (("-V", b"\xff"), "-V: the key is not UTF-8 text"),
    (("-x",), "there is no flag -x"),
    (("--version",), "there is no flag --"),
    ((b"-\xc3\xa4",), "there is no such flag"),
    (("-q",), "-q is given without its key"),
    (("-jc",), "-c is given without its config_dir"),
    ((), "neither a command nor a customers file"),
])
def test_flags_that_make_no_sense(arguments, message):
    result = subprocess.run([program("postinvite"), *arguments], capture_output=True, timeout=10)
    assert (result.returncode, result.stdout) == (64, b"")
    assert re.fullmatch(r"postinvite: [^\n]*%s[^\n]*\n" % re.escape(message), result.stderr.decode())


def test_results_that_cannot_be_written(alone):
    with open("/dev/full", "w") as full:
        result = subprocess.run([program("postinvite"), "-c", alone.config, "-p"], stdout=full,
                                stderr=subprocess.PIPE, text=True)
    assert (result.returncode, result.stderr) == (74, "postinvite: cannot write to stdout\n")


def test_without_standard_descriptors(site):
    """Nothing that is opened later takes their numbers: no file of the state is read as a table, or printed into."""

    def run(command):
        return subprocess.run(["sh", "-c", command, program("postinvite"), "-c", site.config,
                               write(site, "customers", CUSTOMERS)], timeout=60, stderr=subprocess.PIPE, text=True)

    assert run('"$0" "$@"').returncode == 0
    for arguments in "-", "-i":
        result = run('"$0" "$1" "$2" %s <&-' % arguments)
        assert (result.returncode, "read stdin: Bad file descriptor" in result.stderr) == (75, True), result
    with open(os.path.join(site.folder, "keys"), "wb") as file:
        file.write(b"fabrikam\n" + b"\xff\n" * 1000)
    site.cli("-n", "fabrikam", check=True)
    assert run('"$0" "$1" "$2" -d - < "${3%%customers}keys" >&- 2>&-').returncode == 0
    assert run('"$0" "$1" "$2" -s >&-').returncode == 74
    assert site.status("fabrikam") == "revoked"
    quietly(site.cli("-q", "contoso"), NOT_INVITED)


def test_a_limit_on_files(alone):
    """It is taken for a full disk, and ends neither the CLI nor the store."""
    limited = ["sh", "-c", 'ulimit -f 8; exec "$0" "$@"']
    alone.cli("-n", "first@new.test", check=True)
    said(subprocess.run([*limited, program("postinvite"), "-c", alone.config, "-n", "second@new.test"], timeout=30,
                        capture_output=True, text=True), 75, "the disk is full: make room")
    store = alone.daemons["store"]
    store.command = [*limited, *store.command]
    alone.watch.announce("the disk is full: make room")
    store.start(wait=False)
    assert store.child.wait(10) == 75
    assert "open: the disk is full: make room" in store.text()
    alone.cli("-n", "second@new.test", check=True)
    assert (alone.status("first@new.test"), alone.status("second@new.test")) == ("pending", "pending")


def test_settings(alone):
    settings = dict(line.split(" =", 1) for line in alone.cli("-p", check=True).stdout.splitlines())
    assert settings["state_store"] == " bdb:%s/state" % alone.folder
    assert settings["link_fallback"] == " pass" and settings["wizard_tls_cert_file"] == ""
    changed = alone.cli("-P", check=True).stdout
    assert "state_store = bdb:" in changed and "link_fallback" not in changed
    changed = alone.cli("-o", "unsignable_action=pass", "-o", "invitation_lifetime = 2d", "-P", check=True).stdout
    assert "unsignable_action = pass\n" in changed and "invitation_lifetime = 2d\n" in changed
    said(alone.cli("-o", "no_such=1", "-p"), 78, "no_such")
    said(alone.cli("-o", "nothing", "-s"), 78, "nothing")
    said(alone.cli("-o", "state_store=bdb:%s/other" % alone.folder, "-s"), 78, alone.folder + "/other")
    quietly(alone.cli("-o", "link_key_file=%s/other.key" % alone.config, "-k", "link"))
    assert os.path.exists(alone.config + "/other.key")


def test_a_bad_configuration(alone):
    alone.write_config(alone.read_config() + "no_such = 1\ninvitation_lifetime = soon\n")
    number = alone.read_config().count("\n")
    path = alone.config + "/postinvite.cf"
    for arguments in (("-s",), ("-p",), ("-n", "a@a.test"), ("-",), ("-f",)):
        said(alone.cli(*arguments, input=""), 78,
             "%s:%d: no_such" % (path, number - 1), "%s:%d: invitation_lifetime" % (path, number))
    os.unlink(path)
    said(alone.cli("-s"), 78, "open " + path)
    said(alone.cli("-k", "link"), 78, "open " + path)


def test_new_keys(alone):
    path = os.path.join(alone.config, "vault.key")
    os.chown(path, 0, 0)
    os.chmod(path, 0o640)
    with open(path) as file:
        before = file.read()
    alone.write_config("vault_key_file = $config_directory/vault.key\n")
    quietly(alone.cli("-k", "vault"))
    with open(path) as file:
        after = file.read()
    assert re.fullmatch(r"2:[A-Za-z0-9+/]{43}=\n", after[:-len(before)])
    assert after.endswith(before)
    assert os.stat(path).st_mode & 0o7777 == 0o640
    said(alone.cli("-v", "-k", "vault"), 0, path + ": key 3 is the current one now")
    assert oct(os.stat(os.path.join(alone.config, "link.key")).st_mode)[-3:] == "600"


def test_links_of_older_keys_stay(site):
    url = site.cli("-n", "one@a.test", check=True).stdout
    os.chown(os.path.join(site.config, "link.key"), 0, pwd.getpwnam(USER).pw_gid)
    os.chmod(os.path.join(site.config, "link.key"), 0o640)
    quietly(site.cli("-k", "link"))
    if site.daemons["store"].alive():
        site.daemons["store"].signal(signal.SIGHUP)
        wait_for("the reload", lambda: "reloaded" in site.daemons["store"].text())
    fresh = site.cli("-a", "one@a.test", check=True).stdout
    assert fresh != url
    quietly(site.cli("-n", "one@a.test"), fresh)


def test_a_key_file_that_others_may_read(alone):
    path = os.path.join(alone.config, "link.key")
    os.chmod(path, 0o644)
    said(alone.cli("-s"), 78, path + ": mode 0644 lets others in")
    os.chown(path, 0, 0)
    said(alone.cli("-k", "link"), 78, path + ": mode 0644 lets others in")
    os.unlink(path)
    said(alone.cli("-s"), 78, "open " + path)


def test_no_store_listens(alone):
    """A socket that a killed store left behind does not stop the CLI from working on its own."""
    alone.daemons["store"].start()
    alone.daemons["store"].kill()
    assert os.path.exists(os.path.join(alone.folder, "run", "store"))
    quietly(alone.cli(write(alone, "customers", CUSTOMERS)))
    quietly(alone.cli("-q", "contoso"), NOT_INVITED)
