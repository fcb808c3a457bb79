"""What every whole-system test shares: no line at warning or above that a test did not announce,
and daemons that end with status 0."""

import contextlib
import os
import re
import sys

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness.site import Site  # noqa: E402

# What a program says of another that is away.
AWAY = r"(the store|tokend) \(unix:"
# The mails to a reviewer whose mailbox is no invitation's: genuine, and of no use.
REVIEWERS_MAIL = r'consent from=\S+ consent=requested action=none reason="no open invitation fits'
LOUD = re.compile(r"\]: (?:warning|error): |runtime error:|ERROR: AddressSanitizer")


class LogWatch:
    """Reads what a site's daemons log. A line at warning or above has to be announced."""

    def __init__(self, site):
        self.site, self.offsets, self.announced = site, {}, []

    def announce(self, *patterns):
        """From now on lines that a regular expression fits may come."""
        self.announced += [re.compile(pattern) for pattern in patterns]

    def unannounced(self):
        """The loud lines since the last call that nobody announced; forgets what was announced."""
        found = []
        for name, daemon in self.site.daemons.items():
            if not os.path.exists(daemon.log):
                continue
            text = daemon.text(self.offsets.get(name, 0))
            self.offsets[name] = self.offsets.get(name, 0) + len(text.encode())
            found += [line for line in text.splitlines() if LOUD.search(line) and
                      not any(pattern.search(line) for pattern in self.announced)]
        self.announced = []
        return found


@contextlib.contextmanager
def running(site):
    """Starts the site; at the end each daemon has to stop with status 0 and in peace."""
    with site:
        site.watch = LogWatch(site)
        yield site
        statuses = site.stop()
        loud = site.watch.unannounced()
        assert not loud, "logged while stopping: " + "\n".join(loud)
        assert not any(statuses.values()), statuses


def pytest_terminal_summary(terminalreporter):
    """Shows what tests measured (record_property("figures", ...))."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", []):
                if name == "figures" and report.when == "call":
                    terminalreporter.write_line(value)


@pytest.fixture(scope="module")
def site():
    """The usual site, one for a file; a file may define its own instead."""
    with running(Site()) as started:
        yield started


@pytest.fixture(autouse=True)
def quiet(request):
    """Fails the test whose daemons logged at warning or above unannounced, or died; for the next
    one all run again."""
    site = request.getfixturevalue("site") if "site" in request.fixturenames else None
    started = [daemon for daemon in site.daemons.values() if daemon.alive()] if site else []
    yield
    if site is not None:
        away = [daemon for daemon in started if not daemon.alive()]
        dead = [daemon.name for daemon in away if daemon.child.returncode != 0]
        for daemon in away:
            daemon.start()
        loud = site.watch.unannounced()
        assert not loud, "not announced: " + "\n".join(loud)
        assert not dead, "died: " + ", ".join(dead)
