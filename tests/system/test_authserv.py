"""Consent mails where the site's own verifier has checked DKIM (consent_authentication = authserv:ID): its word counts, and
nobody else's. The verifier is what stands in front of the milter; here its header fields are put there."""

import pytest

from harness.process import wait_for
from harness.site import Site
from harness.watch import running

ID = "mx.provider.test"
SENDER = "azure-noreply@microsoft.com"
PASS = "%s;\r\n\tdkim=pass (2048-bit key) header.d=microsoft.com header.i=@microsoft.com header.s=s1024-meo header.b=\"abc\"" % ID
FAIL = "%s; dkim=fail (signature verification failed) header.d=microsoft.com" % ID
DMARC = "%s; dmarc=pass (p=reject dis=none) header.from=microsoft.com" % ID


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "milter"), consent_authentication="authserv:" + ID)) as started:
        yield started


def deliver(site, name, results, **more):
    """A mail to an invited mailbox with these Authentication-Results, top first; what is known of consent afterwards."""
    mailbox = "service@%s.test" % name
    site.send_welcome(mailbox)
    message = "".join("Authentication-Results: %s\r\n" % result for result in results)
    message += site.entra.mail("approved", mailbox, raw=True, **more)
    assert site.relay.answer(SENDER, mailbox, message) == 250
    got = site.relay.wait_mail(mailbox, 2)
    assert message.encode().replace(b"\r\n", b"\n").rstrip() in got, "it was changed"
    return site.record(mailbox)["consent"]


@pytest.mark.parametrize("name,results", [
    ("one", [PASS]),
    ("below-dmarc", [DMARC, PASS]),
    ("among-others", ["elsewhere.test; dkim=fail header.d=microsoft.com", PASS]),
    ("list", ["%s; dkim=pass header.d=list.test; dkim=pass header.d=microsoft.com" % ID])])
def test_the_verifier_says_pass(site, name, results):
    assert deliver(site, name, results) == "granted"


@pytest.mark.parametrize("name,results", [
    ("nothing", []),
    ("fail", [FAIL]),
    ("forged-below", [FAIL, PASS]),
    ("forged-below-dmarc", [DMARC, "%s; dkim=none" % ID, PASS]),
    ("of-another", [PASS.replace(ID, "mx.attacker.test")]),
    ("longer-id", [PASS.replace(ID, ID + ".attacker.test")]),
    ("in-a-comment", ["%s; spf=pass (x; dkim=pass header.d=microsoft.com ;)" % ID]),
    ("in-quotes", ["%s; spf=pass smtp.mailfrom=\"a; dkim=pass header.d=microsoft.com \"@x.test" % ID]),
    ("of-a-stranger", ["%s; dkim=pass header.d=attacker.test" % ID])])
def test_it_says_something_else(site, name, results):
    site.watch.announce("consent from=.* action=none reason=\"no valid DKIM signature of a consent domain\"")
    assert deliver(site, name, results) == "none"


@pytest.mark.parametrize("name,more,reason", [
    ("subject", {"dkim": "unsigned_subject"}, "does not cover From, Subject, To and Date"),
    ("length", {"dkim": "l_tag"}, "covers a part of the body only"),
    ("unsigned", {"dkim": "none"}, "does not cover From, Subject, To and Date")])
def test_what_the_signature_covers_counts_all_the_same(site, name, more, reason):
    site.watch.announce("consent from=.* action=none")
    assert deliver(site, "covers-" + name, [PASS], **more) == "none"
    wait_for("the reason", lambda: reason in site.daemons["milter"].text())
