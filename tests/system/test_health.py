"""What monitors read, from the real programs: each part fails with its text when its program is away or its files are
old, counters follow what happens and do not go down, and nothing in them is secret."""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness import entra, secrets
from harness.operator_browser import Operator
from harness.process import BUILD, TOP, free_port, program, wait_for
from harness.site import PLATFORM, Site
from harness.store_client import StoreClient, StoreError
from harness.watch import AWAY, running

PROGRAMS = ("milter", "policy", "wizard", "tokend")
EXPECTED = {"store", "disk", "milter", "policy", "wizard", "tokend", "microsoft", "queue", "link_key", "vault_key"}


class Watched(Site):
    def __init__(self, **settings):
        self.metrics_port = free_port()
        super().__init__(metrics_listen="inet:127.0.0.1:%d" % self.metrics_port, **settings)

    def get(self, path, method="GET", **headers):
        """(status, type, text) of a path of metrics_listen."""
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (self.metrics_port, path), headers=headers,
                                         method=method)
        try:
            answer = urllib.request.urlopen(request, timeout=10)
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()

    def health(self):
        """{part: (state, text)}, and "" for the whole."""
        status, _, text = self.get("/healthz", Accept="application/json")
        said = json.loads(text)
        assert status == (503 if said["state"] == "fail" else 200)
        parts = {part["part"]: (part["state"], part["text"]) for part in said["parts"]}
        return dict(parts, **{"": (said["state"], "")})

    def wait_part(self, part, state, seconds=20):
        """Its text, once it has that state."""
        try:
            wait_for("%s of %s" % (state, part), lambda: self.health().get(part, ("",))[0] == state, seconds, 0.2)
        except TimeoutError:
            raise TimeoutError("%s is not %s: %s" % (part, state, json.dumps(self.health(), indent=1)))
        return self.health()[part][1]

    def metrics(self):
        """{series: value}, series as name{label="value"}."""
        status, kind, text = self.get("/metrics")
        assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
        found = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = ",".join('%s="%s"' % pair for pair in sample.labels.items())
                series = sample.name + ("{%s}" % labels if labels else "")
                assert series not in found, series
                found[series] = sample.value
        return found

    def mails(self):
        return {re.search(r'"(\w+)"', series).group(1): value for series, value in self.metrics().items()
                if series.startswith("postinvite_milter_mails_total")}


@pytest.fixture(scope="module")
def site():
    with running(Watched(link_fallback="reject", welcome_subject="^Welcome")) as started:
        yield started


def test_all_is_well(site):
    for name in PROGRAMS:
        site.wait_part(name, "ok")
    assert set(site.health()) == EXPECTED | {""}
    status, kind, text = site.get("/healthz")
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    assert text.startswith("ok\nok   store: answers")
    assert len(text.splitlines()) == 1 + len(EXPECTED)
    page = Operator(site, None).page("/healthz")
    assert page.status == 200 and page.body.startswith("ok\n")
    assert "postinvite_up" in Operator(site, None).page("/metrics").body


def test_nothing_else_is_served_there(site):
    for path in ("/", "/invitations/x", "/static/admin.css", "/healthz/x"):
        status, kind, text = site.get(path)
        assert status == 404 and kind.startswith("text/plain") and "GET /metrics" in text, path
    request = urllib.request.Request("http://127.0.0.1:%d/metrics" % site.metrics_port, data=b"x")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == 405


def test_every_number_is_in_the_manual(site):
    wait_for("all programs", lambda: all(
        any(series.startswith("postinvite_%s_" % name) for series in site.metrics()) for name in PROGRAMS + ("admin",)))
    with open(os.path.join(BUILD, "man", "postinvite.metrics.5")) as file:
        manual = dict(re.findall(r"^\.It Cm (postinvite_\w+) Pq (\w+)$", file.read(), re.M))
    found = {}
    for family in text_string_to_metric_families(site.get("/metrics")[2]):
        assert family.documentation and family.samples
        found[family.name + ("_total" if family.type == "counter" else "")] = family.type
    assert found == manual
    with open(os.path.join(TOP, "README.md")) as file:
        named = set(re.findall(r"postinvite_\w+(?=[{ )])", file.read()))
    assert len(named) > 4 and named <= {re.sub(r"\{.*", "", series) for series in site.metrics()}


