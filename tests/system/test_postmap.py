"""The same tables and commands through postmap(1) and postinvite(1): where postmap has a convention, it is ours.
What differs on purpose is said in postinvite(1) under POSTMAP, and shown at the end."""

import os
import shutil
import re
import signal
import subprocess

import pytest

from harness.process import program
from harness.site import Site


class Both:
    """A table of each, in one folder."""

    def __init__(self, site):
        self.site = site
        self.postfix = os.path.join(site.folder, "postfix")
        self.source = os.path.join(self.postfix, "table")
        os.mkdir(self.postfix)
        with open(os.path.join(self.postfix, "main.cf"), "w") as file:
            file.write("compatibility_level = 3.6\n")

    def write(self, text):
        with open(self.source, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def _run(self, command, stdin, more):
        stdin = stdin if isinstance(stdin, bytes) else stdin.encode()
        result = subprocess.run(command, input=stdin, capture_output=True, timeout=30, **more)
        result.stdout = result.stdout.decode("utf-8", "replace")
        result.stderr = result.stderr.decode("utf-8", "replace")
        name = os.path.basename(command[0])
        assert all(line.startswith(name + ": ") for line in result.stderr.splitlines())
        return result

    def postmap(self, *flags, source=None, stdin="", **more):
        """With the source's table as its operand."""
        return self._run(["postmap", "-c", self.postfix, *flags, "btree:" + (source or self.source)], stdin,
                         more)

    def postinvite(self, *arguments, stdin="", copy=None, **more):
        command = copy or program("postinvite")
        return self._run([command, "-c", self.site.config, *arguments], stdin, more)

    def load(self, text, *flags):
        """Loads the same file into both, and checks what they say of it; returns our keys."""
        self.write(text)
        return self.compare_load(self.postmap(*flags), self.postinvite(*flags, self.source))

    def add(self, text, *flags):
        """Adds the same lines from stdin."""
        return self.compare_load(self.postmap("-i", *flags, stdin=text),
                                 self.postinvite("-i", *flags, stdin=text))

    def compare_load(self, theirs, ours):
        assert (theirs.returncode, theirs.stdout) == (ours.returncode, ours.stdout) == (0, "")
        assert complaints(ours.stderr) == complaints(theirs.stderr)
        assert keys(self.postinvite("-s")) == keys(self.postmap("-s"))
        return keys(self.postinvite("-s"))

    def ask(self, *flags, stdin=""):
        """The same look-up of both; returns its exit status."""
        theirs, ours = self.postmap(*flags, stdin=stdin), self.postinvite(*flags, stdin=stdin)
        assert (theirs.stderr, ours.stderr) == ("", "")
        assert ours.returncode == theirs.returncode
        assert keys(ours) == keys(theirs)
        return ours.returncode


def keys(result):
    """The first column, as postmap keeps it in quotes and we do not; of a plain -q nothing but whether there is one."""
    lines = [line for line in result.stdout.split("\n") if line]
    if lines and not result.args[-2:] == ["-q", "-"] and "-s" not in result.args and "-" not in result.args:
        return len(lines)
    return [line.split("\t")[0].strip('"') for line in lines]


def complaints(stderr):
    """(line of the file, or the duplicate key) of each warning, sorted: the order is each one's own."""
    found = []
    for line in stderr.splitlines():
        assert re.match(r"post\w+: warning: ", line), line
        duplicate = re.search(r'duplicate entry: "(.*)"$', line)
        number = re.search(r"(?:, line |:)(\d+): ", line)
        # postmap counts no line where there is nothing to continue.
        found.append(duplicate.group(1).lower() if duplicate else number.group(1) if number else "1")
    return sorted(found)


@pytest.fixture(params=["store", "alone"])
def both(request):
    site = Site(daemons=("store",), relay=False)
    try:
        if request.param == "store":
            site.daemons["store"].start()
        yield Both(site)
        site.stop()
    finally:
        site.remove()


SOURCES = {
    "plain": ("a a@a.test\nb b@b.test\n", "ab"),
    "tabs and blanks": ("a\t \ta@a.test \t\nb   b@b.test\n", "ab"),
    "comments": ("# a x@x.test\na a@a.test\n   # b x@x.test\nc c@c.test\n#", "ac"),
    "empty lines": ("\n\na a@a.test\n   \n\t\nb b@b.test\n\n", "ab"),
    "continued": ("a\n  a@a.test\nb b@b.test\n\ttenant=b.test\n full_name=B\n", "ab"),
    "continued behind a comment": ("a a@a.test\n# why\n\n tenant=a.test\nb b@b.test\n", "ab"),
    "carriage returns": ("a a@a.test\r\nb b@b.test\r\n tenant=b.test\r\n\r\n", "ab"),
    "no newline at the end": ("a a@a.test\nb b@b.test", "ab"),
    "the end continues": ("a a@a.test\nb b@b.test\n tenant=b.test", "ab"),
    "without a value": ("a\nb b@b.test\nc   \n", "b"),
    "nothing to continue": ("  a a@a.test\nb b@b.test\n", "b"),
    "a quoted key": ('"a" a@a.test\n"b" b@b.test\n', "ab"),
    "an open quote": ('"a a@a.test\nb b@b.test\n', "b"),
    "an aliases file": ("b b@b.test\na: a@a.test\n", ["a:", "b"]),
    "not UTF-8": (b"a\xff a@a.test\nb b@b.test\n", "b"),
    "UTF-8": ("\u00e4 a@a.test\nb b@b.test\n", ["b", "\u00e4"]),
    "duplicates": ("a a@a.test\nb b@b.test\na c@c.test\n", "ab"),
    "nothing": ("", ""),
    "nobody": ("# nobody yet\n", ""),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_file(both, name):
    text, expected = SOURCES[name]
    assert both.load(text) == list(expected)


def test_duplicates(both):
    table = "a one@a.test\nb b@b.test\na two@a.test\n"

    def values():
        return (re.findall("^a\t(.*)$", both.postmap("-s").stdout, re.M)[0],
                re.findall("^a\t\\w+\t(.*)\t-$", both.postinvite("-s").stdout, re.M)[0])

    both.load(table)
    assert values() == ("one@a.test",) * 2
    both.load(table, "-r")
    assert values() == ("two@a.test",) * 2
    both.load(table, "-w")
    assert values() == ("one@a.test",) * 2
    assert both.add("a three@a.test\nc c@c.test\n") == ["a", "b", "c"]
    assert values() == ("one@a.test",) * 2
    both.add("a three@a.test\n", "-w")
    assert values() == ("one@a.test",) * 2
    both.add("a three@a.test\n", "-r")
    assert values() == ("three@a.test",) * 2


def test_keys(both):
    assert both.ask("-s") == 0 if both.load("") == [] else None
    both.load("a a@a.test\nb b@b.test\nc c@c.test\nd d@d.test\n")
    assert both.ask("-q", "a") == 0
    assert both.ask("-q", "nobody") == 1
    assert both.ask("-q", "") == 1
    assert both.ask("-q", "tab\tin it") == 1
    assert both.ask("-q", "long" * 1000) == 1
    assert both.ask("-q", "-", stdin="nobody\nc\n\ntab\tin it\n%s\na" % ("long" * 1000)) == 0
    assert both.ask("-q", "-", stdin="nobody\n") == 1
    assert both.ask("-q", "-") == 1
    assert both.ask("-d", "nobody") == 1
    assert both.ask("-d", "a") == 0
    assert both.ask("-d", "a") == 1
    assert both.ask("-d", "-", stdin="nobody\nb\nc\n") == 0
    assert both.ask("-d", "-", stdin="b\n") == 1
    assert both.ask("-d", "") == 1
    assert both.ask("-s") == 0
    assert keys(both.postinvite("-s")) == ["d"]
    again = both.postinvite("-s", "-s")
    assert (again.returncode, keys(again)) == (both.postmap("-s", "-s").returncode, ["d"])


def test_the_last_directory_counts(both):
    both.load("a a@a.test\n")
    assert both.postmap("-c", both.site.folder, "-c", both.postfix, "-q", "a").returncode == 0
    assert both.postinvite("-c", both.site.folder, "-c", both.site.config, "-q", "a").returncode == 0
    assert both.postmap("-c", both.site.folder, "-q", "a").returncode == 1
    assert both.postinvite("-c", both.site.folder, "-q", "a").returncode == 78


def test_more_words(both):
    both.write("a a@a.test\n")
    for result in (both.postmap("-v"), both.postinvite("-v", both.source), both.postmap("-v", "-v"),
                   both.postinvite("-v", "-v", both.source)):
        assert (result.returncode, result.stdout) == (0, "") and result.stderr


def test_nobody_reads(both):
    """A reader that has seen enough, as in "postinvite -s | head -1", is nothing to talk about."""
    both.load("".join("customer%d c%d@c.test\n" % (i, i) for i in range(5000)))
    for command in (["postmap", "-c", both.postfix, "-s", "btree:" + both.source],
                    [program("postinvite"), "-c", both.site.config, "-s"],
                    [program("postinvite"), "-c", both.site.config, "-j", "-s"]):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert "customer" in child.stdout.readline()
        child.stdout.close()
        assert (child.wait(20), child.stderr.read()) in ((0, ""), (-signal.SIGPIPE, ""))
        child.stderr.close()


@pytest.mark.parametrize("flags, ours", [
    (("-q", "a", "-s"), "-q and -s exclude each other"),
    (("-q", "a", "-d", "a"), "-q and -d exclude each other"),
    (("-d", "a", "-s"), "-s and -d exclude each other"),
    (("-q", "a", "-q", "b"), "-q is given twice"),
    (("-d", "a", "-d", "b"), "-d is given twice"),
])
def test_flags_that_exclude_each_other(both, flags, ours):
    theirs = both.postmap(*flags)
    assert (theirs.returncode, "specify only one of" in theirs.stderr) == (1, True)
    result = both.postinvite(*flags)
    assert (result.returncode, result.stdout, result.stderr) == (64, "", "postinvite: %s\n" % ours)


def test_flags_that_contradict(both):
    """Of -r and -w postmap takes the last one, and with a look-up it ignores them and -i."""
    both.load("a a@a.test\n")
    assert both.postmap("-r", "-w").returncode == 0
    assert both.postinvite("-r", "-w", both.source).returncode == 64
    for flag in "-i", "-r", "-w":
        assert both.postmap(flag, "-q", "a").returncode == 0
        assert both.postinvite(flag, "-q", "a").returncode == 64


def test_files_that_cannot_be_read(both):
    """postmap takes a directory for an empty table."""
    both.load("a a@a.test\n")
    missing = both.source + ".missing"
    for result, status in ((both.postmap(source=missing), 1), (both.postinvite(missing), 66)):
        assert (result.returncode, result.stdout) == (status, "")
        assert "open %s: No such file or directory" % missing in result.stderr
    hidden = os.path.join("/tmp", os.path.basename(both.site.folder), "hidden")
    with open(hidden, "w") as file:
        file.write("b b@b.test\n")
    os.chmod(hidden, 0)
    # Where the build folder lies nobody but us may be able to go.
    copy = shutil.copy(program("postinvite"), os.path.dirname(hidden))
    nobody = {"preexec_fn": lambda: (os.setgid(65534), os.setuid(65534))}
    for result, status in ((both.postmap(source=hidden, **nobody), 1),
                           (both.postinvite(hidden, copy=copy, **nobody), 66)):
        assert (result.returncode, result.stdout) == (status, "")
        assert "open %s: Permission denied" % hidden in result.stderr
    result = both.postinvite(both.postfix)
    assert result.returncode == 78 and "read %s" % both.postfix in result.stderr
    assert keys(both.postinvite("-s")) == ["a"]


def test_what_is_stricter_here(both):
    """Values have a form, customer ids count as written, and a key that is no text is a usage error."""
    both.write('a a@a.test\nA other@a.test\nb "open\nc not-a-mailbox\n')
    assert complaints(both.postmap().stderr) == ["a"]
    ours = both.postinvite(both.source)
    assert (ours.returncode, complaints(ours.stderr)) == (0, ["3", "4"])
    assert keys(both.postinvite("-s")) == ["A", "a"]
    assert "other@a.test" in both.postinvite("-q", "A").stdout
    assert both.postinvite("-q", "OTHER@A.TEST").returncode == 0
    assert both.postmap("-q", b"\xff").returncode == 1
    assert both.postinvite("-q", b"\xff").returncode == 64
    for key in b"\xff", b"a\0b", b"a" * 100000:
        result = both.postinvite("-q", "-", stdin=b"%s\na\r\n%s" % (key, key))
        assert (result.returncode, keys(result)) == (0, ["a"])
        assert result.stderr == 2 * "postinvite: warning: stdin: a key is not UTF-8 text, no such thing is known\n"
