"""Manual pages, help, sample and the tables in the code say the same."""

import glob
import os
import re
import subprocess

import pytest

from harness.process import BUILD, TOP, program
from harness.site import Site

PAGES = sorted(glob.glob(os.path.join(TOP, "man", "*.[158]")))


def built(name):
    """A file of "make docs"."""
    with open(os.path.join(BUILD, name)) as file:
        return file.read()


@pytest.mark.parametrize("page", PAGES + [os.path.join(BUILD, "man", name) for name in (
    "postinvite.cf.5", "postinvite.templates.5")],
                         ids=os.path.basename)
def test_pages_are_good_mdoc(page):
    result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page],
                            capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")


def test_every_flag_is_in_help_and_manual():
    result = subprocess.run([program("postinvite"), "-h"], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    flags = re.findall(r"^  -(\w)", result.stdout, re.M)
    assert flags == list("qsdnaeVTfpPkirwjcovh")
    with open(os.path.join(TOP, "man", "postinvite.1")) as file:
        documented = re.findall(r"^\.It Fl (\w)(?: Ar \w+(?: Ns = Ns Ar value)?| Cm .*)?$", file.read(), re.M)
    # -e and -f have an entry in the list of outputs, too.
    assert sorted(set(documented)) == sorted(flags)


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
