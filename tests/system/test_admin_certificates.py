"""The operator's pages on TLS: whose certificate opens them, and whose does not."""

import http.client
import os
import shutil
import signal
import ssl

import pytest

from harness.authority import Authority
from harness.process import free_port, wait_for
from harness.site import USER, Site
from harness.watch import running


class Secure(Site):
    def __init__(self, **settings):
        self.port = free_port()
        super().__init__(
            daemons=("store", "admin"), relay=False,
            admin_ca_file="$config_directory/operators.pem", admin_tls_cert_file="$config_directory/admin.pem",
            admin_tls_key_file="$config_directory/admin.key", admin_subjects="ada:operate, bob:view", **settings)
        self.write_config(self.read_config().replace(
            "admin_listen = unix:%s/run/admin" % self.folder, "admin_listen = inet:127.0.0.1:%d" % self.port))
        self.certificates = os.path.join(self.folder, "certificates")
        os.mkdir(self.certificates)
        self.authority = Authority(self.certificates)
        self.foreign = Authority(self.certificates, "foreign")
        shutil.copy(self.authority.certificate, os.path.join(self.config, "operators.pem"))
        self.take("server")

    def take(self, name):
        """That certificate is the server's."""
        certificate, key = self.authority.issue(name, usage="serverAuth", extra="subjectAltName=IP:127.0.0.1")
        for source, target in ((certificate, "admin.pem"), (key, "admin.key")):
            path = os.path.join(self.config, target)
            shutil.copy(source, path)
            shutil.chown(path, USER)

    def ask(self, client=None, path="/", **headers):
        """Status, text and the server's name, as that client gets them."""
        context = ssl.create_default_context(cafile=self.authority.certificate)
        if client:
            context.load_cert_chain(*client)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=20)
        try:
            connection.request("GET", path, headers=headers)
            subject = dict(pair[0] for pair in connection.sock.getpeercert()["subject"])
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), subject["commonName"]
        finally:
            connection.close()


@pytest.fixture(scope="module")
def site():
    with running(Secure()) as started:
        yield started


@pytest.fixture(scope="module")
def ada(site):
    issued = site.authority.issue("ada")
    wait_for("the list", lambda: site.ask(issued)[0] == 200)
    return issued


def test_good(site, ada):
    status, text, _ = site.ask(ada)
    assert status == 200 and "Signed in as <bdi>ada</bdi>" in text and "/new" in text
    status, text, _ = site.ask(site.authority.issue("bob"))
    assert status == 200 and "/new" not in text
    status, text, _ = site.ask(ada, X_Remote_User="eve", **{"X-Remote-User": "eve"})
    assert status == 200 and "Signed in as <bdi>ada</bdi>" in text, "no header counts here"


def test_cookies_say_secure(site, ada):
    context = ssl.create_default_context(cafile=site.authority.certificate)
    context.load_cert_chain(*ada)
    connection = http.client.HTTPSConnection("127.0.0.1", site.port, context=context, timeout=20)
    connection.request("GET", "/new")
    cookie = connection.getresponse().headers["Set-Cookie"]
    connection.close()
    assert "; Secure" in cookie and "; HttpOnly" in cookie and "; SameSite=Lax" in cookie


def bad(site):
    issue = site.authority.issue
    return {
        "none": (None, "your browser showed none"),
        "not listed": (issue("eve"), "admin_subjects says nothing"),
        "expired": (issue("late", "/CN=ada", days=-1), "expired"),
        "for servers": (issue("server2", "/CN=ada", usage="serverAuth"), "is not accepted"),
        "another authority's": (site.foreign.issue("ada"), "is not accepted"),
        "two names": (issue("two", "/CN=ada/CN=bob"), "or several"),
        "no name": (issue("nameless", "/O=ada"), "no common name"),
        "nearly": (issue("nearly", "/CN=ada "), "admin_subjects says nothing"),
        "a role": (issue("role", "/CN=ada:operate"), "admin_subjects says nothing"),
    }


def test_bad(site):
    for label, (client, words) in bad(site).items():
        for path in ("/", "/new", "/export.csv", "/live?since=0"):
            status, text, _ = site.ask(client, path)
            assert status == 403 and words in text, (label, path, status, text[-900:])


def test_self_signed(site):
    """The name of an authority alone is worth nothing."""
    folder = os.path.join(site.certificates, "copy")
    os.mkdir(folder)
    status, text, _ = site.ask(Authority(folder, "authority").issue("ada"))
    assert status == 403 and "is not accepted" in text


def test_no_plain_http(site):
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=5)
    with pytest.raises((http.client.HTTPException, OSError)):
        connection.request("GET", "/", headers={"X-Remote-User": "ada"})
        connection.getresponse()
    connection.close()


def reload(site):
    daemon = site.daemons["admin"]
    offset = len(daemon.text().encode())
    daemon.signal(signal.SIGHUP)
    wait_for("a reload", lambda: "reload" in daemon.text(offset))


def test_reload(site, ada):
    assert site.ask(ada)[2] == "server"
    site.take("renewed")
    reload(site)
    assert site.ask(ada)[2] == "renewed"
    good = site.read_config()
    site.write_config(good.replace("ada:operate", "adam:operate"))
    reload(site)
    assert site.ask(ada)[0] == 403, "shut out"
    site.write_config(good)
    reload(site)
    assert site.ask(ada)[0] == 200
    site.watch.announce("admin_tls_key_file", "reload refused", "certificate and key")
    os.rename(os.path.join(site.config, "admin.key"), os.path.join(site.config, "gone.key"))
    reload(site)
    assert site.ask(ada)[0] == 200, "the old ones stay"
    os.rename(os.path.join(site.config, "gone.key"), os.path.join(site.config, "admin.key"))
    reload(site)


def test_open_connections_end(site, ada):
    """Whoever was let in and is not any more has no connection left."""
    context = ssl.create_default_context(cafile=site.authority.certificate)
    context.load_cert_chain(*ada)
    connection = http.client.HTTPSConnection("127.0.0.1", site.port, context=context, timeout=20)
    connection.request("GET", "/")
    assert connection.getresponse().read()
    reload(site)
    connection.auto_open = False
    wait_for("the connection to end", lambda: connection.sock.recv(1, ) == b"" if connection.sock else True)
    connection.close()
