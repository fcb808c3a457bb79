"""The configuration: every fault is said with its place and the reason, and a bad one never
replaces a good one."""

import os
import pwd
import re
import shutil
import signal
import subprocess

import pytest

from harness.process import program, wait_for
from harness.site import DAEMONS, USER, Site
from harness.watch import AWAY

CONFIG_FAULTS = {
    # label: (daemons, change of the configuration folder, what is said)
    "unknown setting": (DAEMONS, lambda etc: append(etc, "no_such_setting = 1\n"),
                        r"postinvite\.cf:\d+: .*no_such_setting"),
    "bad value": (DAEMONS, lambda etc: append(etc, "invitation_lifetime = soon\n"),
                  r"postinvite\.cf:\d+: .*invitation_lifetime"),
    "missing setting": (DAEMONS, lambda etc: append(etc, "client_id =\n"), "client_id"),
    "missing URL": (DAEMONS, lambda etc: append(etc, "wizard_url =\ngraph_url =\n"),
                    r"wizard_url: must not be empty\n.*graph_url: must not be empty"),
    "missing file": (DAEMONS, lambda etc: os.unlink(etc + "/postinvite.cf"), r"postinvite\.cf"),
    "open link key": (("store", "wizard"), lambda etc: os.chmod(etc + "/link.key", 0o644),
                      r"link\.key.*(mode|access)"),
    "open vault key": (("tokend",), lambda etc: os.chmod(etc + "/vault.key", 0o644),
                       r"vault\.key.*(mode|access)"),
    "missing link key": (("store", "wizard"), lambda etc: os.unlink(etc + "/link.key"),
                         r"link_key_file: open .*link\.key: No such file or directory: put it back .*-k link"),
    "missing vault key": (("tokend",), lambda etc: os.unlink(etc + "/vault.key"),
                          r"vault\.key: No such file"),
    "bad line in a key": (("store", "wizard"), lambda etc: replace(etc + "/link.key", "1:zz\n"),
                          r"link\.key:1: "),
    "missing patterns": (("milter",), lambda etc: append(etc, "consent_patterns = /nowhere/x\n"),
                         r"/nowhere/x: No such file"),
    "operators without certificates": (
        DAEMONS, lambda etc: append(etc, "admin_listen = inet:127.0.0.1:1\nadmin_subjects = a:view\n"),
        r"postinvite\.cf:\d+: admin_listen: inet: needs admin_tls_cert_file, .*admin_ca_file"),
    "nobody may come": (
        DAEMONS, lambda etc: append(etc, "admin_listen = inet:127.0.0.1:1\nadmin_ca_file = /a\n"
                                    "admin_tls_cert_file = /a\nadmin_tls_key_file = /a\n"),
        r"postinvite\.cf:\d+: admin_listen: .*needs admin_subjects"),
    "a header from the network": (
        DAEMONS, lambda etc: append(etc, "admin_listen = inet:127.0.0.1:1\nadmin_ca_file = /a\n"
                                    "admin_tls_cert_file = /a\nadmin_tls_key_file = /a\n"
                                    "admin_subjects = a:view\nadmin_user_header = X-User\n"),
        r"postinvite\.cf:\d+: admin_user_header: is believed on a Unix socket only"),
    "certificates on a Unix socket": (DAEMONS, lambda etc: append(etc, "admin_ca_file = /a\n"),
                                      r"postinvite\.cf:\d+: admin_ca_file: is of use with .*inet:"),
    "no role": (DAEMONS, lambda etc: append(etc, "admin_subjects = ada:view, bob\n"),
                r'postinvite\.cf:\d+: admin_subjects: "bob" is neither NAME:view nor NAME:operate'),
    "missing templates": (("wizard", "tokend", "admin"), lambda etc: append(etc, "template_directory = /nowhere\n"),
                          r"/nowhere.*No such file"),
}


def append(etc, text):
    with open(etc + "/postinvite.cf", "a") as file:
        file.write(text)


def replace(path, text):
    with open(path, "w") as file:
        file.write(text)


