"""Each command of postinvite(1) with each kind of key: exit status and what is printed, with -j, while the
programs run and while none does."""

import json
import re

import pytest

from harness import entra
from harness.site import Site
from harness.store_client import StoreClient
from harness.watch import running

CUSTOMERS = """\
contoso voice@customer.test tenant=customer.test
bare    bare@bare.test tenant=bare.test
gone    gone@gone.test tenant=gone.test
"two 1" shared@two.test tenant=two.test
"two 2" shared@two.test tenant=two.test
"""
KEYS = ["customer", "id", "mailbox", "MAILBOX", "tenant", "TENANT"]
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
VALUE = r"(\w+)\t(\S+@\S+)\t(%s|-)\n" % TIME
LINK = r"http://127\.0\.0\.1:\d+/i/[\w-]{46}\n"
HISTORY = r"(%s\t\w+\t[^\t\n]+\n)+" % TIME
SUCCESSFUL = "Last Authentication Status: Successful\n"


@pytest.fixture(scope="module")
def site():
    """contoso has a token, bare no invitation, gone a revoked one, and the two share their keys."""
    with running(Site(daemons=("store", "tokend"), relay=False, confirmation_scopes="")) as site:
        site.entra.consent(True)
        site.customers(CUSTOMERS)
        site.entra.user("voice@customer.test", tenant=entra.TENANT, password=entra.PASSWORD)
        link = site.cli("-n", "contoso", check=True).stdout.strip().rsplit("/", 1)[1]
        client = StoreClient(site, "tokend")
        code = client.call({"op": "start", "link": link})["user_code"]
        client.close()
        site.entra.sign_in(code, "voice@customer.test")
        site.wait_status("contoso", "authentication_complete")
        site.cli("-n", "gone", check=True)
        site.cli("-d", "gone", check=True)
        yield site


@pytest.fixture(params=["running", "nothing runs"])
def either(request, site):
    """The same state, asked of the store or opened by the command itself."""
    daemons = site.daemons.values() if request.param == "nothing runs" else ()
    for daemon in daemons:
        assert daemon.stop() == 0
    yield site
    for daemon in daemons:
        daemon.start()


def key_of(site, kind):
    return {"customer": "contoso", "id": site.record("contoso")["id"],
            "mailbox": "voice@customer.test", "MAILBOX": "VOICE@Customer.TEST",
            "tenant": "customer.test", "TENANT": "Customer.TEST"}[kind]


def prints(result, pattern, status=0, said=""):
    assert (result.returncode, result.stderr) == (status, said), result
    found = re.fullmatch(pattern, result.stdout)
    assert found, result.stdout
    return found


def refuses(result, status, words):
    """Nothing on stdout, one line on stderr."""
    assert (result.returncode, result.stdout) == (status, ""), result
    assert re.fullmatch(r"postinvite: .*\n", result.stderr) and words in result.stderr, result.stderr


def as_json(result):
    assert (result.returncode, result.stderr) == (0, ""), result
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("kind", KEYS)
def test_a_good_key(either, kind):
    key = key_of(either, kind)
    assert prints(either.cli("-q", key), VALUE).group(1) == "authentication_complete"
    url = prints(either.cli("-a", key), LINK).group()
    events = prints(either.cli("-e", key), HISTORY).group().count("\n")
    prints(either.cli("-q", "-", input="nobody\n%s\n" % key), re.escape(key) + "\t" + VALUE)
    customer, = as_json(either.cli("-j", "-q", key))
    assert customer["customer_id"] == "contoso" and customer["status"] == "authentication_complete"
    assert as_json(either.cli("-j", "-a", key)) == [customer["invitation"]]
    assert customer["invitation"]["auth_url"] + "\n" == url
    history = as_json(either.cli("-j", "-e", key))
    assert [event["sequence"] for event in history] == sorted(event["sequence"] for event in history)
    assert len(history) == events


@pytest.mark.parametrize("kind", KEYS)
def test_a_good_key_and_a_token(site, kind):
    key = key_of(site, kind)
    prints(site.cli("-V", key), SUCCESSFUL)
    prints(site.cli("-T", key), r"[\w.~+/-]+=*\n")
    outcome, = as_json(site.cli("-j", "-V", key))
    assert (outcome["outcome"], outcome["validation"] + "\n") == ("successful", SUCCESSFUL)
    token, = as_json(site.cli("-j", "-T", key))
    assert token["access_token"] and token["expires_in"] > 60 and token["token_type"] == "Bearer"


