"""The Entra simulator, walked as a client, a customer and a reviewer would: what the other
tests build on has to be right itself. Tests follow one another."""

import base64
import hashlib
import http.client
import json
import re
import secrets
import socket
import ssl
import struct
import subprocess
import tempfile
import time
import urllib.parse

import pytest

from harness.browser import Forms
from harness.process import Process, free_port, program
from harness.sink import Sink

TENANT = "7b0e4c5e-0f5e-4b2e-9c2e-1d6c5a2f0001"
OTHER = "7b0e4c5e-0f5e-4b2e-9c2e-1d6c5a2f0002"
CLIENT = "3f1d2c4b-1111-4222-8333-abcdefabcdef"
SECRET_CLIENT = "3f1d2c4b-1111-4222-8333-abcdefabcd00"
SERVICE = "svc@customer.example"
ADMIN = "boss@customer.example"
CALLBACK = "https://invite.provider.example/callback"
SCOPES = "User.Read.All Group.ReadWrite.All offline_access openid profile"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def check(label, got, want=True):
    assert got == want, "%s: got %r, want %r" % (label, got, want)


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.text = response.read().decode()

    def json(self):
        return json.loads(self.text)

    def query(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.headers["Location"]).query))


class Client:
    def __init__(self, port):
        self.port = port
        self.context = ssl._create_unverified_context()

    def call(self, method, path, form=None, js=None, headers=None):
        c = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=20)
        headers, body = dict(headers or {}), None
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if js is not None:
            body = json.dumps(js)
        try:
            c.request(method, path, body, headers)
            return Answer(c.getresponse())
        finally:
            c.close()

    def get(self, path, bearer=None):
        return self.call("GET", path,
                         headers={"Authorization": "Bearer " + bearer} if bearer else None)

    def post(self, path, form, tenant=None):
        return self.call("POST", path, form=form)

    def sim(self, name, js=None):
        answer = self.call("POST", "/_sim/" + name, js=js or {})
        if answer.status >= 400:
            check(f"_sim/{name} {js}", answer.text, "")
        return answer.json() if answer.text else None

    def submit(self, page, values, which=0):
        """Sends a page's form as a browser would."""
        form = Forms(page.text).forms[which]
        return self.post(form["action"], {**form["fields"], **values})

    def devicecode(self, scope=SCOPES, tenant="organizations", client=CLIENT):
        return self.post(f"/{tenant}/oauth2/v2.0/devicecode", {"client_id": client, "scope": scope})

    def token(self, grant, tenant="organizations", client=CLIENT, **form):
        return self.post(f"/{tenant}/oauth2/v2.0/token",
                         {"grant_type": grant, "client_id": client, **form})

    def sign_in(self, flow, upn=SERVICE, password="pw-svc", **more):
        return self.sim("sign_in", {"user_code": flow["user_code"], "upn": upn,
                                    "password": password, **more})["result"]

    def poll(self, flow, tenant="organizations"):
        return self.token(DEVICE_GRANT, tenant, device_code=flow["device_code"])


