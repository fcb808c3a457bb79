"""The main job, shown: a Welcome mail goes in at a private relay, and at the end there is a
sealed, verified token. On a terminal everything stays up afterwards, to be tried by hand."""

import os
import signal
import smtplib
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import entra  # noqa: E402
from harness.journey import Customer, code_of, link_of, review  # noqa: E402
from harness.operator_proxy import OperatorProxy  # noqa: E402
from harness.process import program  # noqa: E402
from harness.relay import parse  # noqa: E402
from harness.site import PLATFORM, Site  # noqa: E402

BEGIN = time.monotonic()


def say(text=""):
    print("%6.1f s  %s" % (time.monotonic() - BEGIN, text) if text else "", flush=True)


class Follower:
    """postinvite -f beside the story: prints each event with the status it led to."""

    def __init__(self, site):
        self.child = subprocess.Popen([program("postinvite"), "-c", site.config, "-f"],
                                      stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        for line in self.child.stdout:
            say("    | " + line.rstrip().replace("\t", "  "))

    def stop(self):
        self.child.send_signal(signal.SIGINT)
        self.child.wait(10)
        self.thread.join(5)


def show_mail(raw):
    message = parse(raw)
    for name in ("From", "To", "Subject"):
        print("            %s: %s" % (name, message[name]))
    print()
    for line in message.get_body(("plain",)).get_content().splitlines():
        print("            " + line)


def follow_link(customer):
    """Opens the link and presses the button; returns the code that the page shows."""
    page = customer.page()
    say("the customer opens the link: \"%s\"" % page.text[:80])
    page = customer.browser.submit(page, "/start")
    code = code_of(page)
    say("and presses Start authentication. The page shows the code %s" % code)
    return code


def try_as_stranger(site, recipient):
    """Another host claims the platform's address; returns what it is told."""
    try:
        site.relay.send(PLATFORM, recipient, site.welcome(recipient), source="127.0.0.2")
    except smtplib.SMTPRecipientsRefused as refused:
        return b"%d %s" % refused.recipients[recipient]
    raise RuntimeError("a stranger was let in")


def story(site):
    recipient = entra.SERVICE
    say("a stranger sends in the platform's name, and is told")
    say("    \"%s\"" % try_as_stranger(site, recipient).decode())
    say("the platform sends a Welcome mail to %s" % recipient)
    site.send_welcome(recipient)
    raw = site.relay.wait_mail(recipient)
    say("as delivered:")
    show_mail(raw)
    site.wait_status(recipient, "email_sent")

    customer = Customer(site, link_of(site, raw))
    code = follow_link(customer)
    page = customer.enter(code)
    say("at Microsoft they enter it, sign in and ask for approval: \"%s\"" % page.text[:80])
    site.wait_status(recipient, "consent_requested")
    review(site)
    say("the administrator approves; Microsoft mails a confirmation through the relay")
    site.wait_status(recipient, "consent_granted")
    page = customer.enter(code)
    say("the customer enters the code once more: \"%s\"" % page.text[:80])
    site.wait_status(recipient, "device_authenticated")

    say("first connection: the customer presses \"Click here to continue\" and signs in")
    page = customer.confirm()
    say("the wizard: \"%s\"" % page.text[:80])
    site.wait_status(recipient, "authentication_complete")
    say("status: authentication_complete")
    print("\n            postinvite -e %s" % recipient)
    for line in site.cli("-e", recipient, check=True).stdout.splitlines():
        print("            " + line.replace("\t", "  "))
    print()


def stay(site, url):
    print("""Everything stays up until Ctrl-C. To try by hand:

  mails as delivered     %s/mail/all/new/
  sign-in page           %s/device   (its certificate is its own)
                         accounts %s, %s; password: %s
  consent requests       %s/consent-requests   (as %s)
  operator's pages       %s/
  the CLI                %s -c %s -s
  logs                   %s/*.log

Enter sends a Welcome mail to second@customer.test and shows its link.
""" % (site.folder, site.entra.url, entra.SERVICE, "second@customer.test", entra.PASSWORD,
       site.entra.url, entra.ADMIN, url, program("postinvite"), site.config, site.folder), flush=True)
    for _ in sys.stdin:
        print(site.invite("second@customer.test").link, flush=True)


def interrupt(number, frame):
    raise KeyboardInterrupt


def main():
    if os.geteuid() != 0:
        sys.exit("make demo needs root: a private Postfix changes users")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    site = follower = None
    status = 1
    try:
        site = Site(admin_user_header="X-Remote-User", admin_subjects="ada:operate")
        say("a private relay, the daemons and a simulator of Microsoft Entra start in %s" %
            site.folder)
        site.start()
        follower = Follower(site)
        story(site)
        status = 0
        if sys.stdin.isatty() and sys.stdout.isatty():
            with OperatorProxy(site) as proxy:
                stay(site, proxy.url)
    except KeyboardInterrupt:
        say("interrupted")
        status = 130 if status else 0
    except Exception as fault:
        if site:
            print(site.logs() + site.relay.log(), file=sys.stderr)
        say("failed: %s" % fault)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if follower:
            follower.stop()
        if site:
            try:
                site.stop()
            finally:
                site.remove()
    say("stopped, nothing is left behind")
    sys.exit(status)


if __name__ == "__main__":
    main()
