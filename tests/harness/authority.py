"""A certificate authority of a test's own, by openssl(1): PEM files in a folder."""

import os
import subprocess
import time

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
CA_CONFIG = """\
[ca]
default_ca = own
[own]
database = %s
new_certs_dir = %s
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = optional
organizationName = optional
"""


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


def sign_dated(folder, issuer, request, certificate, days):
    """Signs for the days from begin to end, which may be over: openssl x509 of 3.5 makes no such one. issuer: its
    certificate and key; beside the request lies its .ext."""
    begin, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + day * 86400)) for day in days)
    database, config = os.path.join(folder, "index.txt"), os.path.join(folder, "ca.cnf")
    open(database, "w").close()
    with open(config, "w") as file:
        file.write(CA_CONFIG % (database, folder))
    openssl("ca", "-batch", "-config", config, "-cert", issuer[0], "-keyfile", issuer[1], "-startdate", begin,
            "-enddate", end, "-extfile", os.path.splitext(request)[0] + ".ext", "-in", request, "-out", certificate,
            "-notext")


class Authority:
    def __init__(self, folder, name="authority"):
        self.folder, self.name = folder, name
        os.makedirs(folder, exist_ok=True)
        self.certificate, self.key = self.path(name + ".pem"), self.path(name + ".key")
        openssl("req", "-x509", *CURVE, "-keyout", self.key, "-out", self.certificate, "-subj", "/CN=" + name, "-days",
                "90", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, subject=None, days=60, usage="clientAuth", extra=""):
        """Returns the paths of a certificate, valid up to so many days from now, and its key."""
        stem = "%s-%s" % (self.name, name.replace(" ", "_"))
        key, request, certificate, extensions = (
            self.path("%s.%s" % (stem, suffix)) for suffix in ("key", "csr", "pem", "ext"))
        openssl("req", *CURVE, "-keyout", key, "-out", request, "-subj", subject or "/CN=" + name)
        with open(extensions, "w") as file:
            file.write("extendedKeyUsage=%s\nauthorityKeyIdentifier=keyid\n%s\n" % (usage, extra))
        sign_dated(self.folder, (self.certificate, self.key), request, certificate, (min(0, days - 1), days))
        return certificate, key
