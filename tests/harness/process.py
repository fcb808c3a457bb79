"""Processes that we start: each with its log, waited for until ready, ended by its pid."""

import os
import random
import signal
import socket
import subprocess
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))

# A job in the background has SIGINT ignored, and so would what it starts.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)


def program(name):
    """The path of a program of the build folder."""
    return os.path.join(BUILD, name)


def free_port():
    """A port of 127.0.0.1 below the ephemeral range that nobody listens on now."""
    while True:
        port = random.randrange(12000, 32000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wait_for(what, condition, seconds=15.0, pause=0.02):
    """Waits until condition() is true and returns its value; fails with `what`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError("waited %g s for %s" % (seconds, what))
        time.sleep(pause)


class Process:
    """One daemon: started, restarted, killed; its log is a file."""

    def __init__(self, name, command, log, ready="ready", env=None):
        self.name, self.command, self.log, self.ready = name, command, log, ready
        self.env = dict(os.environ, **(env or {}))
        self.child = None

    def start(self, wait=True):
        offset = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as log:
            # A pipe would have to be read; a file is what a supervisor's log is, too.
            # Its own session: a Ctrl-C at the terminal is for us, and we stop it in order.
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, env=self.env, start_new_session=True)
        if wait:
            self.wait_ready(offset)
        return self

    def wait_ready(self, offset=0, seconds=15):
        def ready():
            if self.child.poll() is not None:
                raise RuntimeError("%s ended with status %s:\n%s" % (
                    self.name, self.child.returncode, self.text(offset)))
            return any(line.split(": ")[-1] == self.ready
                       for line in self.text(offset).splitlines())
        wait_for("%s to be ready" % self.name, ready, seconds)

    def logged(self, offset=0):
        with open(self.log, "rb") as log:
            log.seek(offset)
            return log.read()

    def text(self, offset=0):
        return self.logged(offset).decode("utf-8", "replace")

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def signal(self, number):
        if self.alive():
            self.child.send_signal(number)

    def kill(self):
        """As a crash would."""
        self.signal(signal.SIGKILL)
        self.child.wait()

    def stop(self, seconds=10):
        """Gracefully; returns the exit status."""
        if self.child is None:
            return None
        self.signal(signal.SIGTERM)
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError("%s did not stop within %g s" % (self.name, seconds))
