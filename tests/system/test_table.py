"""The customers table while it is being replaced: whoever reads sees the old one or the new one, whatever is killed and when."""

import os
import pty
import random
import re
import signal
import statistics
import subprocess
import threading
import time

import pytest

from harness.process import program, wait_for
from harness.site import Site
from harness.store_client import StoreClient
from harness.watch import LogWatch

ROWS = 20000
ROUNDS = 12
HANGS = 5.0  # seconds: generous beside what is measured, and far below a client's patience


@pytest.fixture
def alone():
    """A site whose store is not started yet."""
    site = Site(daemons=("store",), relay=False)
    site.watch = LogWatch(site)
    yield site
    try:
        site.stop()
    finally:
        site.remove()


@pytest.fixture
def site(alone):
    alone.daemons["store"].start()
    return alone


def write_table(site, generation, rows=ROWS):
    """A file whose every row says of which generation it is."""
    path = os.path.join(site.folder, "table%d" % generation)
    with open(path, "w") as file:
        for i in range(rows):
            file.write("c%06d voice%d@gen%d.test tenant=gen%d.test\n" % (i, i, generation, generation))
    return path


def sealed(site):
    """Files of customers tables in the state."""
    return [name for name in os.listdir(os.path.join(site.folder, "state")) if ".sealed" in name]


def generation_of(site, rows=ROWS):
    """Of the whole table, which must be of one generation."""
    lines = site.cli("-s", check=True).stdout.splitlines()
    generations = {re.search(r"@gen(\d+)\.test\t-$", line).group(1) for line in lines}
    assert (len(lines), len(generations)) == (rows, 1), generations
    return int(generations.pop())


