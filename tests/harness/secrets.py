"""What must be nowhere: codes and tokens that the simulator gave, and the site's keys, in each of
their spellings; and where to look for them."""

import base64
import os
import re

MOST = 200  # of what the simulator gave: a search for each goes through every file


def planted(site):
    """{words for it: its bytes in each of their spellings}"""
    found = {}
    for number, secret in enumerate(site.entra.secrets()[-MOST:]):
        # The beginning suffices: a line may be cut.
        start = secret[:40].encode()
        found["code or token %d" % number] = [start, base64.b64encode(start)[:48]]
    for kind in ("link", "vault"):
        with open(os.path.join(site.config, kind + ".key")) as file:
            for text in re.findall(r"^\d+:(\S+)", file.read(), re.M):
                key = base64.b64decode(text)
                found[kind + " key"] = [text.rstrip("=").encode(), key, key.hex().encode()]
    return found


def check(where, data, found):
    for words, spellings in found.items():
        for spelling in spellings:
            assert spelling not in data, "%s in %s" % (words, where)


def files(site):
    """Everything in the site's folder that is not the simulator's or a key file: path, bytes."""
    for folder, _, names in os.walk(site.folder):
        for name in names:
            path = os.path.join(folder, name)
            if name.startswith("entra.") or name.endswith(".key") or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                yield path, file.read()


def search(site, found):
    """Fails when one of them lies in a file: a log, a mail, the state, the vault, a core."""
    for path, data in files(site):
        check(path, data, found)