def b64d(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def der(tag, data):
    n = len(data)
    length = bytes([n]) if n < 128 else bytes([0x82]) + struct.pack(">H", n)
    return bytes([tag]) + length + data


def public_pem(n, e):
    numbers = der(0x30, der(2, b"\0" + n) + der(2, e))
    alg = bytes.fromhex("300d06092a864886f70d0101010500")
    spki = der(0x30, alg + der(3, b"\0" + numbers))
    return pem_of(spki)


def pem_of(spki):
    return "-----BEGIN PUBLIC KEY-----\n%s-----END PUBLIC KEY-----\n" % (
        base64.encodebytes(spki).decode())


def verify(pem, data, signature, folder):
    for name, content in (("pub", pem.encode()), ("sig", signature)):
        with open(f"{folder}/{name}", "wb") as f:
            f.write(content)
    run = subprocess.run(["openssl", "dgst", "-sha256", "-verify", f"{folder}/pub", "-signature",
                          f"{folder}/sig"], input=data, capture_output=True)
    return run.returncode == 0


def claims_of(client, jwt, folder):
    """(claims, signature good?) of an id token by the published keys."""
    head, body, sig = jwt.split(".")
    header = json.loads(b64d(head))
    keys = {k["kid"]: k for k in client.get("/organizations/discovery/v2.0/keys").json()["keys"]}
    key = keys.get(header["kid"])
    good = bool(key) and header["alg"] == "RS256" and verify(
        public_pem(b64d(key["n"]), b64d(key["e"])), f"{head}.{body}".encode(), b64d(sig), folder)
    return json.loads(b64d(body)), good


def dns_txt(port, name, timeout=2):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    opt = b"\0\0\x29\x10\0\0\0\0\0\0\0"
    query = b"\x12\x34\x01\0\0\1\0\0\0\0\0\1" + labels + b"\0\0\x10\0\1" + opt
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        s.sendto(query, ("127.0.0.1", port))
        try:
            answer = s.recv(4096)
        except TimeoutError:
            return None, ""
    rcode, count = answer[3] & 15, struct.unpack(">H", answer[6:8])[0]
    if not count:
        return rcode, ""
    at = answer.index(b"\xc0\x0c") + 10
    length = struct.unpack(">H", answer[at:at + 2])[0]
    rdata, text = answer[at + 2:at + 2 + length], b""
    while rdata:
        text, rdata = text + rdata[1:1 + rdata[0]], rdata[1 + rdata[0]:]
    return rcode, text.decode()


def relaxed(value):
    return re.sub(r"[ \t]+", " ", value.replace("\r\n", "")).strip()


def dkim_good(message, record, folder):
    """An own verifier, relaxed/relaxed, as strict as this test needs."""
    head, body = message.decode().split("\r\n\r\n", 1)
    headers = [h.split(":", 1) for h in re.split(r"\r\n(?![ \t])", head)]
    sigs = [v for n, v in headers if n.lower() == "dkim-signature"]
    if not sigs:
        return False
    tags = dict(re.sub(r"\s", "", tag).split("=", 1) for tag in sigs[0].split(";"))
    lines = [re.sub(r"[ \t]+", " ", l).rstrip(" ") for l in body.split("\r\n")]
    canonical = "\r\n".join(lines).rstrip("\r\n") + "\r\n"
    if "l" in tags:
        canonical = canonical[:int(tags["l"])]
    if base64.b64encode(hashlib.sha256(canonical.encode()).digest()).decode() != tags["bh"]:
        return False
    data = ""
    for name in tags["h"].split(":"):
        data += f"{name}:{relaxed([v for n, v in headers if n.lower() == name][-1])}\r\n"
    data += "dkim-signature:" + relaxed(re.sub(r"\bb=[^;]*$", "b=", sigs[0], flags=re.S))
    key = pem_of(base64.b64decode(record.split("p=")[1]))
    return verify(key, data.encode(), base64.b64decode(tags["b"]), folder)


def config(folder, port, dns, relay):
    return {
        "listen": f"127.0.0.1:{port}", "base_url": f"https://127.0.0.1:{port}",
        "tls_cert_file": f"{folder}/cert.pem", "tls_key_file": f"{folder}/key.pem",
        "dns_listen": f"127.0.0.1:{dns}", "relay": f"127.0.0.1:{relay}",
        "envelope_sender": "MSSecurity-noreply@microsoft.com", "interval": 0,
        "apps": [{"client_id": CLIENT, "name": "Live Platform", "publisher": "AudioCodes",
                  "redirect_uris": [CALLBACK]},
                 {"client_id": SECRET_CLIENT, "name": "Secret", "public_client": False}],
        "tenants": [{"id": TENANT, "domains": ["customer.example", "customer.onmicrosoft.com"],
                     "display_name": "Customer", "reviewers": ["boss@customer.example"],
                     "bcc": "consent+tag@invite.provider.example",
                     "users": [{"upn": "svc@customer.example", "mail": "svc@customer.example",
                                "password": "pw-svc", "name": "Service"},
                               {"upn": "boss@customer.example", "mail": "boss@customer.example",
                                "password": "pw-boss", "admin": True}]},
                    {"id": OTHER, "domains": ["other.example"], "device_flow_blocked": True,
                     "consent_granted": True, "consent_workflow": False,
                     "users": [{"upn": "u@other.example", "password": "pw"}]}],
    }


@pytest.fixture(scope="module")
def env():
    """A simulator of its own, with a mail host that takes what it sends."""
    with tempfile.TemporaryDirectory(prefix="postinvite.", dir="/tmp") as folder, Sink() as sink:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", folder + "/key.pem", "-out", folder + "/cert.pem"],
                       check=True, capture_output=True)
        port, dns = free_port(), free_port()
        with open(folder + "/entra.json", "w") as file:
            json.dump(config(folder, port, dns, sink.port), file)
        entra = Process("entra", [program("tests/entra/entra"), "-c", folder + "/entra.json"],
                        folder + "/entra.log").start()
        try:
            yield {"folder": folder, "dns": dns, "port": port, "sink": sink}
        finally:
            assert entra.stop() == 0, entra.text()


