"""The site's web server in front of postinvite-admin, as little of it as a browser needs: TCP to the Unix socket, with
the operator's name in a header."""

import socket
import socketserver
import threading


class _Request(socketserver.BaseRequestHandler):
    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            part = self.request.recv(65536)
            if not part:
                return
            head += part
        lines, _, body = head.partition(b"\r\n\r\n")
        kept = [line for line in lines.split(b"\r\n")
                if not line.lower().startswith((b"connection:", b"x-remote-user:"))]
        kept += [b"Connection: close", b"X-Remote-User: " + self.server.operator.encode()]
        with socket.socket(socket.AF_UNIX) as upstream:
            try:
                upstream.connect(self.server.path)
                upstream.sendall(b"\r\n".join(kept) + b"\r\n\r\n" + body)
                threading.Thread(target=_pass_on, args=(self.request, upstream), daemon=True).start()
                while part := upstream.recv(65536):
                    self.request.sendall(part)
            except OSError:
                pass  # the browser sees a connection that ends


def _pass_on(browser, upstream):
    try:
        while part := browser.recv(65536):
            upstream.sendall(part)
        upstream.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class OperatorProxy(socketserver.ThreadingTCPServer):
    """with OperatorProxy(site, "ada") as proxy: browser.get(proxy.url + "/")"""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, site, operator="ada"):
        super().__init__(("127.0.0.1", 0), _Request)
        self.path, self.operator = site.admin_socket, operator
        self.url = "http://127.0.0.1:%d" % self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self.shutdown()
        self.server_close()
