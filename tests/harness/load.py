"""Much mail through a site's Postfix, by one port for each milter that is compared."""

import os
import subprocess
import time

from .process import free_port, program, wait_for

SMTP_SOURCE = "/usr/sbin/smtp-source"


def add_port(site, milter):
    """A port of the relay's whose mail passes that milter only; before the relay starts."""
    port = free_port()
    with open(os.path.join(site.folder, "conf/master.cf"), "a") as file:
        file.write("127.0.0.1:%d inet n - n - - smtpd -o smtpd_milters=%s\n" % (port, milter))
    return port


def fill_state(site, count, kept=None):
    """Gives the site, before its store starts, a state with so many customers and invitations, each with the mails of
    sixty days. kept: a folder where it is made, unless it is there, and stays."""
    state = os.path.join(site.folder, "state")
    if kept:
        owner = os.stat(state)
        os.rmdir(state)
        os.symlink(os.path.abspath(kept), state)
        if os.path.exists(os.path.join(kept, "invitation.db")):
            return
        os.makedirs(kept, 0o700, exist_ok=True)
        os.chown(kept, owner.st_uid, owner.st_gid)
    subprocess.run([program("tests/bench/fill_state"), state, os.path.join(site.config, "link.key"), str(count)],
                   check=True, stdout=subprocess.DEVNULL)


def drained(site):
    queue = os.path.join(site.folder, "queue")
    return not any(files for name in ("incoming", "active", "deferred", "maildrop")
                   for _, _, files in os.walk(os.path.join(queue, name)))


def send(site, port, count, *arguments):
    """Sends count messages by smtp-source, and waits until they have left. Returns how many a second were taken."""
    begin = time.monotonic()
    subprocess.run([SMTP_SOURCE, "-m", str(count), *arguments, "127.0.0.1:%d" % port], check=True)
    rate = count / (time.monotonic() - begin)
    wait_for("the queue to be empty", lambda: drained(site), 300, 0.1)
    return rate


def memory(process, name="VmRSS"):
    """Resident memory in MB; VmHWM: its peak."""
    with open("/proc/%d/status" % process.pid) as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) / 1024


def forget_peak(process):
    with open("/proc/%d/clear_refs" % process.pid, "w") as file:
        file.write("5")
