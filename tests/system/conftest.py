"""What every whole-system test shares: no line at warning or above that a test did not announce,
and daemons that end with status 0."""

import os
import sys

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness.site import Site  # noqa: E402
from harness.watch import running  # noqa: E402


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


@pytest.fixture
def terminals():
    """Pseudo-terminals: a bare tree without /dev/pts has none."""
    try:
        for end in os.openpty():
            os.close(end)
    except OSError as error:
        pytest.skip("no pseudo-terminals here: %s" % error)
