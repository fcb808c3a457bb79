"""What a site's daemons may log during a test: no line at warning or above that was not announced;
and at the end no file of theirs may hold a code, a token or a key."""

import contextlib
import os
import re

from . import secrets

# What a program says of another that is away.
AWAY = r"(the store|tokend) \(unix:"

LOUD = re.compile(r"\]: (?:warning|error): |runtime error:|ERROR: AddressSanitizer")


class LogWatch:
    """Reads what a site's daemons log. A line at warning or above has to be announced."""

    def __init__(self, site):
        self.site, self.offsets, self.announced = site, {}, []

    def announce(self, *patterns):
        """From now on lines that a regular expression fits may come."""
        self.announced += [re.compile(pattern) for pattern in patterns]

    def unannounced(self):
        """The loud lines since the last call that nobody announced; forgets what was announced."""
        found = []
        for name, daemon in self.site.daemons.items():
            if not os.path.exists(daemon.log):
                continue
            # Counted in bytes of the file: what is no UTF-8 has another length as text.
            logged = daemon.logged(self.offsets.get(name, 0))
            self.offsets[name] = self.offsets.get(name, 0) + len(logged)
            lines = logged.decode("utf-8", "replace").splitlines()
            found += [line for line in lines if LOUD.search(line) and
                      not any(pattern.search(line) for pattern in self.announced)]
        self.announced = []
        return found


@contextlib.contextmanager
def running(site):
    """Starts the site; at the end each daemon has to stop with status 0 and in peace."""
    with site:
        site.watch = LogWatch(site)
        yield site
        found = secrets.planted(site) if site.entra.process.alive() else {}
        statuses = site.stop()
        secrets.search(site, found)
        loud = site.watch.unannounced()
        assert not loud, "logged while stopping: " + "\n".join(loud)
        assert not any(statuses.values()), statuses
