"""A whole site in one folder: relay, simulator, our daemons with their configuration."""

import email.utils
import json
import os
import pwd
import shutil
import subprocess
import tempfile

from . import entra
from .journey import Customer, link_of
from .process import TOP, Process, free_port, program, wait_for
from .relay import Relay

PLATFORM = "platform@provider.test"

WELCOME = """\
From: Provider Voice <{sender}>
To: <{recipient}>
Subject: Welcome to Provider Voice
Message-ID: <{message_id}>
Date: {date}
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="b1"

--b1
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Dear Administrator of Customer Ltd,

please open this link to connect your tenant:
{link}

--b1
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<html><body><p>Dear Administrator of Customer Ltd,</p>
<p><a href=3D"{link}">Click here to activate your tenant</a></p>
</body></html>

--b1--
"""

CONFIG = """\
wizard_url = {wizard_url}
application_name = {application}
client_id = {client_id}
welcome_senders = platform@provider.test
welcome_submitters = net:127.0.0.1
daemon_user = {user}
state_store = bdb:{folder}/state
store_listen = unix:{folder}/run/store
tokend_listen = unix:{folder}/run/tokend
milter_listen = unix:{folder}/queue/postinvite/milter
policy_listen = unix:{folder}/queue/postinvite/policy
lookup_listen = unix:{folder}/queue/postinvite/lookup
resend_interval = 0s
recipient_daily_limit = 0
socket_group = {socket_group}
wizard_listen = inet:127.0.0.1:{wizard_port}
admin_listen = unix:{folder}/run/admin
authority_url = {entra_url}
graph_url = {entra_url}
dns_servers = 127.0.0.1:{dns_port}
platform_url = https://platform.provider.test/authenticate
sendmail_command = /bin/sh {folder}/etc/discard
"""

DAEMONS = ("store", "milter", "policy", "tokend", "wizard", "admin")
USER = "nobody"


