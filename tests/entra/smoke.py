#!/usr/bin/python3
"""Walks the Entra simulator as a client, a customer and a reviewer would.

smoke.py [path/to/entra]   (default: build/tests/entra beside this tree)

Needs the standard library and openssl(1) only. Says what failed and exits 1.
"""
import base64, hashlib, html.parser, http.client, json, os, re, secrets, signal, socket, ssl
import socketserver, struct, subprocess, sys, tempfile, threading, time, urllib.parse

sys.dont_write_bytecode = True

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "../../build/tests/entra")
TENANT = "7b0e4c5e-0f5e-4b2e-9c2e-1d6c5a2f0001"
OTHER = "7b0e4c5e-0f5e-4b2e-9c2e-1d6c5a2f0002"
CLIENT = "3f1d2c4b-1111-4222-8333-abcdefabcdef"
SECRET_CLIENT = "3f1d2c4b-1111-4222-8333-abcdefabcd00"
CALLBACK = "https://invite.provider.example/callback"
SCOPES = "User.Read.All Group.ReadWrite.All offline_access openid profile"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
failures = []


def check(label, got, want=True):
    ok = got == want
    if not ok:
        failures.append(label)
        print(f"FAIL {label}: got {got!r}, want {want!r}")
    return ok


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Sink(socketserver.StreamRequestHandler):
    """The least of an SMTP server: keeps (recipient, message)."""
    mails = []

    def handle(self):
        rcpt = None
        self.wfile.write(b"220 sink\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                rcpt = line.split(b"<")[1].split(b">")[0].decode()
            if verb == b"DATA":
                self.wfile.write(b"354 go\r\n")
                data = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    data += part[1:] if part.startswith(b"..") else part
                Sink.mails.append((rcpt, data))
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                return


def mails_to(rcpt, count=1):
    end = time.time() + 5
    while time.time() < end:
        got = [m for r, m in Sink.mails if r == rcpt]
        if len(got) >= count:
            return got
        time.sleep(0.02)
    return []


class Forms(html.parser.HTMLParser):
    """Forms of a page: action, fields, buttons."""

    def __init__(self, page):
        super().__init__()
        self.forms = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append({"action": attrs["action"], "fields": {}, "buttons": []})
        elif tag in ("input", "textarea") and self.forms:
            self.forms[-1]["fields"][attrs["name"]] = attrs.get("value") or ""
        elif tag == "button" and self.forms and "value" in attrs:
            self.forms[-1]["buttons"].append(attrs["value"])


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
            body, headers["Content-Type"] = urllib.parse.urlencode(form), "application/x-www-form-urlencoded"
        if js is not None:
            body = json.dumps(js)
        try:
            c.request(method, path, body, headers)
            return Answer(c.getresponse())
        finally:
            c.close()

    def get(self, path, **kw):
        return self.call("GET", path, **kw)

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
        return self.post(f"/{tenant}/oauth2/v2.0/token", {"grant_type": grant, "client_id": client, **form})

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
    return "-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(spki).decode() + "-----END PUBLIC KEY-----\n"


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
    query = b"\x12\x34\x01\0\0\1\0\0\0\0\0\1" + b"".join(
        bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0\0\x10\0\1" + b"\0\0\x29\x10\0\0\0\0\0\0\0"
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
    tags = {t.split("=", 1)[0].strip(): re.sub(r"\s", "", t.split("=", 1)[1]) for t in sigs[0].split(";")}
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
    pem = "-----BEGIN PUBLIC KEY-----\n" + record.split("p=")[1] + "\n-----END PUBLIC KEY-----\n"
    pem = re.sub(r"(.{64})", r"\1\n", pem.split("\n")[1]).join(["-----BEGIN PUBLIC KEY-----\n", "\n-----END PUBLIC KEY-----\n"])
    return verify(pem, data.encode(), base64.b64decode(tags["b"]), folder)


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


def test_discovery(c, env):
    for name, issuer in ((TENANT, TENANT), ("customer.example", TENANT), ("organizations", "{tenantid}")):
        meta = c.get(f"/{name}/v2.0/.well-known/openid-configuration").json()
        check(f"issuer of {name}", meta["issuer"], f"https://127.0.0.1:{c.port}/{issuer}/v2.0")
    bad = c.get("/nobody.example/v2.0/.well-known/openid-configuration")
    check("unknown tenant", (bad.status, bad.json()["error"], bad.json()["error_codes"]), (400, "invalid_tenant", [90002]))
    check("unknown client", c.devicecode(client="x").json()["error"], "unauthorized_client")
    flow = c.devicecode(client=SECRET_CLIENT).json()
    answer = c.token(DEVICE_GRANT, client=SECRET_CLIENT, device_code=flow["device_code"])
    check("not a public client", answer.json()["error_codes"], [7000218])


def test_device(c, env):
    flow = c.devicecode().json()
    check("flow members", sorted(flow), ["device_code", "expires_in", "interval", "message", "user_code", "verification_uri"])
    check("pending", c.poll(flow).json()["error"], "authorization_pending")
    page = c.submit(c.get("/device"), {"otc": flow["user_code"].lower()})
    check("app named", "Live Platform" in page.text and "store or website" in page.text)
    page = c.submit(page, {"decision": "continue"})
    page = c.submit(page, {"loginfmt": "svc@customer.example", "passwd": "wrong"})
    check("wrong password", "AADSTS50126" in page.text)
    page = c.submit(page, {"loginfmt": "svc@customer.example", "passwd": "pw-svc"})
    check("approval page", "Approval required" in page.text)
    page = c.submit(page, {"decision": "request", "justification": "telephony"})
    check("request sent", "Request sent" in page.text)
    check("still pending", c.poll(flow).json()["error"], "authorization_pending")
    check("reviewer's mail", b"Subject: Please review the admin consent request for Live Platform" in (mails_to("boss@customer.example") or [b""])[0])
    check("requester's mail", b"submitted" in (mails_to("svc@customer.example") or [b""])[0])
    page = c.submit(c.get("/consent-requests"), {"loginfmt": "boss@customer.example", "passwd": "pw-boss"})
    check("request listed", "telephony" in page.text)
    page = c.submit(page, {"decision": "approve"})
    check("approved", '"status">approved' in page.text)
    approved = (mails_to("svc@customer.example", 2) or [b""])[-1]
    check("approval mail", b"Subject: Request for access to Live Platform approved" in approved)
    check("mail-flow rule", approved in mails_to("consent+tag@invite.provider.example", 3))
    env["approved"] = approved
    result = c.sim("sign_in", {"user_code": flow["user_code"], "upn": "svc@customer.example", "password": "pw-svc"})
    check("code entered again", result, {"result": "signed_in"})
    tokens = c.poll(flow).json()
    check("scope", tokens.get("scope"), "User.Read.All Group.ReadWrite.All openid profile")
    claims, good = claims_of(c, tokens["id_token"], env["folder"])
    check("id token", (good, claims["tid"], claims["aud"], claims["preferred_username"]), (True, TENANT, CLIENT, "svc@customer.example"))
    check("redeemed", c.poll(flow).json()["error"], "invalid_grant")
    env["tokens"], env["oid"] = tokens, claims["oid"]


def test_device_ends(c, env):
    sign_in = lambda flow, upn, pw, **kw: c.sim("sign_in", {"user_code": flow["user_code"], "upn": upn, "password": pw, **kw})["result"]
    flow = c.devicecode(tenant="other.example").json()
    check("blocked", sign_in(flow, "u@other.example", "pw"), "blocked")
    check("wrong tenant", sign_in(flow, "svc@customer.example", "pw-svc"), "wrong_tenant")
    check("wrong alias", c.poll(flow).json()["error"], "bad_verification_code")
    c.sim("flow", {"user_code": flow["user_code"], "state": "expired"})
    check("expired", c.poll(flow, "other.example").json()["error"], "expired_token")
    c.sim("consent", {"tenant": TENANT, "client_id": CLIENT, "granted": False})
    flow = c.devicecode().json()
    check("admin asked", sign_in(flow, "boss@customer.example", "pw-boss"), "accept_needed")
    check("admin declines", sign_in(flow, "boss@customer.example", "pw-boss", accept=False), "declined")
    check("declined", c.poll(flow).json()["error"], "authorization_declined")
    c.sim("config", {"after_request": "complete", "interval": 5})
    flow = c.devicecode().json()
    check("needs approval", sign_in(flow, "svc@customer.example", "pw-svc"), "approval_needed")
    c.sim("request_approval", {"user_code": flow["user_code"], "upn": "svc@customer.example"})
    check("waits", c.poll(flow).json()["error"], "authorization_pending")
    check("slow down", c.poll(flow).json()["error"], "slow_down")
    check("decide", c.sim("decide", {"tenant": TENANT, "client_id": CLIENT, "decision": "approved"}), {"decided": 1})
    check("completed", "access_token" in c.poll(flow).json())
    c.sim("config", {"after_request": "pending", "interval": 0})


def authorize_url(verifier, scope=SCOPES, **more):
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return f"/{TENANT}/oauth2/v2.0/authorize?" + urllib.parse.urlencode({
        "client_id": CLIENT, "response_type": "code", "redirect_uri": CALLBACK, "scope": scope,
        "state": "s&1", "nonce": "n1", "code_challenge": challenge, "code_challenge_method": "S256",
        "login_hint": "svc@customer.example", **more})


def test_code(c, env):
    verifier = secrets.token_urlsafe(48)
    page = c.get(authorize_url(verifier))
    check("login hint", Forms(page.text).forms[0]["fields"]["loginfmt"], "svc@customer.example")
    back = c.submit(page, {"passwd": "pw-svc"})
    check("redirect", (back.status, back.query().get("state")), (302, "s&1"))
    redeem = lambda v: c.token("authorization_code", code=back.query()["code"], redirect_uri=CALLBACK, code_verifier=v)
    check("wrong verifier", redeem("x" * 43).json()["error_codes"], [501481])
    tokens = redeem(verifier).json()
    claims, good = claims_of(c, tokens["id_token"], env["folder"])
    check("nonce", (good, claims.get("nonce")), (True, "n1"))
    check("single use", redeem(verifier).json()["error_codes"], [54005])
    c.sim("consent", {"tenant": TENANT, "client_id": CLIENT, "granted": False})
    check("openid alone needs no consent", c.submit(c.get(authorize_url(verifier, "openid profile")), {"passwd": "pw-svc"}).status, 302)
    page = c.submit(c.get(authorize_url(verifier)), {"passwd": "pw-svc"})
    page = c.submit(page, {"decision": "request", "justification": "again"})
    back = c.submit(page, {})
    check("approval asked", back.query().get("error"), "consent_required")
    check("bad redirect", c.get(authorize_url(verifier, redirect_uri="https://x.example/")).status, 400)
    check("prompt none", c.get(authorize_url(verifier, prompt="none")).query()["error"], "login_required")
    url = f"/{TENANT}/v2.0/adminconsent?" + urllib.parse.urlencode({"client_id": CLIENT, "scope": "User.Read.All", "redirect_uri": CALLBACK, "state": "a"})
    page = c.submit(c.get(url), {"loginfmt": "boss@customer.example", "passwd": "pw-boss"})
    back = c.submit(page, {"decision": "cancel"})
    check("admin cancels", back.query().get("error"), "access_denied")
    page = c.submit(c.get(url), {"loginfmt": "boss@customer.example", "passwd": "pw-boss"})
    back = c.submit(page, {"decision": "accept"})
    check("admin accepts", (back.query().get("admin_consent"), back.query().get("tenant")), ("True", TENANT))


def test_refresh(c, env):
    refresh = lambda t: c.token("refresh_token", refresh_token=t)
    old = env["tokens"]["refresh_token"]
    new = refresh(old).json()["refresh_token"]
    check("rotated", new != old and "refresh_token" in refresh(old).json())
    me = lambda t: c.get("/v1.0/me?$select=id,userPrincipalName", headers={"Authorization": "Bearer " + t})
    access = refresh(new).json()["access_token"]
    check("me", me(access).json().get("id"), env["oid"])
    check("me without token", (me("x").status, me("x").json()["error"]["code"]), (401, "InvalidAuthenticationToken"))
    check("organization", c.get("/v1.0/organization", headers={"Authorization": "Bearer " + access}).status, 403)
    c.sim("revoke", {"upn": "svc@customer.example", "error_code": 50173})
    check("revoked", (refresh(new).json()["error"], refresh(new).json()["error_codes"]), ("invalid_grant", [50173]))


def fresh_tokens(c):
    flow = c.devicecode().json()
    c.sim("sign_in", {"user_code": flow["user_code"], "upn": "svc@customer.example", "password": "pw-svc"})
    return c.poll(flow)


def test_faults(c, env):
    fault = lambda **spec: c.sim("fault", {"times": 1, **spec})
    fault(endpoint="devicecode", status=503, retry_after=7, headers={"X-Y": "z"})
    answer = c.devicecode()
    check("503", (answer.status, answer.headers["Retry-After"], answer.headers["X-Y"]), (503, "7", "z"))
    check("once", c.devicecode().status, 200)
    fault(endpoint="token", grant="device_code", error="invalid_grant", suberror="basic_action", error_codes=[50076])
    check("error", (fresh_tokens(c).json().get("suberror")), "basic_action")
    fault(endpoint="jwks", body="{", content_type="text/plain")
    answer = c.get("/common/discovery/v2.0/keys")
    check("body", (answer.text, answer.headers["Content-Type"]), ("{", "text/plain"))
    fault(endpoint="openid", delay_ms=400)
    start = time.time()
    check("delayed", c.get("/common/v2.0/.well-known/openid-configuration").status, 200)
    check("delay", time.time() - start > 0.39)
    fault(endpoint="openid", huge=3000000)
    check("huge", len(c.get("/common/v2.0/.well-known/openid-configuration").text) > 3000000)
    for kind in ({"truncate": True}, {"close": True}, {"close": "before"}):
        fault(endpoint="openid", **kind)
        try:
            c.get("/common/v2.0/.well-known/openid-configuration")
            check(str(kind), "an answer", "none")
        except (http.client.HTTPException, ConnectionError, ssl.SSLError):
            pass
    for how, want in (({"bad_signature": True}, False), ({"unknown_kid": True}, False), ({"alg": "none"}, False),
                      ({"alg": "HS256"}, False), ({"tid": "other", "oid": None}, True)):
        fault(endpoint="token", id_token=how)
        claims, good = claims_of(c, fresh_tokens(c).json()["id_token"], env["folder"])
        check(f"id_token {how}", good, want)
    check("claims", (claims["tid"], "oid" in claims), ("other", False))
    fault(endpoint="token", scope="User.Read.All", drop_refresh_token=True)
    tokens = fresh_tokens(c).json()
    check("scope", (tokens["scope"], "refresh_token" in tokens), ("User.Read.All", False))
    fault(endpoint="me", me={"id": "someone"})
    access = fresh_tokens(c).json()["access_token"]
    check("me override", c.get("/v1.0/me", headers={"Authorization": "Bearer " + access}).json()["id"], "someone")
    before = c.get("/common/discovery/v2.0/keys").json()["keys"]
    c.sim("rotate_keys", {"drop_old": True})
    after = c.get("/common/discovery/v2.0/keys").json()["keys"]
    check("rotated", (len(after), after[0]["kid"] == before[0]["kid"]), (1, False))


def test_mail(c, env):
    rcode, record = dns_txt(env["dns"], "S1024-meo._domainkey.microsoft.COM")
    check("key", (rcode, record.startswith("v=DKIM1; k=rsa; p=")), (0, True))
    check("no such name", dns_txt(env["dns"], "x.example")[0], 3)
    c.sim("fault", {"endpoint": "dns", "rcode": "SERVFAIL", "times": 1})
    check("servfail", dns_txt(env["dns"], "x.example")[0], 2)
    c.sim("fault", {"endpoint": "dns", "silent": True, "times": 1})
    check("silent", dns_txt(env["dns"], "x.example", 0.3)[0], None)
    check("dkim of the approval", dkim_good(env["approved"], record, env["folder"]))
    make = lambda **kw: c.sim("mail", {"kind": "approved", "to": "x@customer.example", "client_id": CLIENT, "raw": True, **kw})["message"].encode()
    for how, want in (("good", True), ("none", False), ("broken", False), ("l_tag", True),
                      ("wrong_domain", True), ("doubled_subject", True), ("unsigned_to", True)):
        for encoding in ("quoted-printable", "base64", "8bit"):
            for form in ("html", "alternative"):
                check(f"dkim {how} {encoding} {form}", dkim_good(make(dkim=how, encoding=encoding, format=form), record, env["folder"]), want)
    check("doubled", make(dkim="doubled_subject").count(b"\r\nSubject:"), 2)
    check("to unsigned", b":to:" in make(dkim="unsigned_to"), False)
    c.sim("mail", {"kind": "denied", "to": "sent@customer.example", "app": "Ä", "date_offset": -86400, "from": "a@b.example"})
    check("sent", b"From: Microsoft Security <a@b.example>" in (mails_to("sent@customer.example") or [b""])[0])


def test_changes(c, env):
    c.sim("tenant", {"id": "7B0E4C5E-0f5e-4b2e-9c2e-1d6c5a2f0003", "domains": ["new.example"], "consent_granted": True})
    c.sim("user", {"tenant": "new.example", "upn": "n@new.example", "password": "one"})
    c.sim("app", {"client_id": "spa", "name": "Spa", "platform": "spa", "redirect_uris": [CALLBACK]})
    flow = c.devicecode(tenant="new.example").json()
    sign_in = lambda flow, pw: c.sim("sign_in", {"user_code": flow["user_code"], "upn": "n@new.example", "password": pw})["result"]
    check("new user", sign_in(flow, "one"), "signed_in")
    tokens = c.poll(flow, "new.example").json()
    c.sim("user", {"upn": "n@new.example", "password": "two"})
    answer = c.token("refresh_token", "new.example", refresh_token=tokens["refresh_token"])
    check("password changed", answer.json()["error_codes"], [50173])
    c.sim("user", {"upn": "n@new.example", "disabled": True})
    check("disabled", sign_in(c.devicecode().json(), "two"), "disabled")
    check("unknown setting", c.call("POST", "/_sim/config", js={"intervall": 1}).status, 400)
    check("spa", c.token("authorization_code", client="spa", code="x", redirect_uri=CALLBACK).json()["error_codes"], [9002327])
    answer = c.post("/common/oauth2/v2.0/token", [("grant_type", "refresh_token"), ("client_id", CLIENT), ("client_id", CLIENT)])
    check("repeated", answer.json()["error_codes"], [9000411])


def test_log(c, env):
    lines = c.get("/_sim/log?endpoint=token").json()
    text = json.dumps(lines)
    check("log has polls", any(l["error"] == "authorization_pending" for l in lines))
    check("log hides tokens", env["tokens"]["refresh_token"] in text, False)
    check("state", sorted(c.get("/_sim/state").json()), ["flows", "mails", "refresh_tokens", "requests"])


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                        "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True, capture_output=True)
        sink = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Sink)
        sink.daemon_threads = True
        threading.Thread(target=sink.serve_forever, daemon=True).start()
        port, dns = free_port(), free_port(socket.SOCK_DGRAM)
        with open(f"{folder}/entra.json", "w") as f:
            json.dump(config(folder, port, dns, sink.server_address[1]), f)
        with open(f"{folder}/log", "w") as log:
            program = subprocess.Popen([PROGRAM, "-c", f"{folder}/entra.json"], stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            check("ready", program.stdout.readline(), "ready\n")
            client, env = Client(port), {"folder": folder, "dns": dns}
            for test in (test_discovery, test_device, test_device_ends, test_code, test_refresh, test_faults, test_mail, test_changes,
                         test_log):
                test(client, env)
        finally:
            program.send_signal(signal.SIGTERM)
            status = program.wait(20)
            if status or failures:
                print(open(f"{folder}/log").read()[-3000:])
        check("exit status", status, 0)
    print(f"{len(failures)} failures" if failures else "ok")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