def test_what_a_request_lacks_is_no_fault_of_the_store(site):
    site.watch.announce(r"there is no such load")
    client = StoreClient(site)
    with pytest.raises(StoreError):
        client.once({"op": "table_seal", "load": 99})
    client.close()
    assert site.health()["store"][0] == "ok"
    assert site.metrics()['postinvite_store_requests_total{op="table_seal",outcome="failed"}'] == 1


def send(site, sender, recipient, text, subject="Hello", **headers):
    fields = dict({"From": sender, "To": recipient, "Subject": subject, "Message-ID": "<%s@x.test>" % time.time()},
                  **headers)
    mail = "".join("%s: %s\r\n" % (name.replace("_", "-"), value) for name, value in fields.items())
    try:
        site.relay.send(sender, recipient, mail + "\r\n" + text)
    except Exception as refused:
        return str(refused)
    return ""


def test_mails_are_counted_by_kind(site):
    site.watch.announce(r"welcome .*action=rejected", r"consent .*action=none")
    before = site.mails()
    assert send(site, "ada@elsewhere.test", "nobody@customer.test", "Hi") == ""
    site.invite(entra.SERVICE)
    assert "550" in send(site, PLATFORM, entra.SERVICE, "no link", subject="Welcome, you")
    site.entra.mail("approved", to=entra.SERVICE)
    site.entra.mail("approved", to="nobody@elsewhere.test")
    assert send(site, "azure-noreply@microsoft.com", entra.SERVICE, "approved",
                subject="Request for access to Provider Voice approved") == ""
    grown = {"unrelated", "welcome_injected", "welcome_rejected", "consent", "consent_unknown", "consent_refused", "report",
             "report_other"}

    def counted():
        now = site.mails()
        return grown == {kind for kind in now if now[kind] > before[kind]}
    try:
        wait_for("the counts", counted, 25, 0.5)
    except TimeoutError:
        raise AssertionError("%s, then %s" % (before, site.mails()))
    numbers = site.metrics()
    assert numbers["postinvite_milter_welcome_seconds_count"] == \
        numbers['postinvite_milter_welcome_seconds_bucket{le="+Inf"}'] >= 2
    assert 0 < numbers["postinvite_milter_welcome_seconds_sum"] < 60
    assert numbers['postinvite_invitations{status="consent_granted"}'] == 1


def test_mails_to_the_bounce_address_are_counted():
    """As the reports that they are; what is refused there is no refused Welcome mail."""
    report = ("Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\nMessage-ID: <r@mx.test>\r\n"
              "\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n"
              "Final-Recipient: rfc822; service@nobody.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--r--\r\n")
    daemons = ("store", "milter", "admin")
    with running(Watched(daemons=daemons, bounce_address="bounce@invite.test")) as site:
        site.invite("service@nobody.test")
        path = re.search(rb"^Return-Path: <(.*)>$", site.relay.mails("service@nobody.test")[-1], re.M).group(1).decode()
        assert site.relay.answer("", [path], report) == 250
        assert site.relay.answer("", [path], "Subject: Hello\r\n\r\nYou have won.\r\n") == "550 5.7.1"
        wanted = {"welcome_injected": 1, "report": 1, "report_other": 1}
        wait_for("the counts", lambda: {kind: n for kind, n in site.mails().items()
                                        if n and kind != "unrelated"} == wanted, 25, 0.5)


def test_counters_never_go_down(site):
    """Neither by a restart, nor when somebody kills the milter and what it had not told yet is lost."""
    before = site.mails()
    assert before["unrelated"] > 0
    site.daemons["milter"].stop()
    stopped = site.mails()
    site.daemons["milter"].start()
    assert send(site, "ada@elsewhere.test", "nobody@customer.test", "Hi") == ""
    wait_for("one more", lambda: site.mails()["unrelated"] == stopped["unrelated"] + 1, 20, 0.5)
    site.daemons["milter"].kill()
    after = site.mails()
    assert all(after[kind] >= stopped[kind] >= before[kind] for kind in before)
    site.daemons["milter"].start()
    assert site.mails() == after
    site.wait_part("milter", "ok")


