"""Logins and client certificates for a private Postfix: Cyrus SASL with a password file of its own, and a CA made here."""

import os
import pwd
import subprocess

REALM = "relay.provider.test"  # the relay's name, which is what Cyrus takes for a login without one
SASL = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: %s
mech_list: PLAIN LOGIN
"""


def add_logins(relay, users):
    """Lets smtpd take these {name: password}, before start."""
    folder = os.path.join(relay.folder, "conf", "sasl")
    database = os.path.join(folder, "sasldb")
    os.mkdir(folder)
    with open(os.path.join(folder, "smtpd.conf"), "w") as file:
        file.write(SASL % database)
    for name, password in users.items():
        subprocess.run(["saslpasswd2", "-p", "-c", "-f", database, "-u", REALM, name],
                       input=password, text=True, check=True)
    os.chown(database, pwd.getpwnam("postfix").pw_uid, -1)
    relay.configure(smtpd_sasl_auth_enable="yes", smtpd_sasl_type="cyrus", smtpd_sasl_path="smtpd",
                    cyrus_sasl_config_path=folder)


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """A CA in a folder; issues certificates by common name."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        os.makedirs(folder, exist_ok=True)
        self.certificate = self._path(name, "pem")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "2", "-subj", "/CN=Test " + name, "-keyout", self._path(name, "key"),
                "-out", self.certificate)

    def _path(self, name, kind):
        return os.path.join(self.folder, "%s.%s" % (name, kind))

    def issue(self, name):
        """The files (certificate, key) of that common name."""
        stem = "%s.%s" % (self.name, name.replace(" ", "_"))
        key, request, certificate = (self._path(stem, kind) for kind in ("key", "csr", "pem"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", "/CN=" + name, "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate,
                "-CAkey", self._path(self.name, "key"), "-CAcreateserial", "-days", "2",
                "-out", certificate)
        return certificate, key


def add_tls(relay, authority):
    """Lets smtpd offer STARTTLS and ask for client certificates of that CA, before start."""
    certificate, key = authority.issue("relay.provider.test")
    relay.configure(smtpd_tls_security_level="may", smtpd_tls_cert_file=certificate,
                    smtpd_tls_key_file=key, smtpd_tls_CAfile=authority.certificate,
                    smtpd_tls_ask_ccert="yes", smtpd_tls_received_header="yes")