class Site:
    """with Site() as site: everything runs, with the settings given over the usual ones. Nothing is
    left behind."""

    def __init__(self, daemons=DAEMONS, relay=True, wrap=None, **settings):
        os.umask(0o022)
        self.folder = tempfile.mkdtemp(prefix="postinvite.", dir="/tmp")
        self.sent = 0
        try:
            os.chmod(self.folder, 0o755)
            self.wizard_port = free_port()
            self.wizard_url = "http://127.0.0.1:%d" % self.wizard_port
            self.admin_socket = os.path.join(self.folder, "run", "admin")
            self.relay = Relay(self.folder, "policy" in daemons) if relay else None
            self.entra = entra.Entra(self.folder, self.relay.port if relay else 1,
                                     self.wizard_url + "/callback")
            self.config = os.path.join(self.folder, "etc")
            self._make_folders()
            self._configure(settings)
            self._prepare(daemons, wrap)
        except BaseException:
            self.remove()
            raise

    def _prepare(self, daemons, wrap):
        self.daemons = {}
        for name in daemons:
            command = [program("postinvite-" + name), "-v", "-c", self.config]
            self.daemons[name] = Process(
                name, (wrap or []) + command, os.path.join(self.folder, name + ".log"),
                env={"SSL_CERT_FILE": self.entra.certificate})

    def _make_folders(self):
        owner = pwd.getpwnam(USER)
        for name in ("etc", "state", "run", "queue/postinvite"):
            path = os.path.join(self.folder, name)
            os.makedirs(path, exist_ok=True)
            os.chown(path, owner.pw_uid, owner.pw_gid)
        os.chmod(os.path.join(self.folder, "state"), 0o700)
        # Mails of tokend's: the machine's own sendmail is not for tests.
        with open(os.path.join(self.config, "discard"), "w") as script:
            script.write("cat >/dev/null\n")
        # Copies: the daemons' user may not be able to traverse the way to the checkout.
        conf = os.path.join(TOP, "conf")
        shutil.copyfile(os.path.join(conf, "consent_patterns"),
                        os.path.join(self.config, "consent_patterns"))
        shutil.copytree(os.path.join(conf, "templates"), os.path.join(self.config, "templates"),
                        copy_function=shutil.copyfile)

    def _configure(self, settings):
        text = CONFIG.format(
            folder=self.folder, wizard_url=self.wizard_url, wizard_port=self.wizard_port,
            application=entra.APPLICATION, client_id=entra.CLIENT_ID, user=USER,
            socket_group="postfix" if self.relay else "", entra_url=self.entra.url,
            dns_port=self.entra.dns_port)
        for name, value in settings.items():
            text += "%s = %s\n" % (name, value)
        self.write_config(text)
        owner = pwd.getpwnam(USER)
        for kind in ("link", "vault"):
            self.cli("-k", kind, check=True)
            os.chown(os.path.join(self.config, kind + ".key"), owner.pw_uid, owner.pw_gid)

    def write_config(self, text):
        with open(os.path.join(self.config, "postinvite.cf"), "w") as file:
            file.write(text)

    def read_config(self):
        with open(os.path.join(self.config, "postinvite.cf")) as file:
            return file.read()

    def start(self):
        self.entra.start()
        for daemon in self.daemons.values():
            daemon.start(wait=False)
        for daemon in self.daemons.values():
            daemon.wait_ready()
        if self.relay:
            self.relay.start()
        return self

    def stop(self):
        """Stops all of it, whatever goes wrong; returns {name: exit status} of our daemons."""
        statuses, faults = {}, []
        if self.relay:
            self.relay.stop()
        for name, daemon in [*reversed(self.daemons.items()), ("entra", self.entra.process)]:
            try:
                statuses[name] = daemon.stop()
            except RuntimeError as fault:
                faults.append(str(fault))
        if faults:
            raise RuntimeError("; ".join(faults))
        return statuses

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __exit__(self, *exception):
        try:
            self.stop()
        finally:
            self.remove()

    def cli(self, *arguments, input=None, check=False):
        """Runs postinvite(1); returns the finished process."""
        result = subprocess.run([program("postinvite"), "-c", self.config, *arguments],
                                input=input, capture_output=True, text=True, timeout=60)
        if check and result.returncode != 0:
            raise RuntimeError("postinvite %s: %s" % (" ".join(arguments), result.stderr))
        return result

    def record(self, key):
        """The latest invitation of a key, or None."""
        result = self.cli("-j", "-q", key)
        if result.returncode == 1:
            return None
        if result.returncode != 0:
            raise RuntimeError(result.stderr)
        customer = json.loads(result.stdout.splitlines()[0])
        return customer.get("invitation", customer)

    def status(self, key):
        record = self.record(key)
        return record["status"] if record else None

    def wait_status(self, key, status, seconds=20):
        """Waits for it; returns the record."""
        try:
            wait_for("status " + status, lambda: self.status(key) == status, seconds)
            return self.record(key)
        except TimeoutError:
            raise TimeoutError("status of %s is %s, not %s: %s" % (
                key, self.status(key), status, json.dumps(self.record(key), indent=1)))

    def events(self, key):
        """The history of an invitation, oldest first."""
        lines = self.cli("-j", "-e", key, check=True).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def welcome(self, recipient=entra.SERVICE, link="{{InvitationLink}}", message_id=None,
                sender=PLATFORM, template=WELCOME):
        """A Welcome mail as text."""
        self.sent += 1
        return template.format(
            sender=sender, recipient=recipient, link=link, date=email.utils.formatdate(),
            message_id=message_id or "welcome-%d.%s@provider.test" % (
                self.sent, os.path.basename(self.folder)))

    def send_welcome(self, recipient=entra.SERVICE, **more):
        self.relay.send(PLATFORM, recipient, self.welcome(recipient, **more).replace("\n", "\r\n"))

    def invite(self, mailbox=entra.SERVICE, upn=None, **more):
        """Sends a Welcome mail and waits for it; returns its Customer."""
        count = len(self.relay.mails(mailbox))
        self.send_welcome(mailbox, **more)
        return Customer(self, link_of(self, self.relay.wait_mail(mailbox, count + 1)),
                        upn or mailbox)

    def customers(self, text):
        """Loads the customers table."""
        path = os.path.join(self.folder, "customers")
        with open(path, "w") as file:
            file.write(text)
        self.cli(path, check=True)

    def new_key(self, kind):
        """Puts a new key before those of a key file; the programs that use it have to reload."""
        path = os.path.join(self.config, kind + ".key")
        owner = os.stat(path)
        os.chown(path, 0, 0)  # the CLI runs as root, and a key file is root's or the reader's own
        self.cli("-k", kind, check=True)
        os.chown(path, owner.st_uid, owner.st_gid)

    def logs(self):
        return "\n".join(daemon.text() for daemon in self.daemons.values() if daemon.child)