def test_a_sign_in_is_counted(site):
    before = site.metrics()
    customer = site.invite(entra.STRANGER)
    customer.enter(customer.start())
    site.wait_status(entra.STRANGER, "device_authenticated")

    def counted():
        now = site.metrics()
        return now['postinvite_tokend_sign_ins_total{outcome="completed"}'] > \
            before['postinvite_tokend_sign_ins_total{outcome="completed"}']
    wait_for("the sign-in", counted, 20, 0.5)
    now = site.metrics()
    grown = {series for series in now if now[series] > before.get(series, 0)}
    for endpoint in ("discovery", "keys", "device", "poll", "graph"):
        assert 'postinvite_tokend_microsoft_requests_total{endpoint="%s",answer="2xx"}' % endpoint in grown
        assert now['postinvite_tokend_microsoft_request_seconds_count{endpoint="%s"}' % endpoint] == sum(
            value for series, value in now.items()
            if series.startswith('postinvite_tokend_microsoft_requests_total{endpoint="%s"' % endpoint))
    assert 'postinvite_wizard_requests_total{route="start",status="2xx"}' in grown | {
        series.replace("3xx", "2xx") for series in grown}
    assert 'postinvite_store_requests_total{op="apply",outcome="ok"}' in grown
    assert "postinvite_store_commit_seconds_count" in grown and "postinvite_store_sequence" in grown
    site.cli("-V", entra.STRANGER, check=True)
    wait_for("the refresh", lambda: site.metrics()['postinvite_tokend_refreshes_total{outcome="refreshed"}'] == 1,
             20, 0.5)
    health = site.health()
    assert health["microsoft"][0] == "ok" and "answered at" in health["microsoft"][1]
    assert health["clock"][0] == "ok"


def test_no_secret_is_shown(site):
    found = secrets.planted(site)
    assert len(found) > 5
    for path in ("/metrics", "/healthz"):
        text = site.get(path)[2]
        secrets.check(path, text.encode(), found)
        assert "@" not in text and entra.TENANT not in text and "customer.test" not in text


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_stopped(site, name):
    site.watch.announce(AWAY, "tokend")
    site.daemons[name].stop()
    assert site.wait_part(name, "fail", 5) in {
        "was stopped %d s ago: start postinvite-%s again" % (seconds, name) for seconds in range(5)}
    assert site.get("/healthz")[2].startswith("fail\nfail %s: was stopped" % name)
    assert site.metrics()['postinvite_up{program="%s"}' % name] == 0
    assert site.metrics()['postinvite_health{part="%s"}' % name] == 2
    site.daemons[name].start()
    site.wait_part(name, "ok")
    assert site.metrics()['postinvite_up{program="%s"}' % name] == 1


def test_a_program_is_killed(site):
    """It cannot say so; after a minute of silence it is gone."""
    site.daemons["wizard"].kill()
    time.sleep(20)
    assert site.health()["wizard"][0] == "ok"
    text = site.wait_part("wizard", "fail", 60)
    assert re.match(r"not heard of for 6\d s: see whether postinvite-wizard runs", text)
    site.daemons["wizard"].start()
    site.wait_part("wizard", "ok")


def test_the_store_is_away(site):
    site.watch.announce(AWAY)
    site.daemons["store"].stop()
    begun = time.monotonic()
    status, _, text = site.get("/healthz")
    assert status == 503 and time.monotonic() - begun < 4
    assert site.get("/healthz", "HEAD")[::2] == (503, "")
    assert text.startswith("fail\nfail store: does not answer (the store (unix:")
    assert "start postinvite-store" in text and "warn milter: not known" in text
    numbers = site.metrics()
    assert numbers['postinvite_up{program="store"}'] == 0 and numbers['postinvite_up{program="admin"}'] == 1
    assert 'postinvite_up{program="milter"}' not in numbers
    site.daemons["store"].start()
    assert site.wait_part("store", "ok", 5)
    for name in PROGRAMS:
        site.wait_part(name, "ok", 45)


def test_a_hung_store_has_a_deadline(site):
    site.watch.announce(AWAY)
    site.daemons["store"].signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        assert site.get("/healthz")[0] == 503
        assert time.monotonic() - begun < 4
    finally:
        site.daemons["store"].signal(signal.SIGCONT)
    site.wait_part("store", "ok", 10)