@pytest.fixture(scope="module")
def c(env):
    return Client(env["port"])


def test_discovery(c, env):
    names = ((TENANT, TENANT), ("customer.example", TENANT), ("organizations", "{tenantid}"))
    for name, issuer in names:
        meta = c.get(f"/{name}/v2.0/.well-known/openid-configuration").json()
        check(f"issuer of {name}", meta["issuer"], f"https://127.0.0.1:{c.port}/{issuer}/v2.0")
    bad = c.get("/nobody.example/v2.0/.well-known/openid-configuration")
    check("unknown tenant", (bad.status, bad.json()["error"], bad.json()["error_codes"]),
          (400, "invalid_tenant", [90002]))
    check("unknown client", c.devicecode(client="x").json()["error"], "unauthorized_client")
    flow = c.devicecode(client=SECRET_CLIENT).json()
    answer = c.token(DEVICE_GRANT, client=SECRET_CLIENT, device_code=flow["device_code"])
    check("not a public client", answer.json()["error_codes"], [7000218])


def test_device(c, env):
    mails = env["sink"].mails
    flow = c.devicecode().json()
    check("flow members", sorted(flow), ["device_code", "expires_in", "interval", "message",
                                         "user_code", "verification_uri"])
    check("pending", c.poll(flow).json()["error"], "authorization_pending")
    page = c.submit(c.get("/device"), {"otc": flow["user_code"].lower()})
    check("app named", "Live Platform" in page.text and "store or website" in page.text)
    page = c.submit(page, {"decision": "continue"})
    page = c.submit(page, {"loginfmt": SERVICE, "passwd": "wrong"})
    check("wrong password", "AADSTS50126" in page.text)
    page = c.submit(page, {"loginfmt": SERVICE, "passwd": "pw-svc"})
    check("approval page", "Approval required" in page.text)
    page = c.submit(page, {"decision": "request", "justification": "telephony"})
    check("request sent", "Request sent" in page.text)
    check("still pending", c.poll(flow).json()["error"], "authorization_pending")
    check("reviewer's mail", b"Subject: Please review the admin consent request for Live Platform"
          in mails(ADMIN)[0])
    check("requester's mail", b"submitted" in mails(SERVICE)[0])
    page = c.submit(c.get("/consent-requests"), {"loginfmt": ADMIN, "passwd": "pw-boss"})
    check("request listed", "telephony" in page.text)
    page = c.submit(page, {"decision": "approve"})
    check("approved", '"status">approved' in page.text)
    approved = mails(SERVICE, 2)[-1]
    check("approval mail", b"Subject: Request for access to Live Platform approved" in approved)
    check("mail-flow rule", approved in mails("consent+tag@invite.provider.example", 3))
    env["approved"] = approved
    check("code entered again", c.sign_in(flow), "signed_in")
    tokens = c.poll(flow).json()
    check("scope", tokens.get("scope"), "User.Read.All Group.ReadWrite.All openid profile")
    claims, good = claims_of(c, tokens["id_token"], env["folder"])
    check("id token", (good, claims["tid"], claims["aud"], claims["preferred_username"]),
          (True, TENANT, CLIENT, SERVICE))
    check("redeemed", c.poll(flow).json()["error"], "invalid_grant")
    env["tokens"], env["oid"] = tokens, claims["oid"]


