"""Logins and client certificates for a private Postfix: Cyrus SASL with a password file of its own."""

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


def add_tls(relay, authority):
    """Lets smtpd offer STARTTLS and ask for client certificates of that CA, before start."""
    certificate, key = authority.issue("relay.provider.test", usage="serverAuth")
    relay.configure(smtpd_tls_security_level="may", smtpd_tls_cert_file=certificate,
                    smtpd_tls_key_file=key, smtpd_tls_CAfile=authority.certificate,
                    smtpd_tls_ask_ccert="yes", smtpd_tls_received_header="yes")