def test_old_keys(site):
    old = time.time() - 3 * 365 * 24 * 3600
    site.watch.announce(r"vault", "reload")
    for kind, daemon in (("link", "store"), ("vault", "tokend")):
        path = os.path.join(site.config, kind + ".key")
        now = os.stat(path).st_mtime
        os.utime(path, (old, old))
        site.daemons[daemon].signal(signal.SIGHUP)
        text = site.wait_part(kind + "_key", "warn")
        assert '"postinvite -k %s" makes a new one' % kind in text and path in text
        os.utime(path, (now, now))
        site.daemons[daemon].signal(signal.SIGHUP)
        site.wait_part(kind + "_key", "ok")


def test_microsoft_is_away(site):
    site.watch.announce("sign_in", "again", "127.0.0.1", "tokend")
    customer = site.invite("second@customer.test")
    site.entra.fault("devicecode", times=100, status=503)
    try:
        with pytest.raises(LookupError):
            customer.start()
        text = site.wait_part("microsoft", "warn")
        assert re.match(r"no answer since 20\S+Z \(HTTP status 503\): check this machine's way out", text)
    finally:
        site.entra.clear_faults()
    time.sleep(1.5)
    customer.start()
    site.wait_part("microsoft", "ok")


def test_the_application_is_refused(site):
    site.watch.announce("sign_in", "AADSTS")
    customer = site.invite("third@customer.test")
    site.entra.fault("devicecode", times=1, status=400, body={
        "error": "invalid_client", "error_description": "AADSTS7000218: x", "error_codes": [7000218]})
    with pytest.raises(LookupError):
        customer.start()
    text = site.wait_part("microsoft", "fail")
    assert text.startswith("Microsoft refuses the app registration: ") and "Allow public client flows" in text
    assert "sign_ins_total" in site.get("/metrics")[2]
    time.sleep(1.5)
    customer.start()
    site.wait_part("microsoft", "ok")


def test_whose_application_is_refused(site):
    """Microsoft's words may name the customer; ours are enough, and anybody may read them."""
    site.watch.announce("sign_in", "AADSTS")
    customer = site.invite("fourth@customer.test")
    site.entra.fault("devicecode", times=1, status=400, body={
        "error": "invalid_client", "error_codes": [650052],
        "error_description": "AADSTS650052: The app needs what your organization 'Contoso Ltd' has not subscribed to."})
    with pytest.raises(LookupError):
        customer.start()
    text = site.wait_part("microsoft", "fail")
    assert text.endswith("(invalid_client, AADSTS650052)")
    assert "Contoso" not in site.get("/healthz")[2]
    time.sleep(1.5)
    customer.start()
    site.wait_part("microsoft", "ok")


def test_what_a_browser_says_is_no_finding(site):
    """Whoever has a link can bring any error back from Microsoft's page."""
    site.watch.announce("sign_in")
    customer = site.invite("fifth@customer.test")
    page = customer.browser.submit(customer.page(), "/code")
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query)["state"][0]
    page = customer.browser.get("%s/callback?error=unauthorized_client&state=%s" % (site.wizard_url, state))
    assert "unauthorized_client" in page.text
    time.sleep(12)  # a report is due every 10 s
    assert site.health()["microsoft"][0] == "ok"


def certificate(folder, name, days):
    """A certificate and its key that end in so many days; returns their paths."""
    paths = [os.path.join(folder, name + suffix) for suffix in (".pem", ".key.pem")]
    begin, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + day * 86400)) for day in (days - 90, days + 0.5))
    authority = os.path.join(folder, name + ".ca")
    os.makedirs(authority)
    open(os.path.join(authority, "index.txt"), "w").close()
    with open(os.path.join(authority, "ca.cnf"), "w") as file:
        file.write("[ca]\ndefault_ca = own\n[own]\ndatabase = %s/index.txt\nnew_certs_dir = %s\nrand_serial = yes\n"
                   "default_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n[req]\n"
                   "distinguished_name = name\n[name]\n" % (authority, authority))
    run = dict(check=True, capture_output=True)
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    "/CN=127.0.0.1", "-config", authority + "/ca.cnf", "-keyout", paths[1], "-out", paths[0] + ".csr"],
                   **run)
    subprocess.run(["openssl", "ca", "-batch", "-selfsign", "-config", authority + "/ca.cnf", "-keyfile", paths[1],
                    "-startdate", begin, "-enddate", end, "-in", paths[0] + ".csr", "-out", paths[0], "-notext"], **run)
    for path in paths:
        shutil.chown(path, "nobody")
    return paths


