"""A mail host that accepts everything and announces no extension (so no DSN): what a next hop
is that leaves the sender in the dark."""

import socketserver
import threading

from .process import wait_for


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        recipient = None
        self.wfile.write(b"220 sink.test\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipient = line.split(b"<")[1].split(b">")[0].decode()
            elif verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.server.sink.keep(recipient, self._message())
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                return

    def _message(self):
        data = b""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            data += line[1:] if line.startswith(b"..") else line
        return data


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class Sink:
    """with Sink() as sink: listens on sink.port until the end."""

    def __init__(self):
        self._mails = []
        self._server = _Server(("127.0.0.1", 0), _Session)
        self._server.sink = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def keep(self, recipient, message):
        self._mails.append((recipient, message))

    def mails(self, recipient, count=1, seconds=10):
        """The messages to a recipient, once there are `count`."""
        def found():
            mails = [message for to, message in self._mails if to == recipient]
            return mails if len(mails) >= count else None
        return wait_for("mail %d of %s" % (count, recipient), found, seconds)
