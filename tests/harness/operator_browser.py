"""An operator's browser without scripts, over postinvite-admin's Unix socket as the site's web server would ask it."""

import http.client
import socket
import urllib.parse
import urllib.request

from .browser import Browser
from .process import wait_for


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, host, timeout=60):
        super().__init__(host, timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class _Handler(urllib.request.HTTPHandler):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def http_open(self, request):
        return self.do_open(lambda host, timeout: UnixConnection(self.path, host, timeout), request)


class Operator(Browser):
    """name goes into the header X-Remote-User; None: no such header."""

    def __init__(self, site, name="ada", **headers):
        super().__init__()
        self.base = "http://admin.test"
        self.headers = dict(headers)
        if name is not None:
            self.headers["X-Remote-User"] = name
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies), _Handler(site.admin_socket))

    def _open(self, request):
        for name, value in self.headers.items():
            if not request.has_header(name.capitalize()):
                request.add_header(name, value)
        return super()._open(request)

    def ready(self):
        """Waits until postinvite-admin has read all invitations."""
        wait_for("the list", lambda: self.page().status == 200)
        return self

    def page(self, path="/", **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.get(self.base + path)
