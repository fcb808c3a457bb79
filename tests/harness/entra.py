"""The Entra simulator as a process and its control interface (tests/entra/entra.c documents it)."""

import json
import os
import ssl
import subprocess
import urllib.request

from .process import Process, free_port, program

CLIENT_ID = "11111111-2222-3333-4444-555555555555"
APPLICATION = "Provider Voice"
TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER_TENANT = "bbbbbbbb-0000-4000-8000-000000000002"
PASSWORD = "correct horse"
SERVICE = "service@customer.test"
ADMIN = "admin@customer.test"
STRANGER = "ada@other.test"


def _user(upn, number, admin=False):
    return {"upn": upn, "mail": upn, "password": PASSWORD, "admin": admin,
            "oid": "cccccccc-0000-4000-8000-%012d" % number}


class Entra:
    def __init__(self, folder, relay_port, redirect_uri):
        self.folder = folder
        self.tenants = 0
        self.port, self.dns_port = free_port(), free_port()
        self.url = "https://127.0.0.1:%d" % self.port
        self.certificate = os.path.join(folder, "entra.crt")
        self._make_certificate()
        config = {
            "listen": "127.0.0.1:%d" % self.port, "base_url": self.url,
            "tls_cert_file": self.certificate,
            "tls_key_file": os.path.join(folder, "entra.key"),
            "dns_listen": "127.0.0.1:%d" % self.dns_port,
            "relay": "127.0.0.1:%d" % relay_port,
            "envelope_sender": "azure-noreply@microsoft.com",
            "apps": [{"client_id": CLIENT_ID, "name": APPLICATION, "public_client": True,
                      "redirect_uris": [redirect_uri], "publisher": "Provider Ltd"}],
            "tenants": [
                {"id": TENANT, "domains": ["customer.test"], "display_name": "Customer Ltd",
                 "user_consent": False, "consent_granted": False, "consent_workflow": True,
                 "device_flow_blocked": False, "reviewers": [ADMIN],
                 "users": [_user(SERVICE, 1), _user(ADMIN, 2, True),
                           _user("second@customer.test", 3)]},
                {"id": OTHER_TENANT, "domains": ["other.test"], "display_name": "Other Ltd",
                 "user_consent": True, "consent_granted": True, "consent_workflow": False,
                 "device_flow_blocked": False, "reviewers": [], "users": [_user(STRANGER, 4)]}],
            "after_request": "pending", "device_code_lifetime": 900, "interval": 1,
            "keep_secrets": True,
        }
        path = os.path.join(folder, "entra.json")
        with open(path, "w") as file:
            json.dump(config, file, indent=1)
        self.process = Process("entra", [program("tests/entra/entra"), "-c", path],
                               os.path.join(folder, "entra.log"))
        self._context = ssl.create_default_context(cafile=self.certificate)

    def _make_certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
             "subjectAltName=IP:127.0.0.1", "-keyout", os.path.join(self.folder, "entra.key"),
             "-out", self.certificate], check=True, capture_output=True)

    def start(self):
        self.process.start()
        return self

    def stop(self):
        self.process.stop()

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30, context=self._context) as response:
            text = response.read()
        return json.loads(text) if text else None

    def config(self, **values):
        return self.call("POST", "/_sim/config", values)

    def fault(self, endpoint, times=1, **fault):
        return self.call("POST", "/_sim/fault", dict(fault, endpoint=endpoint, times=times))

    def clear_faults(self):
        return self.call("DELETE", "/_sim/fault")

    def log(self, endpoint=None):
        return self.call("GET", "/_sim/log" + ("?endpoint=" + endpoint if endpoint else ""))

    def secrets(self):
        """Every device code, authorization code and token issued so far."""
        return self.call("GET", "/_sim/secrets")["secrets"]

    def tenant(self, domain, **members):
        """Adds a tenant of that domain, with a Service account, an administrator who reviews
        requests and a second user; members as in the configuration. Returns the tenant's id."""
        self.tenants += 1
        number = 10 * self.tenants
        tenant = {"id": "dddddddd-0000-4000-8000-%012d" % self.tenants, "domains": [domain],
                  "display_name": domain, "reviewers": ["admin@" + domain],
                  "users": [_user("service@" + domain, number),
                            _user("admin@" + domain, number + 1, True),
                            _user("second@" + domain, number + 2)]}
        self.call("POST", "/_sim/tenant", dict(tenant, **members))
        return tenant["id"]

    def user(self, upn, **members):
        return self.call("POST", "/_sim/user", dict(members, upn=upn))

    def mail(self, kind="approved", to=SERVICE, **more):
        """Sends (or with raw=True only makes) a mail as of the consent workflow; its text."""
        return self.call("POST", "/_sim/mail", dict(
            {"kind": kind, "to": to, "client_id": CLIENT_ID}, **more))["message"]

    def sign_in(self, user_code, upn=SERVICE, password=PASSWORD):
        return self.call("POST", "/_sim/sign_in",
                         {"user_code": user_code, "upn": upn, "password": password})["result"]

    def request_approval(self, user_code, upn=SERVICE):
        return self.call("POST", "/_sim/request_approval", {"user_code": user_code, "upn": upn})

    def decide(self, decision, tenant=TENANT, reviewer=ADMIN):
        return self.call("POST", "/_sim/decide", {"tenant": tenant, "client_id": CLIENT_ID,
                                                  "reviewer": reviewer, "decision": decision})

    def consent(self, granted=True, tenant=TENANT):
        return self.call("POST", "/_sim/consent", {"tenant": tenant, "client_id": CLIENT_ID,
                                                   "granted": granted})