def test_device_ends(c, env):
    flow = c.devicecode(tenant="other.example").json()
    check("blocked", c.sign_in(flow, "u@other.example", "pw"), "blocked")
    check("wrong tenant", c.sign_in(flow), "wrong_tenant")
    check("wrong alias", c.poll(flow).json()["error"], "bad_verification_code")
    c.sim("flow", {"user_code": flow["user_code"], "state": "expired"})
    check("expired", c.poll(flow, "other.example").json()["error"], "expired_token")
    c.sim("consent", {"tenant": TENANT, "client_id": CLIENT, "granted": False})
    flow = c.devicecode().json()
    check("admin asked", c.sign_in(flow, ADMIN, "pw-boss"), "accept_needed")
    check("admin declines", c.sign_in(flow, ADMIN, "pw-boss", accept=False), "declined")
    check("declined", c.poll(flow).json()["error"], "authorization_declined")
    c.sim("config", {"after_request": "complete", "interval": 5})
    flow = c.devicecode().json()
    check("needs approval", c.sign_in(flow), "approval_needed")
    c.sim("request_approval", {"user_code": flow["user_code"], "upn": SERVICE})
    check("waits", c.poll(flow).json()["error"], "authorization_pending")
    check("slow down", c.poll(flow).json()["error"], "slow_down")
    decision = {"tenant": TENANT, "client_id": CLIENT, "decision": "approved"}
    check("decide", c.sim("decide", decision), {"decided": 1})
    check("completed", "access_token" in c.poll(flow).json())
    c.sim("config", {"after_request": "pending", "interval": 0})


