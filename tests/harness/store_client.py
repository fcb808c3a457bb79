"""A client of the store's socket (lib/base/frame.h, lib/store/protocol.h), or of tokend's: one call at
a time, reconnects by itself and repeats what was not answered."""

import json
import os
import socket
import struct
import time


class StoreError(Exception):
    """The store's own answer: kind as in base/error.h, and its words."""

    def __init__(self, kind, text):
        super().__init__("%s: %s" % (kind, text))
        self.kind = kind


def change_id():
    """A UUID version 7 in hexadecimal."""
    number = int.from_bytes(os.urandom(16), "big")
    number = (number & ((1 << 80) - 1)) | (int(time.time() * 1000) << 80)
    number = (number & ~(0xf << 76)) | (0x7 << 76)
    number = (number & ~(0x3 << 62)) | (0x2 << 62)
    return "%032x" % number


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class StoreClient:
    def __init__(self, site, program="store"):
        self.path = os.path.join(site.folder, "run", program)
        self.connection, self.number = None, 0

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def _read(self, size):
        data = b""
        while len(data) < size:
            part = self.connection.recv(size - len(data))
            if not part:
                raise ConnectionError("the store closed the connection")
            data += part
        return data

    def send(self, request):
        if not self.connection:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(30)
            try:
                connection.connect(self.path)
            except OSError:
                connection.close()
                raise
            self.connection = connection
        self.number += 1
        body = json.dumps(request).encode()
        self.connection.sendall(struct.pack(">IIc", len(body) + 5, self.number, b"Q") + body)

    def receive(self):
        """The next frame: (type, object)."""
        size, _, kind = struct.unpack(">IIc", self._read(9))
        return kind.decode(), json.loads(self._read(size - 5))

    def once(self, request):
        """One try."""
        try:
            self.send(request)
            kind, reply = self.receive()
        except OSError:
            self.close()
            raise
        if kind == "E":
            raise StoreError(reply["kind"], reply["text"])
        return reply

    def call(self, request, seconds=30, pause=0.01):
        """Repeats the same request until it is answered."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.once(request)
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(pause)

    def open(self, mailbox, **more):
        return self.call(dict({"op": "open", "change": change_id(), "mailbox": mailbox},
                              **more))["invitation"]

    def history(self, invitation):
        return self.call({"op": "history", "id": invitation})["events"]
