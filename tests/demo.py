"""The main job, shown: a Welcome mail goes in at a private relay, and at the end there is a
sealed, verified token. On a terminal everything stays up afterwards, to be tried by hand."""

import os
import re
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import entra  # noqa: E402
from harness.browser import Browser  # noqa: E402
from harness.process import program, wait_for  # noqa: E402
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


def start_authentication(browser, link):
    """Opens the link, presses the button, returns the code that the page shows."""
    page = browser.get(link)
    say("the customer opens the link: \"%s\"" % page.text[:60])
    page = browser.submit(page, "/start")
    return re.search(r"\b[A-Z0-9]{4,5}-?[A-Z0-9]{4,5}\b", page.text).group(0)


def story(site):
    recipient = entra.SERVICE
    say("the platform sends a Welcome mail to %s" % recipient)
    site.send_welcome(recipient)
    raw = site.relay.wait_mail(recipient)
    say("as delivered:")
    show_mail(raw)
    link = re.search(re.escape(site.wizard_url) + r"/i/[A-Za-z0-9_-]+", raw.decode()).group(0)
    site.wait_status(recipient, "email_sent")

    browser = Browser()
    code = start_authentication(browser, link)
    say("the customer enters the code %s at %s/device" % (code, site.entra.url))
    say("Microsoft: %s" % site.entra.sign_in(code))
    site.entra.request_approval(code)
    site.wait_status(recipient, "consent_requested")
    say("the administrator approves; Microsoft mails a confirmation through the relay")
    site.entra.decide("approved")
    site.wait_status(recipient, "consent_granted")
    say("the customer signs in once more with the same code: %s" % site.entra.sign_in(code))
    site.wait_status(recipient, "device_authenticated")

    say("first connection: the customer presses \"click here to continue\" and signs in")
    page = browser.submit(browser.get(link), "/confirm")
    while page.forms and page.url.startswith(site.entra.url):
        page = browser.submit(page, **entra.answers(page))
    say("the wizard: \"%s\"" % page.text[:80])
    site.wait_status(recipient, "authentication_complete")
    say("status: authentication_complete")
    print("\n            postinvite -e %s" % recipient)
    for line in site.cli("-e", recipient, check=True).stdout.splitlines():
        print("            " + line.replace("\t", "  "))
    print()


def stay(site):
    print("""Everything stays up until Ctrl-C. To try by hand:

  another Welcome mail   swaks --server 127.0.0.1:%d --from %s \\
                               --to second@customer.test --body 'Open {{InvitationLink}}'
  mail as delivered      %s/mail/customer.test/
  sign-in page           %s/device   (accounts %s, %s; password %s)
  consent requests       %s/consent-requests   (as %s)
  the CLI                %s -c %s -s
  logs                   %s/*.log
""" % (site.relay.port, PLATFORM, site.folder, site.entra.url, entra.SERVICE, entra.ADMIN,
       entra.PASSWORD, site.entra.url, entra.ADMIN, program("postinvite"), site.config, site.folder))
    try:
        signal.pause()
    except KeyboardInterrupt:
        print()


def interrupt(number, frame):
    raise KeyboardInterrupt


def main():
    if os.geteuid() != 0:
        sys.exit("make demo needs root: a private Postfix changes users")
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
    site = Site()
    follower = None
    status = 1
    try:
        say("a private relay, the daemons and a simulator of Microsoft Entra start in " + site.folder)
        site.start()
        follower = Follower(site)
        story(site)
        status = 0
        if sys.stdin.isatty() and sys.stdout.isatty():
            stay(site)
    except KeyboardInterrupt:
        print()
        status = 130
    except Exception as fault:
        print(site.logs(), file=sys.stderr)
        print(site.relay.log(), file=sys.stderr)
        say("failed: %s" % fault)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if follower:
            follower.stop()
        site.stop()
        site.remove()
    if status == 0:
        say("stopped, nothing is left behind")
    sys.exit(status)


if __name__ == "__main__":
    main()