def test_a_key_of_two_customers(either):
    for key in "two.test", "Shared@two.test":
        prints(either.cli("-q", key), VALUE * 2)
        assert len(as_json(either.cli("-j", "-q", key))) == 2
        for flag in "-n", "-a", "-e":
            refuses(either.cli(flag, key), 65, '"%s" is the key of 2 customers, name one: two 1, two 2' % key)
        refuses(either.cli("-d", key), 65, "customers")
    prints(either.cli("-q", "two 1"), VALUE)
    result = either.cli("-d", "-", input="nobody\ntwo.test\nbare\n")
    refuses(result, 65, 'stopped at "two.test": ')
    assert json.loads(either.cli("-j", "-q", "bare").stdout)["known"]


def test_a_key_of_two_customers_and_tokens(site):
    for flag in "-V", "-T":
        refuses(site.cli(flag, "two.test"), 65, "2 customers; name one")


def test_a_revoked_one(either):
    identity = either.record("gone")["id"]
    for key in "gone", "gone@gone.test", identity:
        assert prints(either.cli("-q", key), VALUE).group(1) == "revoked"
        prints(either.cli("-e", key), HISTORY)
        warning = ('postinvite: warning: %s: the invitation is revoked, its link no longer works; "postinvite -n '
                   '%s" makes a new one\n' % (key, key))
        prints(either.cli("-a", key), LINK, said=warning)
        record = json.loads(either.cli("-j", "-a", key).stdout)
        assert record["revoked_at"] and record["status"] == "revoked"
        prints(either.cli("-d", key), "")  # it is known, and revoked it stays


def test_a_revoked_one_and_tokens(site):
    for flag in "-V", "-T":
        for key in "gone", site.record("gone")["id"]:
            refuses(site.cli(flag, key), 77, "the invitation is revoked")


def test_one_that_was_never_invited(either):
    for key in "bare", "bare@bare.test", "BARE.test":
        assert prints(either.cli("-q", key), VALUE).groups() == ("not_invited", "bare@bare.test", "-")
        for flag in "-a", "-e":
            refuses(either.cli(flag, key), 1, '"%s" has no invitation; "postinvite -n %s" makes one' % (key, key))


def test_one_that_was_never_invited_and_tokens(site):
    for flag in "-V", "-T":
        refuses(site.cli(flag, "bare"), 77, "not been invited")


def test_a_key_of_nobody(either):
    for key in "nobody", "nobody@nowhere.test", "A" * 22, "tab\tin it", "long" * 1000:
        for flags in ("-q",), ("-j", "-q"), ("-d",):
            prints(either.cli(*flags, key), "", 1)
        for flag in "-a", "-e":
            refuses(either.cli(flag, key), 1, "")
    refuses(either.cli("-n", "nobody"), 1, '"nobody" is not known')


def test_a_key_of_nobody_and_tokens(site):
    for key in "nobody", "nobody@nowhere.test", "A" * 22, "tab\tin it", "":
        for flag in "-V", "-T":
            refuses(site.cli(flag, key), 1, "")


def test_inviting_and_revoking(either):
    """By each kind of key; what is there already is found again."""
    for round, kind in enumerate(("customer", "mailbox", "tenant", "id")):
        name = "n%d" % round
        either.cli("-i", "-w", input="%s %s@new.test tenant=%s.new.test\n" % (name, name, name), check=True)
        keys = {"customer": name, "mailbox": name + "@New.test", "tenant": name + ".New.test"}
        key = keys.get(kind, name)
        url = prints(either.cli("-n", key), LINK).group()
        identity = either.record(name)["id"]
        prints(either.cli("-n", key), re.escape(url))
        prints(either.cli("-n", identity), re.escape(url))
        record, = as_json(either.cli("-j", "-n", key))
        assert (record["id"], record["status"], record["auth_url"] + "\n") == (identity, "pending", url)
        prints(either.cli("-d", identity if kind == "id" else key), "")
        assert either.status(name) == "revoked"
        customer, = as_json(either.cli("-j", "-q", name))
        assert customer["known"] == (kind == "id")
        again = prints(either.cli("-n", identity), LINK).group()
        assert again != url
        prints(either.cli("-d", "-", input="%s\n" % name), "")


def test_everybody(either):
    lines = either.cli("-s", check=True).stdout
    assert re.fullmatch(r"([^\t\n]+\t%s)+" % VALUE, lines)
    assert [customer["customer_id"] for customer in as_json(either.cli("-j", "-s"))] == [
        line.split("\t")[0] for line in lines.splitlines()]
