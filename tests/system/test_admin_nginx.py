"""README's lines for nginx, in front of the operator's pages."""

import base64
import os
import re
import subprocess
import time

import pytest

from harness.authority import Authority
from harness.browser import Browser
from harness.process import TOP, free_port, wait_for
from harness.site import USER, Site
from harness.watch import running

FRAME = """\
user %(user)s nogroup;
worker_processes 1;
pid %(folder)s/nginx.pid;
error_log %(folder)s/error.log;
events {}
http {
access_log %(folder)s/access.log;
client_body_temp_path %(folder)s/body;
proxy_temp_path %(folder)s/proxy;
%(server)s
}
"""


class Nginx:
    def __init__(self, site):
        self.folder = os.path.join(site.folder, "nginx")
        os.mkdir(self.folder)
        self.port = free_port()
        self.url = "https://127.0.0.1:%d" % self.port
        certificate, key = Authority(self.folder).issue("nginx", usage="serverAuth")
        users = os.path.join(self.folder, "users")
        with open(users, "w") as file:
            for name in ("ada", "bob", "eve"):
                hashed = subprocess.run(["openssl", "passwd", "-apr1", "secret"], capture_output=True, text=True, check=True)
                file.write("%s:%s" % (name, hashed.stdout))
        with open(os.path.join(TOP, "README.md")) as readme:
            server = re.search(r"^    server \{.*?^    \}$", readme.read(), re.M | re.S).group(0)
        for ours, its in (("/etc/ssl/operators.pem", certificate), ("/etc/ssl/operators.key", key),
                          ("/etc/nginx/postinvite.users", users), ("listen 443 ssl", "listen 127.0.0.1:%d ssl" % self.port),
                          ("/run/postinvite/admin", site.admin_socket)):
            assert server.count(ours) == 1, ours
            server = server.replace(ours, its)
        self.config = os.path.join(self.folder, "nginx.conf")
        with open(self.config, "w") as file:
            file.write(FRAME % {"user": USER, "folder": self.folder, "server": server})

    def __enter__(self):
        command = ["/usr/sbin/nginx", "-p", self.folder, "-c", self.config, "-e", self.folder + "/error.log"]
        subprocess.run([*command, "-t"], check=True, capture_output=True)
        self.child = subprocess.Popen([*command, "-g", "daemon off;"])
        wait_for("nginx", lambda: os.path.exists(os.path.join(self.folder, "nginx.pid")))
        time.sleep(0.2)
        return self

    def __exit__(self, *exception):
        self.child.terminate()
        self.child.wait(20)


class Person(Browser):
    def __init__(self, url, name, password="secret"):
        super().__init__()
        self.url = url
        self.login = {"Authorization": "Basic " + base64.b64encode(
            ("%s:%s" % (name, password)).encode()).decode()} if name else {}

    def _open(self, request):
        for name, value in self.login.items():
            request.add_header(name, value)
        return super()._open(request)

    def page(self, path, **headers):
        return self.get(self.url + path, **headers)


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "admin"), relay=False, admin_user_header="X-Remote-User",
                      admin_subjects="ada:operate, bob:view")) as started:
        yield started


@pytest.fixture(scope="module")
def nginx(site):
    with Nginx(site) as started:
        wait_for("the list", lambda: Person(started.url, "ada").page("/").status == 200)
        yield started


def test_people(nginx):
    page = Person(nginx.url, "ada").page("/")
    assert page.status == 200 and "Signed in as ada" in page.text
    assert Person(nginx.url, None).page("/").status == 401
    assert Person(nginx.url, "ada", "wrong").page("/").status == 401
    page = Person(nginx.url, "eve").page("/")
    assert page.status == 403 and "eve" in page.text


def test_a_header_of_the_browsers_own(nginx):
    for name in ("X-Remote-User", "x-remote-user", "X_Remote_User"):
        page = Person(nginx.url, "bob").page("/new", **{name: "ada"})
        assert page.status == 403 and "Signed in as bob" in page.text, name


def test_an_action_and_a_file(site, nginx):
    ada = Person(nginx.url, "ada")
    page = ada.page("/new")
    assert "; Secure" in page.headers["Set-Cookie"]
    page = ada.submit(page, "/new", mailbox="voice@nginx.test")
    assert page.status == 200 and "The invitation is made" in page.text
    record = site.record("voice@nginx.test")
    page = ada.submit(ada.page("/invitations/%s/revoke" % record["id"]), "/revoke")
    assert "is revoked" in page.text and page.url.startswith(nginx.url)
    assert site.status(record["id"]) == "revoked"
    wait_for("the file", lambda: "revoked" in ada.page("/export.csv?q=nginx").body)


def test_no_link_in_its_log(site, nginx):
    with open(os.path.join(nginx.folder, "access.log")) as log:
        assert "/i/" not in log.read()