def authorize_url(verifier, scope=SCOPES, **more):
    digest = hashlib.sha256(verifier.encode()).digest()
    return f"/{TENANT}/oauth2/v2.0/authorize?" + urllib.parse.urlencode({
        "client_id": CLIENT, "response_type": "code", "redirect_uri": CALLBACK, "scope": scope,
        "state": "s&1", "nonce": "n1", "login_hint": SERVICE, "code_challenge_method": "S256",
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="), **more})


def test_code(c, env):
    verifier = secrets.token_urlsafe(48)
    page = c.get(authorize_url(verifier))
    check("login hint", Forms(page.text).forms[0]["fields"]["loginfmt"], SERVICE)
    back = c.submit(page, {"passwd": "pw-svc"})
    check("redirect", (back.status, back.query().get("state")), (302, "s&1"))

    def redeem(verifier):
        return c.token("authorization_code", code=back.query()["code"], redirect_uri=CALLBACK,
                       code_verifier=verifier)
    check("wrong verifier", redeem("x" * 43).json()["error_codes"], [501481])
    tokens = redeem(verifier).json()
    claims, good = claims_of(c, tokens["id_token"], env["folder"])
    check("nonce", (good, claims.get("nonce")), (True, "n1"))
    check("single use", redeem(verifier).json()["error_codes"], [54005])
    check("bad redirect", c.get(authorize_url(verifier, redirect_uri="https://x/")).status, 400)
    answer = c.get(authorize_url(verifier, prompt="none"))
    check("prompt none", answer.query()["error"], "login_required")


def test_code_without_consent(c):
    verifier = secrets.token_urlsafe(48)
    c.sim("consent", {"tenant": TENANT, "client_id": CLIENT, "granted": False})
    page = c.submit(c.get(authorize_url(verifier, "openid profile")), {"passwd": "pw-svc"})
    check("openid alone needs no consent", page.status, 302)
    page = c.submit(c.get(authorize_url(verifier)), {"passwd": "pw-svc"})
    page = c.submit(page, {"decision": "request", "justification": "again"})
    back = c.submit(page, {})
    check("approval asked", back.query().get("error"), "consent_required")


def test_admin_consent(c):
    url = f"/{TENANT}/v2.0/adminconsent?" + urllib.parse.urlencode({
        "client_id": CLIENT, "scope": "User.Read.All", "redirect_uri": CALLBACK, "state": "a"})
    page = c.submit(c.get(url), {"loginfmt": ADMIN, "passwd": "pw-boss"})
    back = c.submit(page, {"decision": "cancel"})
    check("admin cancels", back.query().get("error"), "access_denied")
    page = c.submit(c.get(url), {"loginfmt": ADMIN, "passwd": "pw-boss"})
    back = c.submit(page, {"decision": "accept"}).query()
    check("admin accepts", (back.get("admin_consent"), back.get("tenant")), ("True", TENANT))


def test_refresh(c, env):
    def refresh(token):
        return c.token("refresh_token", refresh_token=token).json()

    def me(token):
        return c.get("/v1.0/me?$select=id,userPrincipalName", bearer=token)
    old = env["tokens"]["refresh_token"]
    new = refresh(old)["refresh_token"]
    check("rotated", new != old and "refresh_token" in refresh(old))
    access = refresh(new)["access_token"]
    check("me", me(access).json().get("id"), env["oid"])
    check("me without token", (me("x").status, me("x").json()["error"]["code"]),
          (401, "InvalidAuthenticationToken"))
    check("organization", c.get("/v1.0/organization", bearer=access).status, 403)
    c.sim("revoke", {"upn": SERVICE, "error_code": 50173})
    check("revoked", (refresh(new)["error"], refresh(new)["error_codes"]),
          ("invalid_grant", [50173]))


def fresh_tokens(c):
    flow = c.devicecode().json()
    c.sign_in(flow)
    return c.poll(flow)


def fault(c, **spec):
    c.sim("fault", {"times": 1, **spec})


OPENID = "/common/v2.0/.well-known/openid-configuration"


def test_faults_of_answers(c):
    fault(c, endpoint="devicecode", status=503, retry_after=7, headers={"X-Y": "z"})
    answer = c.devicecode()
    check("503", (answer.status, answer.headers["Retry-After"], answer.headers["X-Y"]),
          (503, "7", "z"))
    check("once", c.devicecode().status, 200)
    fault(c, endpoint="token", grant="device_code", error="invalid_grant", suberror="basic_action",
          error_codes=[50076])
    check("error", fresh_tokens(c).json().get("suberror"), "basic_action")
    fault(c, endpoint="jwks", body="{", content_type="text/plain")
    answer = c.get("/common/discovery/v2.0/keys")
    check("body", (answer.text, answer.headers["Content-Type"]), ("{", "text/plain"))


def test_faults_of_connections(c):
    fault(c, endpoint="openid", delay_ms=400)
    start = time.time()
    check("delayed", c.get(OPENID).status, 200)
    check("delay", time.time() - start > 0.39)
    fault(c, endpoint="openid", huge=3000000)
    check("huge", len(c.get(OPENID).text) > 3000000)
    for kind in ({"truncate": True}, {"close": True}, {"close": "before"}):
        fault(c, endpoint="openid", **kind)
        with pytest.raises((http.client.HTTPException, ConnectionError, ssl.SSLError)):
            c.get(OPENID)


def test_faults_of_tokens(c, env):
    for how, want in (({"bad_signature": True}, False), ({"unknown_kid": True}, False),
                      ({"alg": "none"}, False), ({"alg": "HS256"}, False),
                      ({"tid": "other", "oid": None}, True)):
        fault(c, endpoint="token", id_token=how)
        claims, good = claims_of(c, fresh_tokens(c).json()["id_token"], env["folder"])
        check(f"id_token {how}", good, want)
    check("claims", (claims["tid"], "oid" in claims), ("other", False))
    fault(c, endpoint="token", scope="User.Read.All", drop_refresh_token=True)
    tokens = fresh_tokens(c).json()
    check("scope", (tokens["scope"], "refresh_token" in tokens), ("User.Read.All", False))
    fault(c, endpoint="me", me={"id": "someone"})
    access = fresh_tokens(c).json()["access_token"]
    check("me override", c.get("/v1.0/me", bearer=access).json()["id"], "someone")
    before = c.get("/common/discovery/v2.0/keys").json()["keys"]
    c.sim("rotate_keys", {"drop_old": True})
    after = c.get("/common/discovery/v2.0/keys").json()["keys"]
    check("rotated", (len(after), after[0]["kid"] == before[0]["kid"]), (1, False))


def test_dns(c, env):
    rcode, record = dns_txt(env["dns"], "S1024-meo._domainkey.microsoft.COM")
    check("key", (rcode, record.startswith("v=DKIM1; k=rsa; p=")), (0, True))
    check("no such name", dns_txt(env["dns"], "x.example")[0], 3)
    fault(c, endpoint="dns", rcode="SERVFAIL")
    check("servfail", dns_txt(env["dns"], "x.example")[0], 2)
    fault(c, endpoint="dns", silent=True)
    check("silent", dns_txt(env["dns"], "x.example", 0.3)[0], None)


def make(c, **more):
    spec = {"kind": "approved", "to": "x@customer.example", "client_id": CLIENT, **more}
    return c.sim("mail", dict(spec, raw=True))["message"].encode()


@pytest.mark.parametrize("how", ["good", "none", "broken", "l_tag", "wrong_domain",
                                 "doubled_subject", "unsigned_to"])
def test_dkim(c, env, how):
    record = dns_txt(env["dns"], "s1024-meo._domainkey.microsoft.com")[1]
    for encoding in ("quoted-printable", "base64", "8bit"):
        for form in ("html", "alternative"):
            message = make(c, dkim=how, encoding=encoding, format=form)
            check(f"{how} {encoding} {form}", dkim_good(message, record, env["folder"]),
                  how not in ("none", "broken"))


def test_mails(c, env):
    record = dns_txt(env["dns"], "s1024-meo._domainkey.microsoft.com")[1]
    check("dkim of the approval", dkim_good(env["approved"], record, env["folder"]))
    check("doubled", make(c, dkim="doubled_subject").count(b"\r\nSubject:"), 2)
    check("to unsigned", b":to:" in make(c, dkim="unsigned_to"), False)
    c.sim("mail", {"kind": "denied", "to": "sent@customer.example", "app": "Ä",
                   "date_offset": -86400, "from": "a@b.example"})
    check("sent", b"From: Microsoft Security <a@b.example>"
          in env["sink"].mails("sent@customer.example")[0])


def test_changes(c):
    c.sim("tenant", {"id": "7B0E4C5E-0f5e-4b2e-9c2e-1d6c5a2f0003", "domains": ["new.example"],
                     "consent_granted": True})
    c.sim("user", {"tenant": "new.example", "upn": "n@new.example", "password": "one"})
    flow = c.devicecode(tenant="new.example").json()
    check("new user", c.sign_in(flow, "n@new.example", "one"), "signed_in")
    tokens = c.poll(flow, "new.example").json()
    c.sim("user", {"upn": "n@new.example", "password": "two"})
    answer = c.token("refresh_token", "new.example", refresh_token=tokens["refresh_token"])
    check("password changed", answer.json()["error_codes"], [50173])
    c.sim("user", {"upn": "n@new.example", "disabled": True})
    check("disabled", c.sign_in(c.devicecode().json(), "n@new.example", "two"), "disabled")


def test_bad_requests(c):
    check("unknown setting", c.call("POST", "/_sim/config", js={"intervall": 1}).status, 400)
    c.sim("app", {"client_id": "spa", "name": "Spa", "platform": "spa",
                  "redirect_uris": [CALLBACK]})
    answer = c.token("authorization_code", client="spa", code="x", redirect_uri=CALLBACK)
    check("spa", answer.json()["error_codes"], [9002327])
    answer = c.post("/common/oauth2/v2.0/token", [("grant_type", "refresh_token"),
                                                  ("client_id", CLIENT), ("client_id", CLIENT)])
    check("repeated", answer.json()["error_codes"], [9000411])


def test_log(c, env):
    lines = c.get("/_sim/log?endpoint=token").json()
    check("log has polls", any(line["error"] == "authorization_pending" for line in lines))
    check("log hides tokens", env["tokens"]["refresh_token"] in json.dumps(lines), False)
    check("state", sorted(c.get("/_sim/state").json()),
          ["flows", "mails", "refresh_tokens", "requests"])
    check("secrets are kept on demand only", c.get("/_sim/secrets").json(), {"secrets": []})
