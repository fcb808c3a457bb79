"""A certificate authority of a test's own, by openssl(1): PEM files in a folder."""

import os
import subprocess


class Authority:
    def __init__(self, folder, name="authority"):
        self.folder, self.name = folder, name
        self.certificate = self.path(name + ".pem")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                      self.path(name + ".key"), "-out", self.certificate, "-subj", "/CN=" + name, "-days", "90")

    def path(self, name):
        return os.path.join(self.folder, name)

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)

    def issue(self, name, subject=None, days=60, usage="clientAuth", extra=""):
        """Returns the paths of a certificate and its key."""
        key, request, certificate, extensions = (
            self.path("%s-%s.%s" % (self.name, name, suffix)) for suffix in ("key", "csr", "pem", "ext"))
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                      "-out", request, "-subj", subject or "/CN=" + name)
        with open(extensions, "w") as file:
            file.write("extendedKeyUsage=%s\n%s\n" % (usage, extra))
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey",
                      self.path(self.name + ".key"), "-CAcreateserial", "-days", str(days), "-extfile", extensions,
                      "-out", certificate)
        return certificate, key
