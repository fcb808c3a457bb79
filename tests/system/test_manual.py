"""Manual pages, help, sample and the tables in the code say the same."""

import glob
import os
import pwd
import re
import subprocess

import pytest

from harness.process import BUILD, TOP, program
from harness.site import USER, Site

PAGES = sorted(glob.glob(os.path.join(TOP, "man", "*.[158]")))


def built(name):
    """A file of "make docs"."""
    with open(os.path.join(BUILD, name)) as file:
        return file.read()


@pytest.mark.parametrize("page", PAGES + [os.path.join(BUILD, "man", name) for name in (
    "postinvite.cf.5", "postinvite.templates.5", "postinvite.metrics.5")],
                         ids=os.path.basename)
def test_pages_are_good_mdoc(page):
    result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page],
                            capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")


def help_of(name):
    result = subprocess.run([program(name), "-h"], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def documented_flags(page):
    """{flag: argument, as -h has it} of a page's lists of commands and options."""
    text = re.sub(r" Ns = Ns Ar ", "=", page.split(".Ss Output")[0].split(".Sh FILES")[0])
    return {flag: argument.replace(" | ", "|").replace("Cm ", "").replace("Ar ", "")
            for flag, argument in re.findall(r"^\.It Fl (\w)(?: (.*))?$", text, re.M)}


def page_of(name, section):
    with open(os.path.join(TOP, "man", "%s.%d" % (name, section))) as file:
        return file.read()


def test_every_flag_is_in_help_and_manual():
    """The help is printed from the table of flags, completion is read from the help."""
    helped = dict(re.findall(r"^  -(\w) (\S*)", help_of("postinvite"), re.M))
    assert "".join(helped) == "qsdnaeVTfpPkirwjcovh"
    page = page_of("postinvite", 1)
    assert documented_flags(page) == helped
    synopsis = re.search(r"^\.Sh SYNOPSIS\n(.*?)^\.Sh", page, re.M | re.S).group(1)
    assert set("".join(re.findall(r"Fl (\w+)", synopsis))) == set(helped)


@pytest.mark.parametrize("name", [os.path.basename(page)[:-len(".8")] for page in PAGES if page.endswith(".8")])
def test_every_flag_of_a_daemon_is_in_help_and_manual(name):
    text = help_of(name)
    helped = dict(re.findall(r"^  -(\w) (\S*)", text, re.M), h="")
    assert documented_flags(page_of(name, 8)) == helped
    assert "See %s(8)." % name in text


def test_the_examples_work(tmp_path):
    """Each command of postinvite(1)'s examples, as the page shows it, in a folder with the files that it names."""
    page = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=200", os.path.join(TOP, "man", "postinvite.1")],
                          capture_output=True, text=True, check=True).stdout
    text = re.search(r"^EXAMPLES\n(.*?)^SEE ALSO", re.sub(".\b", "", page), re.M | re.S).group(1)
    blocks = [block for block in re.split(r"\n\s*\n", text) if re.match(r" {11,}\S", block)]
    table = [block for block in blocks if "full_name" in block]
    commands = [block for block in blocks if "postinvite" in block and "curl" not in block and "postinvite -f" not in block]
    assert len(table) == 1 and len(commands) > 10
    site = Site(daemons=(), relay=False)
    try:
        os.chown(site.config + "/link.key", 0, pwd.getpwnam(USER).pw_gid)
        os.chmod(site.config + "/link.key", 0o640)
        (tmp_path / "postinvite").write_text('#!/bin/sh\nexec "%s" -c "%s" "$@"\n' % (
            program("postinvite"), site.config))
        (tmp_path / "postinvite").chmod(0o755)
        (tmp_path / "customers").write_text(re.sub(r"^ {11}", "", table[0], flags=re.M) + "\n")
        (tmp_path / "leavers").write_text("fabrikam\tleft\n")
        (tmp_path / "keys").write_text("voice@contoso.example\n")
        subprocess.run(["./postinvite", "customers"], cwd=tmp_path, check=True)
        subprocess.run(["./postinvite", "-n", "contoso"], cwd=tmp_path, check=True)
        for command in commands:
            result = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True,
                                    env=dict(os.environ, PATH="%s:%s" % (tmp_path, os.environ["PATH"])))
            assert result.returncode == 0, (command, result)
            assert "-v" in command or result.stderr == "", (command, result)
        names = [line.split("\t")[0] for line in site.cli("-s").stdout.splitlines()]
        assert names == ["adatum", "contoso"]
    finally:
        site.remove()


def test_every_meaning_of_consent_patterns_is_in_the_manual(tmp_path):
    """The milter takes all that the page lists, and says so of any other."""
    with open(os.path.join(TOP, "man", "consent_patterns.5")) as file:
        documented = re.findall(r"^\.It Cm (\w+)$", file.read(), re.M)
    site = Site(daemons=(), relay=False)
    try:
        path = os.path.join(site.config, "consent_patterns")
        with open(path, "w") as file:
            file.writelines("/%%{app} %d/ %s\n" % (i, word) for i, word in enumerate(documented))
            file.write("/%{app}/ other\n")
        result = subprocess.run([program("postinvite-milter"), "-c", site.config, "-t"],
                                capture_output=True, text=True)
    finally:
        site.remove()
    assert result.returncode == 78
    place, words = result.stderr.split(": value is not ")
    assert place.endswith("%s:%d" % (path, len(documented) + 1))
    assert sorted(re.findall(r"\w+", words.replace(" or ", " "))) == sorted(documented)


def test_every_setting_is_in_sample_and_manual():
    site = Site(daemons=(), relay=False)
    try:
        names = [line.split(" =")[0] for line in site.cli("-p", check=True).stdout.splitlines()]
    finally:
        site.remove()
    assert len(names) == len(set(names)) > 30
    assert re.findall(r"^#?(\w+) =", built("conf/postinvite.cf.sample"), re.M) == names
    assert re.findall(r"^\.It Ic (\w+) Pq ", built("man/postinvite.cf.5"), re.M) == names


def test_every_value_and_word_is_in_the_manual():
    manual = built("man/postinvite.templates.5")
    listed = {title: re.findall(r"^\.It Ic (\w+)$", text, re.M) for title, text in re.findall(
        r"^\.Sh (VALUES OF [^\n]*|WORDS[^\n]*)\n(.*?)(?=^\.Sh)", manual, re.M | re.S)}
    templates = os.path.join(TOP, "conf", "templates")
    with open(os.path.join(templates, "words.en")) as file:
        names = re.findall(r"^(\w+) =", file.read(), re.M)
    assert listed["WORDS"] == names and len(names) > 100
    with open(os.path.join(templates, "operator.en")) as file:
        names = re.findall(r"^(\w+) =", file.read(), re.M)
    assert listed["WORDS OF THE OPERATOR'S PAGES"] == names
    used = {"pages": set(), "mails": set(), "operator": set()}
    for path in glob.glob(os.path.join(templates, "*.html")) + glob.glob(
            os.path.join(templates, "*.txt")):
        with open(path) as file:
            kind = {"mail": "mails", "admin": "operator"}.get(
                os.path.basename(path).split("_")[0], "pages")
            used[kind].update(re.findall(r"{{[#^]?(\w+)}}", file.read()))
    assert used["pages"] <= set(listed["VALUES OF PAGES"])
    assert used["mails"] <= set(listed["VALUES OF MAILS"])
    assert used["operator"] <= set(listed["VALUES OF THE OPERATOR'S PAGES"])
    for title in ("VALUES OF PAGES", "VALUES OF THE OPERATOR'S PAGES"):
        assert len(set(listed[title])) == len(listed[title])