def run(etc, name, *more):
    return subprocess.run([program("postinvite-" + name), "-c", etc, *more], timeout=20,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def idle():
    """A site that is never started."""
    prepared = Site(relay=False)
    yield prepared
    prepared.remove()


@pytest.fixture
def etc(idle):
    """A copy of its configuration folder, to be spoilt."""
    copy = idle.folder + "/etc.copy"
    shutil.copytree(idle.config, copy)
    for name in ["", *os.listdir(copy)]:
        shutil.chown(os.path.join(copy, name), USER)
    yield copy
    shutil.rmtree(copy)


def test_good_configuration(etc):
    for name in DAEMONS:
        result = run(etc, name, "-t")
        assert (result.returncode, result.stderr) == (0, ""), (name, result.stderr)


@pytest.mark.parametrize("label", CONFIG_FAULTS)
def test_bad_configuration(etc, label):
    names, spoil, words = CONFIG_FAULTS[label]
    spoil(etc)
    for name in DAEMONS:
        result = run(etc, name, "-t")
        if name in names:
            assert result.returncode == 78, (name, result.stderr)
            assert re.search(words, result.stderr), (name, result.stderr)
            started = run(etc, name)
            assert started.returncode == 78, (name, started.stderr)
            assert re.search(words, started.stderr), (name, started.stderr)
        else:
            assert result.returncode == 0, (name, result.stderr)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_settings_that_root_alone_reads(etc):
    """What -t finds good has to be good for the user that the program is later."""
    os.chmod(etc + "/postinvite.cf", 0o600)
    os.chown(etc + "/postinvite.cf", 0, 0)
    for name in DAEMONS:
        result = run(etc, name, "-t")
        assert result.returncode == 78, (name, result.stderr)
        assert "postinvite.cf: Permission denied: user %s has to be able to read it" % USER in result.stderr


def test_every_fault_is_said_at_once(etc):
    append(etc, "first_wrong = 1\nsecond_wrong = 2\n")
    result = run(etc, "store", "-t")
    assert "first_wrong" in result.stderr and "second_wrong" in result.stderr


def reload(site, name):
    """Sends SIGHUP; what the daemon logs about it."""
    daemon = site.daemons[name]
    offset = len(daemon.text().encode())
    daemon.signal(signal.SIGHUP)
    wait_for("%s to reload" % name, lambda: "reload" in daemon.text(offset))
    return daemon.text(offset)


def test_reload(site):
    good = site.read_config()
    for name in DAEMONS:
        assert "reloaded" in reload(site, name)
    site.write_config(good + "no_such_setting = 1\n")
    for name in DAEMONS:
        site.watch.announce("no_such_setting", "reload refused")
        text = reload(site, name)
        assert "refused" in text and re.search(r"postinvite\.cf:\d+: .*no_such_setting", text)
    # Everybody still works as before.
    site.write_config(good)
    site.entra.tenant("reload.test", consent_granted=True)
    customer = site.invite("service@reload.test")
    customer.enter(customer.start())
    site.wait_status(customer.upn, "device_authenticated")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes sockets for others")
def test_sockets_can_be_removed_without_root(site):
    """In a sticky folder that is for their owner alone, who may start next time, as under systemd."""
    settings = dict(line.split(" = ", 1) for line in site.cli("-p").stdout.splitlines() if " = " in line)
    for name in "milter_listen", "policy_listen", "lookup_listen", "admin_listen", "store_listen", "tokend_listen":
        assert settings[name].startswith("unix:")
        assert os.stat(settings[name][5:]).st_uid == pwd.getpwnam(USER).pw_uid, name


def test_reload_takes_effect(site):
    good = site.read_config()
    site.write_config(good + "link_placeholder = [[Link]]\n")
    reload(site, "milter")
    customer = site.invite("service@placeholder.test", link="[[Link]]")
    assert customer.page().status == 200
    site.write_config(good)
    reload(site, "milter")


def test_another_milter_listen_waits_for_a_restart(site):
    """What a stop removes is the socket that was served."""
    good, folder = site.read_config(), os.path.join(site.folder, "queue/postinvite")
    other = os.path.join(folder, "other")
    site.write_config(good + "milter_listen = unix:%s\n" % other)
    reload(site, "milter")
    open(other, "w").close()
    assert site.daemons["milter"].stop() == 0
    assert os.path.exists(other) and not os.path.exists(os.path.join(folder, "milter"))
    os.unlink(other)
    site.write_config(good)
    site.daemons["milter"].start()


def test_stop(site):
    """SIGTERM ends each with status 0, also the second time around."""
    for name in reversed(DAEMONS):
        site.watch.announce(AWAY)
        assert site.daemons[name].stop() == 0, name
    for name in DAEMONS:
        site.daemons[name].start()
    site.invite("service@stopped.test")
