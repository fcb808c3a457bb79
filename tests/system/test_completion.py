"""bash completes flags, keys and what else flags take."""

import os
import pty
import re
import select
import subprocess
import time

import pytest

from harness.process import BUILD, TOP, program
from harness.site import Site
from harness.watch import LogWatch

SCRIPT = os.path.join(TOP, "conf", "completion", "postinvite.bash")
CUSTOMERS = """\
contoso   voice@contoso.test
"con brio" music@brio.test
fabrikam  phone@fabrikam.test
"""

# Words as bash cuts them, at blanks and COMP_WORDBREAKS.
ASK = r"""
. "$1"
COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDS=() COMP_CWORD=-1
while IFS= read -r word; do COMP_WORDS+=("$word"); COMP_CWORD=$((COMP_CWORD + 1)); done <<< "$3"
_postinvite postinvite "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
"""


def complete(line, **more):
    """What bash would offer behind the line, sorted."""
    words = re.findall(r"[@=:]+|[^\s@=:]+", line) + ([""] if line.endswith(" ") else [])
    result = subprocess.run(
        ["bash", "--norc", "-c", ASK, "bash", SCRIPT, line, "\n".join(words)], text=True, timeout=20,
        capture_output=True, env=dict(os.environ, PATH=BUILD + ":" + os.environ["PATH"]), **more)
    assert (result.returncode, result.stderr) == (0, "")
    return sorted(result.stdout.splitlines())


@pytest.fixture(scope="module")
def site():
    site = Site(daemons=("store",), relay=False)
    site.watch = LogWatch(site)
    try:
        site.daemons["store"].start()
        site.customers(CUSTOMERS)
        yield site
        site.stop()
    finally:
        site.remove()


def test_flags():
    usage = subprocess.run([program("postinvite"), "-h"], capture_output=True, text=True).stdout
    flags = sorted(re.findall(r"^  (-\w)", usage, re.M))
    assert complete("postinvite -") == complete("postinvite -j -") == flags
    assert complete("postinvite -q") == ["-q"]
    assert complete("postinvite -x") == []


def test_keys(site):
    ask = "postinvite -c %s " % site.config
    for flag in "-q", "-d", "-n", "-a", "-e", "-V", "-T", "-jq":
        assert complete(ask + flag + " ") == ["con\\ brio", "contoso", "fabrikam"]
        assert complete(ask + flag + " f") == ["fabrikam"]
    assert complete(ask + "-q con") == ["con\\ brio", "contoso"]
    assert complete(ask + "-q v") == ["voice@contoso.test"]
    assert complete(ask + "-q voice@con") == ["@contoso.test"]
    assert complete(ask + "-q voice@") == ["@contoso.test"]
    assert complete(ask + "-q nobody") == complete(ask + "-q contoso ") == complete(ask + "-s ") == []
    assert complete("postinvite -c /nonexistent -q ") == []


def test_keys_without_a_store(site):
    """No key, and the state is left alone."""
    ask = "postinvite -c %s -o store_listen=unix:%s/none -q " % (site.config, site.folder)
    assert complete(ask) == []


def test_arguments(site):
    folder = os.path.join(site.folder, "here")
    os.makedirs(folder + "/etc")
    with open(folder + "/customers", "w"):
        pass
    assert complete("postinvite -k ") == ["link", "vault"]
    assert complete("postinvite -k v") == ["vault"]
    assert complete("postinvite -c ", cwd=folder) == ["etc"]
    assert complete("postinvite ", cwd=folder) == complete("postinvite -i ", cwd=folder) == ["customers", "etc"]
    assert complete("postinvite %s/cust" % folder) == [folder + "/customers"]
    ask = "postinvite -c %s -o " % site.config
    assert complete(ask + "wizard_u") == ["wizard_url="]
    assert "state_store=" in complete(ask)
    assert complete(ask + "wizard_url=x") == []


def test_a_terminal(site, terminals):
    """As somebody types it: the tab key makes a whole command of the beginning of a mailbox."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "-i"], dict(
            os.environ, PATH=BUILD + ":" + os.environ["PATH"], TERM="dumb", HISTFILE="/dev/null", PS1="$ "))
    seen = b""
    try:
        os.write(terminal, b". %s\npostinvite -c %s -q phone@fab\t\n" % (
            SCRIPT.encode(), site.config.encode()))
        deadline = time.monotonic() + 20
        while not re.search(rb"not_invited\s+phone@fabrikam\.test\s+-", seen):
            assert time.monotonic() < deadline, seen
            if select.select([terminal], [], [], 1)[0]:
                seen += os.read(terminal, 4096)
        os.write(terminal, b"exit\n")
    finally:
        os.close(terminal)
        os.waitpid(child, 0)
