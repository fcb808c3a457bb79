"""What "make install" puts where, and that it works from there."""

import glob
import os
import re
import shutil
import subprocess

import pytest

from harness.process import BUILD, TOP
from harness.site import Site

PROGRAMS = ["postinvite"] + sorted(
    "postinvite-" + os.path.basename(path)[len("postinvite-"):-len(".service")]
    for path in glob.glob(os.path.join(TOP, "conf", "systemd", "*.service")))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder that stands for /, with everything below usr."""
    folder = str(tmp_path_factory.mktemp("install"))
    # As make itself named it: by another name make would not find again what depends on what.
    build = os.environ.get("BUILD", "build")
    for _ in range(2):  # over what is there already, too
        subprocess.run(["make", "-s", "-C", TOP, "install", "BUILD=" + build, "DESTDIR=" + folder,
                        "PREFIX=/usr"], check=True, capture_output=True, timeout=300)
    yield folder
    shutil.rmtree(folder)


def names(*parts):
    return {os.path.basename(path) for path in glob.glob(os.path.join(*parts))}


def expected():
    """{folder below usr: names}"""
    return {
        "sbin": set(PROGRAMS),
        "share/postinvite": {"postinvite.cf.sample", "consent_patterns", "main.cf.lines",
                             "CONSENT-MAIL.md", "SECURITY.md"},
        "share/postinvite/templates": names(TOP, "conf", "templates", "*"),
        "share/man/man1": {"postinvite.1"},
        "share/man/man5": {"postinvite.cf.5", "postinvite.templates.5", "postinvite.metrics.5",
                           "consent_patterns.5"},
        "share/man/man8": {name + ".8" for name in PROGRAMS[1:]},
        "share/bash-completion/completions": {"postinvite"},
        "lib/systemd/system": {name + ".service" for name in PROGRAMS[1:]},
        "lib/sysusers.d": {"postinvite.conf"},
        "lib/tmpfiles.d": {"postinvite.conf"},
    }


def test_the_files(root):
    wanted = {os.path.join("usr", folder, name) for folder, files in expected().items() for name in files}
    found = {os.path.relpath(os.path.join(folder, name), root)
             for folder, _, files in os.walk(root) for name in files}
    assert found == wanted
    for path in found:
        mode = 0o755 if "/sbin/" in path else 0o644
        assert os.stat(os.path.join(root, path)).st_mode & 0o7777 == mode, path
        with open(os.path.join(root, path), "rb") as file:
            assert b"@PREFIX@" not in file.read()


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_programs(root, name):
    path = os.path.join(root, "usr/sbin", name)
    assert names(BUILD, name) == {name}
    result = subprocess.run([path, "-h"], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "") and "usage: " + name in result.stdout
    result = subprocess.run([path, "-?"], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (64, "")
    libraries = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    assert "not found" not in libraries


def test_a_configuration_made_of_it(root):
    """The installed templates, patterns and sample: each program takes them, and so does -t without root."""
    site = Site(daemons=(), relay=False)
    try:
        share = os.path.join(root, "usr/share/postinvite")
        shutil.rmtree(site.config + "/templates")
        shutil.copytree(share + "/templates", site.config + "/templates")
        shutil.copyfile(share + "/consent_patterns", site.config + "/consent_patterns")
        with open(share + "/postinvite.cf.sample") as sample:
            site.write_config(sample.read() + site.read_config())
        for name in PROGRAMS:
            result = subprocess.run(
                [os.path.join(root, "usr/sbin", name), "-c", site.config, "-t" if "-" in name else "-p"],
                capture_output=True, text=True)
            assert (result.returncode, result.stderr) == (0, ""), name
    finally:
        site.remove()


def test_manual_pages(root):
    """Each is found, and so is each of ours that one refers to."""
    pages = os.path.join(root, "usr/share/man")
    for folder in "man1", "man5", "man8":
        for name in expected()["share/man/" + folder]:
            with open(os.path.join(pages, folder, name)) as file:
                text = file.read()
            title, section = name.rsplit(".", 1)
            assert re.search(r"^\.Dt %s %s$" % (re.escape(title.upper()), section), text, re.M)
            for other, where in re.findall(r"^\.Xr (postinvite\S*|consent_patterns) (\d)", text, re.M):
                assert os.path.exists(os.path.join(pages, "man" + where, "%s.%s" % (other, where)))
    if shutil.which("man"):
        result = subprocess.run(["man", "-M", pages, "-w", "5", "postinvite.cf"], capture_output=True, text=True)
        assert result.stdout.strip() == os.path.join(pages, "man5", "postinvite.cf.5")


def test_units(root):
    for name in PROGRAMS[1:]:
        with open(os.path.join(root, "usr/lib/systemd/system", name + ".service")) as file:
            text = file.read()
        command = re.search(r"^ExecStart=(\S+)$", text, re.M).group(1)
        assert command == "/usr/sbin/" + name and os.access(root + command, os.X_OK)
        assert re.search(r"^Documentation=man:%s\(8\)$" % name, text, re.M)
        for other in re.findall(r"postinvite-\w+(?=\.service)", text):
            assert other in PROGRAMS


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_units_as_systemd_reads_them(root, tmp_path):
    for name in PROGRAMS[1:]:
        with open(os.path.join(root, "usr/lib/systemd/system", name + ".service")) as file:
            text = file.read().replace("/usr/sbin/", root + "/usr/sbin/")
        (tmp_path / (name + ".service")).write_text(text)
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
                            capture_output=True, text=True, timeout=60)
    ours = [line for line in result.stderr.splitlines() if "postinvite" in line]
    assert (result.returncode, ours) == (0, [])


@pytest.mark.skipif(not shutil.which("systemd-sysusers") or os.getuid() != 0, reason="needs systemd and root")
def test_users_and_folders(root):
    """Those of the units exist then, and the folders are theirs."""
    os.makedirs(root + "/etc", exist_ok=True)
    for name, text in (("passwd", "root:x:0:0::/root:/bin/sh\n"), ("group", "root:x:0:\npostfix:x:90:\npostdrop:x:91:\n"),
                       ("shadow", ""), ("gshadow", "")):
        with open(os.path.join(root, "etc", name), "w") as file:
            file.write(text)
    try:
        subprocess.run(["systemd-sysusers", "--root=" + root, "postinvite.conf"], check=True,
                       capture_output=True)
        with open(root + "/etc/passwd") as file:
            users = dict(re.findall(r"^([\w-]+):x:(\d+):", file.read(), re.M))
        for name in PROGRAMS[1:]:
            with open(os.path.join(root, "usr/lib/systemd/system", name + ".service")) as file:
                assert re.search(r"^User=(\S+)$", file.read(), re.M).group(1) in users
        result = subprocess.run(["systemd-tmpfiles", "--create", "--root=" + root, "postinvite.conf"],
                                capture_output=True, text=True)
        assert (result.returncode, result.stderr) == (0, "")
        for folder, user, mode in (("run/postinvite", "postinvite", 0o1775),
                                   ("var/lib/postinvite", "postinvite", 0o711),
                                   ("var/lib/postinvite/vault", "postinvite-tokend", 0o700),
                                   ("var/spool/postfix/postinvite", "root", 0o3730)):
            found = os.stat(os.path.join(root, folder))
            assert (found.st_uid, found.st_mode & 0o7777) == (int(users[user]), mode), folder
    finally:
        for folder in "etc", "run", "var":
            shutil.rmtree(os.path.join(root, folder), ignore_errors=True)
