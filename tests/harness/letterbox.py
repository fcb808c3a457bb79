"""In sendmail's place: a program that files each mail it is given, or refuses it."""

import os
import shutil

from .process import wait_for

SCRIPT = """\
#!/bin/sh
[ -e "%(folder)s/refuse" ] && { echo "the queue is full" >&2; exit 75; }
sleep "$(cat "%(folder)s/slow" 2>/dev/null || echo 0)"
for to; do :; done
cat > "%(folder)s/mails/$to.$$"
"""


class Letterbox:
    def __init__(self, site):
        self.folder = os.path.join(site.folder, "letterbox")
        self.command = os.path.join(self.folder, "sendmail")
        os.makedirs(os.path.join(self.folder, "mails"))
        with open(self.command, "w") as script:
            script.write(SCRIPT % {"folder": self.folder})
        os.chmod(self.command, 0o755)
        shutil.chown(os.path.join(self.folder, "mails"), "nobody")
        site.write_config(site.read_config() + "sendmail_command = /bin/sh %s\n" % self.command)

    def mails(self, recipient):
        """Those to that mailbox so far."""
        folder = os.path.join(self.folder, "mails")
        found = []
        for name in sorted(os.listdir(folder)):
            if name.rsplit(".", 1)[0] == recipient:
                with open(os.path.join(folder, name)) as file:
                    found.append(file.read())
        return found

    def wait(self, recipient, count=1):
        return wait_for("a mail to " + recipient,
                        lambda: len(self.mails(recipient)) >= count and self.mails(recipient))

    def _flag(self, name, text):
        path = os.path.join(self.folder, name)
        if text is None:
            os.unlink(path)
            return
        with open(path, "w") as file:
            file.write(text)

    def refuse(self, refuse=True):
        self._flag("refuse", "" if refuse else None)

    def slow(self, seconds):
        self._flag("slow", None if seconds is None else str(seconds))