def test_certificates():
    with running(Watched(relay=False, daemons=("store", "wizard", "admin"))) as site:
        command = [program("postinvite-wizard"), "-c", site.config, "-t"]
        for days, state, words in ((40, "ok", "is valid until"), (20, "warn", "in 20 days: put a new one there"),
                                   (-3, "fail", "has expired at")):
            paths = certificate(site.folder, "tls%d" % days, days)
            settings = ["wizard_tls_cert_file = " + paths[0], "wizard_tls_key_file = " + paths[1]]
            site.write_config("\n".join([line for line in site.read_config().splitlines()
                                         if not line.startswith("wizard_tls")] + settings) + "\n")
            result = subprocess.run(command, capture_output=True, text=True)
            assert result.returncode == 0
            assert (state == "ok") == (result.stderr == "") and (state == "ok" or words in result.stderr)
            site.watch.announce("wizard_tls_cert_file", "tokend", "reload")
            site.daemons["wizard"].signal(signal.SIGHUP)
            text = site.wait_part("wizard_certificate", state)
            assert text.startswith("wizard_tls_cert_file") and words in text
        with open(paths[0], "w") as file:
            file.write("no certificate\n")
        result = subprocess.run(command, capture_output=True, text=True)
        assert result.returncode == 78 and paths[0] + ": holds no certificate in PEM form" in result.stderr
        operators = certificate(site.folder, "operators", 10)
        shutil.copy(operators[0], paths[0])
        for key, words in ((paths[1], "is not the key of the first certificate"),
                           (paths[0], "holds no private key in PEM form")):
            result = subprocess.run(command + ["-o", "wizard_tls_key_file=" + key], capture_output=True, text=True)
            assert result.returncode == 78 and "wizard_tls_key_file: %s: %s" % (key, words) in result.stderr
        paths = operators
        command = [program("postinvite-admin"), "-c", site.config, "-t"]
        for setting in ("admin_listen=inet:127.0.0.1:1", "admin_tls_cert_file=" + paths[0],
                        "admin_tls_key_file=" + paths[1], "admin_ca_file=" + paths[0], "admin_subjects=a:view"):
            command += ["-o", setting]
        result = subprocess.run(command, capture_output=True, text=True)
        assert result.returncode == 0 and "admin_tls_cert_file %s expires at" % paths[0] in result.stderr


def test_a_lost_customers_table():
    """Without a mail that asks for it; and it is over when a table is loaded again."""
    with running(Watched(relay=False, daemons=("store", "admin"))) as site:
        table = os.path.join(site.folder, "customers")
        with open(table, "w") as file:
            file.write("contoso voice@contoso.test\n")
        assert site.cli(table).returncode == 0
        site.wait_part("store", "ok")
        site.daemons["store"].stop()
        for path in glob.glob(os.path.join(site.folder, "state", "*.sealed")):
            os.unlink(path)
        site.watch.announce("the customers table", AWAY)
        site.daemons["store"].start()
        text = site.wait_part("store", "fail")
        assert "load it again" in text and "Welcome mail is put off" in text
        assert site.cli(table).returncode == 0
        site.wait_part("store", "ok")


def test_metrics_on_a_unix_socket():
    with Watched(relay=False, daemons=("store", "admin")) as site:
        site.daemons["admin"].stop()
        path = os.path.join(site.folder, "run", "metrics")
        site.write_config(site.read_config() + "metrics_listen = unix:%s\n" % path)
        site.daemons["admin"].start()
        site.admin_socket = path
        assert Operator(site, None).page("/metrics").status == 200
        assert Operator(site, None).page("/").status == 404
        assert os.stat(path).st_mode & 0o777 == 0o660
        site.daemons["admin"].stop()
        assert not os.path.exists(path)
