"""What the tests in a real browser share: a site with the simulator, and Chromium."""

import os
import re
import sys

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness.chromium import Chromium  # noqa: E402
from harness.site import Site  # noqa: E402
from harness.store_client import StoreClient, change_id, now  # noqa: E402
from harness.watch import running  # noqa: E402


class Invited:
    """An invitation of a test's own, with a tenant of its own, and what happens to it."""

    def __init__(self, site, name):
        self.site, self.name = site, name
        self.account = "service@%s.test" % name
        site.entra.tenant(name + ".test", consent_granted=True)
        site.cli("-i", input='%s %s m365_admin_email=%s full_name="Customer Ltd"\n' % (
            name, self.account, self.account), check=True)
        self.link = site.cli("-n", name, check=True).stdout.strip()
        self.id = site.record(name)["id"]

    def happens(self, kind, **members):
        """An event, put on record as its program would."""
        self.site.store.call({"op": "apply", "change": change_id(), "id": self.id,
                              "event": dict(members, type=kind, at=now())})


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "tokend", "wizard"), relay=False)) as started:
        started.store = StoreClient(started)
        yield started
        started.store.close()


@pytest.fixture
def invited(site, request):
    count = [0]

    def invite():
        count[0] += 1
        return Invited(site, "%s-%d" % (re.sub("[^a-z]+", "-", request.node.name).strip("-"),
                                        count[0]))
    return invite


@pytest.fixture(scope="module")
def chromium():
    with Chromium() as browser:
        yield browser


@pytest.fixture
def browser(chromium):
    """The file's browser, as if its user had just come: one tab, no cookie."""
    for handle in chromium.driver.window_handles[1:]:
        chromium.driver.switch_to.window(handle)
        chromium.driver.close()
    chromium.driver.switch_to.window(chromium.driver.window_handles[0])
    chromium.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    chromium.view(1000, dark=False)
    chromium.speak("en")
    return chromium
