"""Manual pages, help, sample and the tables in the code say the same."""

import glob
import os
import re
import subprocess

import pytest

from harness.process import BUILD, TOP, program
from harness.site import Site

PAGES = sorted(glob.glob(os.path.join(TOP, "man", "*.[18]")))


def built(name):
    """A file of "make docs"."""
    with open(os.path.join(BUILD, name)) as file:
        return file.read()


@pytest.mark.parametrize("page", PAGES + [os.path.join(BUILD, "man", "postinvite.cf.5")],
                         ids=os.path.basename)
def test_pages_are_good_mdoc(page):
    result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page],
                            capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")


def test_every_flag_is_in_help_and_manual():
    result = subprocess.run([program("postinvite"), "-h"], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    flags = re.findall(r"^  -(\w)", result.stdout, re.M)
    assert flags == list("qsdnaefpPkirwjcvh")
    with open(os.path.join(TOP, "man", "postinvite.1")) as file:
        documented = re.findall(r"^\.It Fl (\w)(?: Ar \w+| Cm .*)?$", file.read(), re.M)
    # -e and -f have an entry in the list of outputs, too.
    assert sorted(set(documented)) == sorted(flags)


def test_every_setting_is_in_sample_and_manual():
    site = Site(daemons=(), relay=False)
    try:
        names = [line.split(" =")[0] for line in site.cli("-p", check=True).stdout.splitlines()]
    finally:
        site.remove()
    assert len(names) == len(set(names)) > 30
    assert re.findall(r"^#?(\w+) =", built("conf/postinvite.cf.sample"), re.M) == names
    assert re.findall(r"^\.It Ic (\w+) Pq ", built("man/postinvite.cf.5"), re.M) == names
