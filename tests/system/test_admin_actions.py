"""What operators do on their pages: each action asks first, is done once, and is in the history with its operator."""

import re
import threading
import time

import pytest

from harness import entra
from harness.letterbox import Letterbox
from harness.operator_browser import Operator
from harness.site import Site
from harness.store_client import StoreClient, change_id, now
from harness.watch import running

ACCESS = {"admin_user_header": "X-Remote-User",
          "admin_subjects": "ada:operate, eve:operate, bob:view"}
ACTIONS = ("resend", "extend", "validate", "revoke")


@pytest.fixture(scope="module")
def site():
    made = Site(daemons=("store", "tokend", "wizard", "admin"), relay=False, confirmation_scopes="",
                resend_interval="1m", **ACCESS)
    made.letterbox = Letterbox(made)
    with running(made) as started:
        started.entra.consent(True)
        started.store = StoreClient(started)
        yield started
        started.store.close()


@pytest.fixture
def ada(site):
    return Operator(site, "ada")


@pytest.fixture
def invited(site, request):
    """An invitation of the test's own, as the store has it."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name).strip("-")
    site.cli("-i", input='%s %s@customer.test full_name="%s Ltd"\n' % (name, name, name), check=True)
    site.cli("-n", name, check=True)
    return site.record(name)


def happens(site, record, kind, **members):
    site.store.call({"op": "apply", "change": change_id(), "id": record["id"],
                     "event": dict(members, type=kind, at=now())})


def path(record, action=""):
    return "/invitations/" + record["id"] + ("/" + action if action else "")


def press(operator, record, action):
    """Opens the page that asks, and presses its button; returns what comes then."""
    return operator.submit(operator.page(path(record, action)), "/" + action)


def by_ada(site, record):
    return [event["type"] for event in site.events(record["id"]) if event.get("operator") == "ada"]


def test_page(site, invited, ada):
    happens(site, invited, "sign_in_started", method="device")
    happens(site, invited, "sign_in_failed", code="blocked_by_policy", text="blocked <b>by</b> policy")
    page = ada.page(path(invited))
    assert page.status == 200
    for words in (invited["id"], invited["invitation_email"], "Sign-in started", "Last error",
                  "blocked <b>by</b> policy", "blocked_by_policy", "Invitation opened for",
                  "Sign-in failed (blocked_by_policy)"):
        assert words in page.text, words
    assert "<b>" not in page.body
    assert invited["auth_url"] in page.body
    assert ada.page("/invitations/" + "A" * 22).status == 404
    assert ada.page("/invitations/short").status == 404


def test_granted_scopes_and_validation(site, invited, ada):
    happens(site, invited, "device_authenticated", signed_in_as="s@customer.test", signed_in_tenant="t-1",
            signed_in_oid="o-1", granted_scopes="User.Read.All Group.ReadWrite.All")
    happens(site, invited, "validated", validation="Last Authentication Status: Successful")
    page = ada.page(path(invited))
    for words in ("User.Read.All", "Group.ReadWrite.All", "Granted permissions", "s@customer.test",
                  "Last Authentication Status: Successful", "Authentication complete"):
        assert words in page.text, words
    assert not [link for link in page.links if link.endswith(("/resend", "/extend"))], page.links


def test_long_history(site, invited, ada):
    """It comes in pages, whatever others had written into it."""
    texts = ["%03d" % number + "&" * 2000 for number in range(300)]
    for text in texts:
        happens(site, invited, "sign_in_failed", code="x", text=text)
    seen, page = "", ada.page(path(invited))
    while True:
        assert page.status == 200
        seen += page.text
        links = [link for link in page.links if "after=" in link]
        if not links:
            break
        page = ada.page(links[0])
    assert [text[:3] for text in texts if "(x): %s&" % text[:3] in seen] == [text[:3] for text in texts]


@pytest.mark.parametrize("action", ACTIONS)
def test_viewers_may_not(site, invited, action):
    bob = Operator(site, "bob")
    assert action not in " ".join(bob.page(path(invited)).links)
    before = site.record(invited["customer_id"])
    page = bob.page(path(invited, action))
    assert page.status == 403 and "You may look, not change" in page.text
    ada = Operator(site, "ada")
    fields = ada.page(path(invited, action)).form("/" + action)["fields"]
    assert bob.post(bob.base + path(invited, action), fields).status == 403
    assert Operator(site, None).post(bob.base + path(invited, action), fields).status == 403
    assert site.record(invited["customer_id"]) == before


@pytest.mark.parametrize("action", ACTIONS)
def test_forms_are_marked(site, invited, ada, action):
    """Nothing is done by a form without a good mark; the page is shown once more, and its button works."""
    before = site.record(invited["customer_id"])
    fields = ada.page(path(invited, action)).form("/" + action)["fields"]
    url = ada.base + path(invited, action)
    eve = Operator(site, "eve")
    eve.page(path(invited, action))
    mallory = Operator(site, "ada")
    cookie = "; ".join("%s=%s" % (cookie.name, cookie.value) for cookie in ada.cookies)
    faults = {
        "no mark": ada.post(url, {"change": fields["change"]}),
        "wrong mark": ada.post(url, dict(fields, csrf="A" * 43)),
        "another's mark": eve.post(url, fields),
        "another's mark and cookie": Operator(site, "eve").post(url, fields, Cookie=cookie),
        "no cookie": mallory.post(url, fields),
        "another site": ada.post(url, fields, **{"Sec-Fetch-Site": "cross-site"}),
        "a sibling site": ada.post(url, fields, **{"Sec-Fetch-Site": "same-site"}),
        "no change": ada.post(url, {"csrf": fields["csrf"]}),
        "no change id": ada.post(url, dict(fields, change="../x")),
    }
    for label, page in faults.items():
        assert page.status == 403 and "press the button again" in page.text, (label, page.text)
        assert page.form("/" + action)["fields"]["csrf"]
    assert site.record(invited["customer_id"]) == before
    assert not site.letterbox.mails(invited["invitation_email"])


def test_a_form_outlives_nothing(site, invited, ada):
    """After a restart the old form is not believed; the page says so and the next press works."""
    page = ada.page(path(invited, "revoke"))
    site.daemons["admin"].stop()
    site.daemons["admin"].start()
    page = ada.submit(page, "/revoke")
    assert page.status == 403
    assert ada.submit(page, "/revoke").status == 200
    assert site.status(invited["id"]) == "revoked"


def test_revoke(site, invited, ada):
    page = ada.page(path(invited, "revoke"))
    assert "cannot be taken back" in page.text and site.status(invited["id"]) == "pending"
    page = ada.submit(page, "/revoke")
    assert page.status == 200 and "is revoked" in page.text and page.url.endswith("?done=revoke")
    assert site.status(invited["id"]) == "revoked"
    assert by_ada(site, invited) == ["revoked"]
    assert "Invitation revoked, by ada" in page.text
    assert not [link for link in page.links if link.endswith("/revoke")]


def test_extend(site, invited, ada):
    time.sleep(1.1)
    page = press(ada, invited, "extend")
    assert "was extended" in page.text
    record = site.record(invited["id"])
    assert record["expires_at"] > invited["expires_at"]
    assert "Validity extended to %s, by ada" % record["expires_at"] in page.text
    happens(site, invited, "extended", expires_at="2100-01-01T00:00:00Z")
    press(ada, invited, "extend")
    assert site.record(invited["id"])["expires_at"] == "2100-01-01T00:00:00Z", "never shortened"
    page = ada.page(path(invited, "extend"))
    happens(site, invited, "revoked")
    page = ada.submit(page, "/extend")
    assert page.status == 409 and "the invitation is revoked" in page.text


@pytest.mark.parametrize("action", ("resend", "revoke"))
def test_twice_is_once(site, invited, ada, action):
    page = ada.page(path(invited, action))
    fields = page.form("/" + action)["fields"]
    if action == "resend":
        site.letterbox.slow(0.5)
    answers = []
    presses = [threading.Thread(target=lambda: answers.append(
        ada.post(ada.base + path(invited, action), fields))) for _ in range(3)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()
    if action == "resend":
        site.letterbox.slow(None)
    answers.append(ada.post(ada.base + path(invited, action), fields))
    assert [answer.status for answer in answers] == [200] * 4, [a.text for a in answers]
    assert len(by_ada(site, invited)) == 1
    if action == "resend":
        assert len(site.letterbox.mails(invited["invitation_email"])) == 1


def test_resend(site, invited, ada):
    page = press(ada, invited, "resend")
    assert page.status == 200 and "handed over" in page.text
    mail, = site.letterbox.wait(invited["invitation_email"])
    assert "Subject: Provider Voice: your invitation" in mail
    assert invited["auth_url"].rsplit("/", 1)[1] in mail.replace("=\n", "")
    record = site.record(invited["id"])
    assert (record["status"], record["email_sent_count"]) == ("email_sent", 1)
    event = site.events(invited["id"])[-1]
    assert (event["type"], event["kind"], event["operator"]) == ("notified", "invitation", "ada")
    page = press(Operator(site, "eve"), invited, "resend")
    assert page.status == 409 and re.search(r"the last mail left \d+ s ago; wait another \d+ s", page.text)
    assert len(site.letterbox.mails(invited["invitation_email"])) == 1


def test_resend_says_what_fits(site, invited, ada):
    happens(site, invited, "device_authenticated", signed_in_as="s@customer.test", signed_in_tenant="t-2",
            signed_in_oid="o-2", granted_scopes="User.Read.All")
    happens(site, invited, "token_refused", code="invalid_grant", text="the password was changed")
    press(ada, invited, "resend")
    mail, = site.letterbox.wait(invited["invitation_email"])
    assert "please sign in again" in mail
    assert site.record(invited["id"])["email_sent_count"] == 0


def test_resend_that_is_refused(site, invited, ada):
    site.watch.announce("mail_failed .*operator=ada", "resend: error")
    site.letterbox.refuse()
    page = press(ada, invited, "resend")
    site.letterbox.refuse(False)
    assert page.status == 503 and "the queue is full" in page.text
    assert not by_ada(site, invited)
    assert press(ada, invited, "resend").status == 200, "at once: no mail has left"
    assert len(site.letterbox.wait(invited["invitation_email"])) == 1


def test_resend_to_what_has_ended(site, invited, ada):
    page = ada.page(path(invited, "resend"))
    happens(site, invited, "revoked")
    page = ada.submit(page, "/resend")
    assert page.status == 409 and "revoked, expired or complete" in page.text


def test_validate(site, invited, ada):
    account = invited["invitation_email"]
    site.entra.user(account, tenant=entra.TENANT, password=entra.PASSWORD)
    client = StoreClient(site, "tokend")
    code = client.call({"op": "start", "link": invited["auth_url"].rsplit("/", 1)[1]})["user_code"]
    client.close()
    page = press(ada, invited, "validate")
    assert page.status == 409 and "under way" in page.text
    site.entra.sign_in(code, account)
    site.wait_status(invited["id"], "authentication_complete")
    page = press(ada, invited, "validate")
    assert page.status == 200 and "Last Authentication Status: Successful" in page.text
    event = site.events(invited["id"])[-1]
    assert (event["type"], event["operator"]) == ("validated", "ada")


def test_tokend_away(site, invited, ada):
    site.watch.announce("tokend")
    page = ada.page(path(invited, "resend"))
    site.daemons["tokend"].stop()
    page = ada.submit(page, "/resend")
    assert page.status == 503 and "does not answer" in page.text
    assert ada.page(path(invited)).status == 200
    site.daemons["tokend"].start()
    assert press(ada, invited, "resend").status == 200


def test_new(site, ada):
    site.cli("-i", input="tabled tabled@customer.test\n", check=True)
    page = ada.page("/new")
    assert "No mail leaves by this" in page.text
    page = ada.submit(page, "/new", customer_id="tabled")
    assert page.status == 200 and "The invitation is made" in page.text
    record = site.record("tabled")
    assert record["id"] in page.url and record["invitation_email"] == "tabled@customer.test"
    assert "by ada" in page.text and by_ada(site, record) == ["created"]
    page = ada.submit(ada.page("/new"), "/new", mailbox="tabled@customer.test")
    assert record["id"] in page.url and "an open invitation already" in page.text


def test_new_for_a_mailbox(site, ada):
    page = ada.submit(ada.page("/new"), "/new", mailbox="stranger@customer.test")
    assert page.status == 200
    assert site.record("stranger@customer.test")["customer_id"] == "stranger@customer.test"


def test_new_that_is_wrong(site, ada):
    for fields, words in (({}, "Give a customer"), ({"mailbox": "nobody"}, "no address"),
                          ({"customer_id": "unheard of"}, "not known"),
                          ({"customer_id": "x" * 1025}, "not known"),
                          ({"customer_id": "a\r\nb"}, "not known")):
        page = ada.submit(ada.page("/new"), "/new", **fields)
        assert page.status == 400 and words in page.text, (fields, page.text)
        assert page.form("/new")["fields"].get("mailbox") == fields.get("mailbox", "")
    page = ada.page("/new")
    assert ada.post(ada.base + "/new", {"mailbox": "a@b.test"}).status == 403
    assert Operator(site, "bob").page("/new").status == 403
    fields = dict(page.form("/new")["fields"], mailbox="once@customer.test")
    urls = {ada.post(ada.base + "/new", fields).url.split("?")[0] for _ in range(2)}
    assert len(urls) == 1, "a form makes one invitation"


def test_again_for_the_same(site, invited, ada):
    press(ada, invited, "revoke")
    page = ada.page(path(invited))
    link = next(link for link in page.links if link.startswith("/new?"))
    page = ada.submit(ada.page(link), "/new")
    assert page.status == 200 and "The invitation is made" in page.text
    assert site.record(invited["customer_id"])["id"] != invited["id"]
