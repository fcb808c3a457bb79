"""A private Postfix: own configuration, queue, port and mailboxes in one folder; the machine's
own mail system is not touched."""

import contextlib
import email
import email.policy
import os
import pwd
import re
import smtplib
import subprocess

from .process import free_port, wait_for

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.provider.test
mydestination =
local_recipient_maps =
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = {policy}permit_mynetworks, reject
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
strict_rfc821_envelopes = no
virtual_mailbox_domains = regexp:{folder}/conf/domains
virtual_mailbox_maps = regexp:{folder}/conf/mailboxes
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_mailbox_limit = 0
message_size_limit = 50000000
smtpd_reject_unlisted_recipient = no
default_transport = error:no such domain in this test
smtpd_delay_reject = yes
minimal_backoff_time = 2s
maximal_backoff_time = 4s
queue_run_delay = 2s

# What a relay with postinvite adds (README.md says why):
smtpd_milters = unix:postinvite/milter
non_smtpd_milters = unix:postinvite/milter
milter_default_action = tempfail
milter_connect_timeout = 5s
internal_mail_filter_classes = bounce
smtpd_command_filter = pcre_or_regexp:{folder}/conf/command_filter
"""

POLICY = "check_policy_service { unix:postinvite/policy, default_action=DUNNO, timeout=10s }, "

MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Relay:
    """Accepts mail on 127.0.0.1:port and delivers that for *.test to one maildir,
    folder/mail/all/, where Delivered-To: names the mailbox (virtual(8) takes no path out of an
    address). Users whose name begins with "gone" do not exist: their mail bounces."""

    def __init__(self, folder, policy=False):
        self.folder = folder
        self.port = free_port()
        self.running = False
        self._mails, self._read = {}, set()
        user = pwd.getpwnam("nobody")
        self._make_folders(user)
        self._write("domains", "/\\.test$/ OK\n")
        self._write("mailboxes", "if !/^gone/\n/./ all/\nendif\n")
        self._write("command_filter",
                    "/^(RCPT[ \t]+TO:[ \t]*<[^>]*@customer[a-z0-9]*\\.test>)[ \t]*$/ "
                    "$1 NOTIFY=SUCCESS,FAILURE,DELAY\n")
        self._write("main.cf", MAIN_CF.format(folder=folder, uid=user.pw_uid, gid=user.pw_gid,
                                             policy=POLICY if policy else "")
                    .replace("pcre_or_regexp", "regexp"))
        self._write("master.cf", MASTER_CF.format(port=self.port))

    def _make_folders(self, user):
        postfix = pwd.getpwnam("postfix")
        for name in ("conf", "queue", "data", "mail"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        os.chown(os.path.join(self.folder, "data"), postfix.pw_uid, postfix.pw_gid)
        os.chown(os.path.join(self.folder, "mail"), user.pw_uid, user.pw_gid)

    def _write(self, name, text):
        with open(os.path.join(self.folder, "conf", name), "w") as file:
            file.write(text)

    def configure(self, **settings):
        """Sets main.cf parameters (postconf -e), before start."""
        conf = os.path.join(self.folder, "conf")
        subprocess.run(["postconf", "-c", conf, "-e"] +
                       ["%s=%s" % item for item in settings.items()], check=True)

    @contextlib.contextmanager
    def configured(self, **settings):
        """With these main.cf parameters, and afterwards as before."""
        with open(os.path.join(self.folder, "conf", "main.cf")) as file:
            before = file.read()
        self.stop()
        self.configure(**settings)
        self.start()
        try:
            yield
        finally:
            self.stop()
            self._write("main.cf", before)
            self.start()

    def _postfix(self, command):
        return subprocess.run(["postfix", "-c", os.path.join(self.folder, "conf"), command],
                              capture_output=True, text=True)

    def start(self):
        self.running = True
        result = self._postfix("start")
        if result.returncode != 0:
            raise RuntimeError("postfix start: " + result.stderr + self.log())
        wait_for("the relay to answer", self._answers)
        return self

    def _answers(self):
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=5):
                return True
        except OSError:
            return False

    def stop(self):
        if self.running:
            self._postfix("stop")
            self.running = False

    def reload(self):
        """Has it read main.cf again, as it is now."""
        result = self._postfix("reload")
        if result.returncode != 0:
            raise RuntimeError("postfix reload: " + result.stderr)

    def send(self, sender, recipients, message, mail_options=(), source="127.0.0.1"):
        """Submits by SMTP, from that address; raises smtplib's exceptions with the relay's words."""
        if isinstance(recipients, str):
            recipients = [recipients]
        if isinstance(message, str):
            message = message.encode()
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60, source_address=(source, 0)) as smtp:
            return smtp.sendmail(sender, recipients, message, mail_options)

    def answer(self, sender, recipients, message):
        """Submits, and returns 250, or the code and enhanced status of the refusal: "550 5.1.1"."""
        try:
            self.send(sender, recipients, message)
            return 250
        except smtplib.SMTPRecipientsRefused as refused:
            code, words = next(iter(refused.recipients.values()))
        except smtplib.SMTPResponseException as refused:
            code, words = refused.smtp_code, refused.smtp_error
        return "%d %s" % (code, words.decode().split()[0])

    def mails(self, address):
        """The raw mails of a mailbox, oldest first."""
        folder = os.path.join(self.folder, "mail", "all", "new")
        names = set(os.listdir(folder)) - self._read if os.path.isdir(folder) else set()
        paths = [os.path.join(folder, name) for name in names]
        for path in sorted(paths, key=os.path.getmtime):
            with open(path, "rb") as file:
                raw = file.read()
            to = re.search(rb"^Delivered-To: (.*)$", raw, re.M).group(1).decode().lower()
            self._mails.setdefault(to, []).append(raw)
        self._read |= names
        return self._mails.get(address.lower(), [])

    def wait_mail(self, address, count=1, seconds=20):
        """Waits for the count-th mail of a mailbox and returns it, raw."""
        return wait_for("mail %d of %s" % (count, address),
                        lambda: self.mails(address)[count - 1:count], seconds)[0]

    def log(self):
        path = os.path.join(self.folder, "mail.log")
        if not os.path.exists(path):
            return ""
        with open(path, errors="replace") as file:
            return file.read()


def parse(raw):
    """A raw mail as an email.message.EmailMessage."""
    return email.message_from_bytes(raw, policy=email.policy.default)
