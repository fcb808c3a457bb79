"""Events that the platform did not take, on the operator's page, and told once more from there."""

import os
import shutil

import pytest

from harness.operator_browser import Operator
from harness.process import wait_for
from harness.receiver import Receiver
from harness.site import USER, Site
from harness.watch import running

ACCESS = {"admin_user_header": "X-Remote-User", "admin_subjects": "ada:operate, bob:view"}


@pytest.fixture(scope="module")
def site():
    made = Site(daemons=("store", "tokend", "admin"), relay=False, webhook_lifetime="1s", **ACCESS)
    key = os.path.join(made.config, "webhook.key")
    shutil.copy(os.path.join(made.config, "link.key"), key)
    shutil.chown(key, USER)
    os.chmod(key, 0o600)
    made.receiver = Receiver(key)
    made.write_config(made.read_config() + "webhook_url = %s\nwebhook_key_file = %s\n" % (made.receiver.url, key))
    made.receiver.start()
    with running(made) as started:
        Operator(started).ready()
        yield started
    made.receiver.stop()


@pytest.fixture
def ada(site):
    return Operator(site)


def refused(site, name):
    """An invitation whose event the platform has refused for good; its id."""
    site.watch.announce("webhook_failed", "dead_letter=")
    site.receiver.answer = lambda event: 500
    site.cli("-i", input="%s voice@%s.test\n" % (name, name), check=True)
    site.cli("-n", name, check=True)
    invitation = site.record(name)["id"]
    wait_for("a dead letter", lambda: invitation in Operator(site).page("/undelivered").body, 30)
    site.receiver.answer = lambda event: 200
    return invitation


def test_nothing(ada):
    page = ada.page("/undelivered")
    assert page.status == 200 and "Everything that happened has been told" in page.text and not page.forms


def test_told_again(site, ada):
    invitation = refused(site, "one")
    page = ada.page("/undelivered")
    assert "created" in page.text and "500" in page.text, "the event and the reason"
    assert "/invitations/" + invitation in page.links
    before = len(site.receiver.taken)
    letter = next(form for form in page.forms if any(value.startswith(invitation) for _, value in form["buttons"]))
    page = ada.post(ada.base + letter["action"], dict(letter["fields"], letter=letter["buttons"][0][1]))
    assert page.status == 200 and "being told again" in page.text
    wait_for("the event", lambda: len(site.receiver.taken) > before)
    assert site.receiver.taken[-1]["invitation"] == invitation
    wait_for("an empty page", lambda: invitation not in ada.page("/undelivered").body)


def test_all_of_them(site, ada):
    both = [refused(site, "two"), refused(site, "three")]
    page = ada.submit(ada.page("/undelivered"), "/undelivered", button="all")
    assert page.status == 200
    wait_for("an empty page", lambda: not [i for i in both if i in ada.page("/undelivered").body])


def test_who_may(site, ada):
    invitation = refused(site, "four")
    bob = Operator(site, "bob")
    page = bob.page("/undelivered")
    assert invitation in page.body and not page.forms
    fields = ada.page("/undelivered").forms[0]["fields"]
    assert bob.post(bob.base + "/undelivered", dict(fields, letter="all")).status == 403
    for fields in ({"letter": "all"}, {"csrf": "x", "letter": "all"}, {"csrf": fields["csrf"]}):
        assert ada.post(ada.base + "/undelivered", fields).status == 403
    assert invitation in ada.page("/undelivered").body
    assert Operator(site, "eve").page("/undelivered").status == 403
