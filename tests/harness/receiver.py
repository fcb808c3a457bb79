"""A platform that takes webhooks: checks each signature, writes down what came, answers as told."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time

from .process import free_port

TOLERANCE = 300


def verify(key, header, body, now=None):
    """README's example: raises ValueError unless the signature is right and recent."""
    parts = dict(part.split("=", 1) for part in header.split(","))
    expected = hmac.new(key, parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, parts["v1"]):
        raise ValueError("wrong signature")
    if abs((now or time.time()) - int(parts["t"])) > TOLERANCE:
        raise ValueError("old signature")


class Receiver:
    """answer(event) is called for each request and returns a status, or None to close the
    connection without one. `tries` is all that came, `taken` what was answered with 200."""

    def __init__(self, key_file):
        with open(key_file) as file:
            line = next(line for line in file if line.strip() and not line.startswith("#"))
        self.key = base64.b64decode(line.split(":", 1)[1])
        self.port = free_port()
        self.url = "http://127.0.0.1:%d/hook?from=postinvite" % self.port
        self.answer = lambda event: 200
        self.tries, self.taken, self.faults = [], [], []
        self.lock = threading.Lock()
        self.server = None

    def _handle(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        try:
            assert handler.path == "/hook?from=postinvite", handler.path
            assert handler.headers["Content-Type"] == "application/json"
            verify(self.key, handler.headers["X-Postinvite-Signature"], body)
            event = json.loads(body)
            assert event["id"] == handler.headers["X-Postinvite-Event"]
        except Exception as fault:
            self.faults.append(repr(fault))
            handler.send_error(400)
            return
        with self.lock:
            self.tries.append(event)
        status = self.answer(event)
        if status is None:
            handler.close_connection = True
            return
        if status == 200:
            with self.lock:
                self.taken.append(event)
        handler.send_response(status)
        if 300 <= status < 400:
            handler.send_header("Location", self.url.replace("/hook", "/elsewhere"))
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    def start(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                receiver._handle(self)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def of(self, invitation, what=None):
        """Sequence numbers of an invitation in the order in which they were taken for the
        first time."""
        with self.lock:
            numbers = [event["sequence"] for event in (self.taken if what is None else what)
                       if event["invitation"] == invitation]
        return list(dict.fromkeys(numbers))