def start_load(site, path):
    return subprocess.Popen([program("postinvite"), "-c", site.config, path],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Reader(threading.Thread):
    """Looks customers up without a pause: all of an answer are of one generation. Keeps how long it waited and which
    generations it saw, in order."""

    KEYS = ["c000000", "c%06d" % (ROWS // 2), "c%06d" % (ROWS - 1)]

    def __init__(self, site):
        super().__init__(daemon=True)
        self.client, self.stopping, self.fault = StoreClient(site), threading.Event(), None
        self.waits, self.seen = [], []

    def look(self):
        begin = time.monotonic()
        reply = self.client.once({"op": "find", "keys": self.KEYS, "format": "lines"})
        self.waits.append(time.monotonic() - begin)
        generations = re.findall(r"@gen(\d+)\.test", reply["lines"])
        assert len(generations) == len(self.KEYS) and len(set(generations)) == 1, reply
        if self.seen[-1:] != generations[:1]:
            self.seen.append(generations[0])

    def run(self):
        try:
            while not self.stopping.is_set():
                try:
                    self.look()
                except OSError:
                    time.sleep(0.01)  # the store is away
        except Exception as fault:  # shown by finish()
            self.fault = fault

    def finish(self):
        self.stopping.set()
        self.join(30)
        if self.fault:
            raise self.fault
        self.client.close()
        return self.waits


def report(waits):
    print("reader: %d look-ups, median %.2f ms, worst %.1f ms" % (
        len(waits), statistics.median(waits) * 1000, max(waits) * 1000))


def test_readers_see_one_table(site):
    site.cli(write_table(site, 0), check=True)
    reader = Reader(site)
    reader.start()
    for generation in range(1, 6):
        site.cli(write_table(site, generation), check=True)
    wait_for("the last table to be seen", lambda: reader.fault or reader.seen[-1:] == ["5"])
    waits = reader.finish()
    assert reader.seen == ["0", "1", "2", "3", "4", "5"]
    report(waits)
    assert max(waits) < HANGS


def interrupt(site, loader, victim, after):
    time.sleep(after)
    if victim == "store":
        site.daemons["store"].kill()
        site.daemons["store"].start()
    else:
        loader.send_signal(victim)


def test_kills_during_loads(site):
    """kill -9 of the store or of the CLI and Ctrl-C, at any moment of a load."""
    random.seed(9)
    site.watch.announce("there is no such load")
    begin = time.monotonic()
    site.cli(write_table(site, 0), check=True)
    takes = time.monotonic() - begin
    reader = Reader(site)
    reader.start()
    before, outcomes = 0, {"old": 0, "new": 0}
    for generation in range(1, ROUNDS + 1):
        loader = start_load(site, write_table(site, generation))
        victim = ["store", signal.SIGKILL, signal.SIGINT][generation % 3]
        interrupt(site, loader, victim, random.uniform(0, takes * 2))
        _, err = loader.communicate(timeout=60)
        after = generation_of(site)
        assert after in (before, generation)
        if loader.returncode == 0:
            assert after == generation
        elif victim == "store":
            assert loader.returncode in (65, 75), (loader.returncode, err)
            assert after == before
            assert "the load is given up, the customers table is as it was" in err or "was not answered" in err
        outcomes["new" if after == generation else "old"] += 1
        before = after
    waits = reader.finish()
    print("rounds: %r" % outcomes)
    report(waits)
    assert outcomes["old"] > 1 and outcomes["new"] > 1
    wait_for("the rubbish to go", lambda: len(sealed(site)) == 1, 20)
    assert generation_of(site) == before


def test_kills_without_a_store(alone):
    random.seed(5)
    begin = time.monotonic()
    alone.cli(write_table(alone, 0), check=True)
    takes = time.monotonic() - begin
    before = 0
    for generation in range(1, ROUNDS + 1):
        loader = start_load(alone, write_table(alone, generation))
        time.sleep(random.uniform(0, takes * 1.5))
        loader.send_signal(signal.SIGINT if generation % 2 else signal.SIGKILL)
        loader.communicate(timeout=60)
        after = generation_of(alone)
        assert after in (before, generation)
        assert loader.returncode != 0 or after == generation
        before = after
    alone.cli(write_table(alone, 99), check=True)
    assert len(sealed(alone)) == 1
    loader = start_load(alone, write_table(alone, 100))
    wait_for("two files", lambda: len(sealed(alone)) > 1 or loader.poll() is not None, pause=0.001)
    loader.kill()
    loader.communicate()
    after = generation_of(alone)
    alone.daemons["store"].start()
    wait_for("the store to clean up", lambda: len(sealed(alone)) == 1, 20)
    assert generation_of(alone) == after


def test_single_changes_to_a_fresh_table_are_durable(site):
    for generation in range(3):
        site.cli(write_table(site, generation, 2000), check=True)
        site.cli("-i", input="added%d a@added.test\n" % generation, check=True)
        site.cli("-d", "c000007", check=True)
        site.daemons["store"].kill()
        site.daemons["store"].start()
        assert site.cli("-q", "a@added.test").stdout == "not_invited\ta@added.test\t-\n"
        assert site.cli("-q", "c000007").returncode == 1
        assert site.cli("-q", "c000008").stdout == "not_invited\tvoice8@gen%d.test\t-\n" % generation
        assert site.cli("-s").stdout.count("\n") == 2000


def used(site):
    state = os.path.join(site.folder, "state")
    return sum(os.stat(os.path.join(state, name)).st_blocks * 512 for name in os.listdir(state))


@pytest.mark.parametrize("with_store", [True, False])
def test_reloads_take_no_more_room(alone, with_store):
    if with_store:
        alone.daemons["store"].start()
    path = write_table(alone, 1)
    sizes = []
    for _ in range(20):
        alone.cli(path, check=True)
        wait_for("the old file to go", lambda: len(sealed(alone)) == 1, 20)
        sizes.append(used(alone))
    print("MB: " + " ".join("%.1f" % (size / 1e6) for size in sizes))
    assert sizes[-1] < sizes[2] * 1.2 + 1024 * 1024


def test_a_full_disk(alone):
    """A limit on the size of files stands for it: the log's are smaller."""
    alone.cli(write_table(alone, 0), check=True)
    result = subprocess.run(
        ["prlimit", "--fsize=9000000", program("postinvite"), "-c", alone.config,
         write_table(alone, 1, 120000)],
        capture_output=True, text=True, restore_signals=False, timeout=60)
    assert result.returncode == 75, result
    assert "the disk is full: make room" in result.stderr
    assert "the load is given up, the customers table is as it was" in result.stderr
    assert generation_of(alone) == 0
    alone.cli(write_table(alone, 2), check=True)
    assert generation_of(alone) == 2
    assert len(sealed(alone)) == 1


def test_a_bad_line_among_many(alone):
    path = write_table(alone, 1)
    with open(path, "a") as file:
        file.write("no-mailbox here\n")
        file.write("last last@gen1.test\n")
    result = alone.cli(path)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == ('postinvite: warning: %s:%d: skipped: "here" is not a mailbox (name@domain)\n'
                             % (path, ROWS + 1))
    assert generation_of(alone, ROWS + 1) == 1


def test_keys_are_answered_as_they_come(site):
    """Somebody types keys: each is answered before the next is typed."""
    site.cli(write_table(site, 1, 10), check=True)
    child = subprocess.Popen([program("postinvite"), "-c", site.config, "-q", "-"], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for i in range(5):
        child.stdin.write("c%06d\nnobody\n" % i)
        child.stdin.flush()
        assert child.stdout.readline() == "c%06d\tnot_invited\tvoice%d@gen1.test\t-\n" % (i, i)
    child.stdin.close()
    assert (child.stdout.read(), child.wait(10)) == ("", 0)
    child.stdout.close()


def test_many_keys_at_once(site):
    site.cli(write_table(site, 1), check=True)
    keys = ["c%06d" % (i * 7 % (ROWS + 500)) for i in range(5000)]
    out = site.cli("-q", "-", input="\n".join(keys), check=True).stdout.splitlines()
    wanted = [key for key in keys if int(key[1:]) < ROWS]
    assert [line.split("\t")[0] for line in out] == wanted


def test_progress_on_a_terminal(alone, terminals):
    """A line on stderr from a second on, which is wiped out in the end; nothing anywhere else."""
    terminal, end = pty.openpty()
    child = subprocess.Popen([program("postinvite"), "-c", alone.config, "-w", "-"], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=end)
    for part in range(3):
        child.stdin.write("".join("c%d a@b.test\n" % i for i in range(1000)))
        child.stdin.flush()
        time.sleep(0.7)
    out, _ = child.communicate(timeout=20)
    os.close(end)
    said = os.read(terminal, 4096).decode()
    os.close(terminal)
    assert (child.returncode, out) == (0, "")
    assert re.fullmatch(r"(\r\d000 rows )+\r\x1b\[K", said), said
