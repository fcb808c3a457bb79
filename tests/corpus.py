#!/usr/bin/python3
"""Collections of real mail, each message taken for a Welcome mail, for somebody else's mail and for a report on a delivery.

usage: tests/corpus.py FOLDER [--relay N]

FOLDER is no part of the project; without it nothing is done, and that is said. tests/corpus/corpus.c works on each message
and checks it with GMime; here the same is read by Python's email library, which knows nothing of ours, and what each bounce
says itself is compared with what was made of it. Then N messages (all: -1) pass the milter in a real Postfix: as somebody
else's mail, and as Welcome mail. Prints the table; exit status 1 when a row is not whole."""

import argparse
import collections
import email
import email.policy
import html
import os
import re
import smtplib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness.process import free_port, program  # noqa: E402
from harness.site import PLATFORM, Site  # noqa: E402

LINK = "https://invite.example/i/AQEBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"  # as corpus.c has it
APPENDED = "Please follow this link to complete your invitation:"
WORST = ("failed", "delayed", "relayed", "delivered")
ACTIONS = {"failed": "failed", "delayed": "delayed", "relayed": "relayed", "expanded": "relayed",
           "delivered": "delivered"}

# Fields that an edit may remove or change: what sums up the content, and signatures that it breaks (strip_broken_dkim).
MAY_CHANGE = ("content-transfer-encoding", "content-md5", "content-length", "lines", "mime-version", "dkim-signature",
              "domainkey-signature")

# What bounces without an Action field say, where that is not a failure: read by people.
SAYS = {
    r"/arf-": "-",  # complaints
    r"/rfc3834-": "-",  # people's automatic answers
    r"/is-not-bounce-": "-",
    r"bsd/lhost-amazonses-1[13]\.eml": "-",  # JSON for programs: a complaint, a delivery
    r"bsd/lhost-postfix-75\.eml": "-",  # a note to the postmaster about a session
    r"bsd/lhost-fml-03\.eml": "-",  # a mailing list's alert of a loop
    r"/multipart-wo-boundary\.": "failed",
    r"bsd/lhost-exim-41\.eml": "delayed",
    r"bsd/lhost-gmail-(09|17)\.eml": "delayed",
}


class Table:
    def __init__(self):
        self.rows = collections.OrderedDict()
        self.faults = []

    def add(self, row, outcome, fault=None):
        self.rows.setdefault(row, collections.Counter())[outcome] += 1
        if fault:
            self.faults.append("%s: %s" % (row, fault))

    def print(self):
        for row, outcomes in self.rows.items():
            total = sum(outcomes.values())
            bad = outcomes.get("FAULT", 0)
            print("%-52s %5d  %5.1f %%  %s" % (row, total, 100.0 * (total - bad) / total, ", ".join(
                "%d %s" % (count, name) for name, count in outcomes.most_common())))
        for fault in self.faults[:50]:
            print("  " + fault)


def content(part):
    """Decoded; a semicolon behind the encoding's name is none of it, as Python's other policies have it."""
    encoding = str(part.get("Content-Transfer-Encoding", ""))
    if ";" in encoding:
        part.replace_header("Content-Transfer-Encoding", encoding.split(";")[0])
    return part.get_payload(decode=True) or b""


def leaves(message):
    """(the way to it and its type, header fields, content, charset) of each part that holds no others."""
    found = []

    def walk(part, way):
        way = way + (part.get_content_type(),)
        if part.is_multipart():
            for child in part.get_payload():
                walk(child, way)
        else:
            fields = [(name.lower(), value) for name, value in part.items()
                      if name.lower() not in MAY_CHANGE]
            found.append((way, fields, content(part), str(part.get_param("charset", "")).lower()))
    walk(message, ())
    return found


def unwrapped(content, kind, charset):
    """A text without what may be written in several ways."""
    if "utf-7" in charset:
        text = content.decode("utf-7", "replace")
    elif content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = content.decode("utf-16", "replace")
    else:
        text = content.decode("latin-1").replace("\0", "")
    return html.unescape(text) if kind == "text/html" else text


def words_alone(text):
    """Without tags and white space: a placeholder may lie across tags."""
    return re.sub(r"<[^>]*>|\s+", "", text)


def compare_text(way, charset, was, now, word, link):
    was, now = (unwrapped(text, way[-1], charset) for text in (was, now))
    if word is None:
        words = words_alone(now)
        paragraph = words_alone(APPENDED) + link
        return words.count(paragraph) == 1 and words.replace(paragraph, "") == words_alone(was)
    was = re.sub("https?://(?=%s)" % re.escape(word), "", was)  # what an editor may have put before it
    if now.replace(link, word) == was:
        return True
    return words_alone(now).replace(link, word) == words_alone(was)


def compare(was, now, word=None, link=LINK):
    """What differs that must not, or None. The link is in place of the word, or appended."""
    was, now = (leaves(email.message_from_bytes(raw, policy=email.policy.compat32))
                for raw in (was, now))
    if [leaf[:2] for leaf in was] != [leaf[:2] for leaf in now]:
        return "Python's email sees another tree"
    changed = 0
    for (way, _, old, charset), (_, _, new, _) in zip(was, now):
        if old == new:
            continue
        changed += 1
        if not way[-1].startswith("text/") or \
                not compare_text(way, charset, old, new, word, link):
            return "Python's email sees another content of " + " ".join(way)
    return None if changed else "Python's email sees no change"


def defects(raw):
    """What Python's email finds wrong with a message itself, so that it may see anything in it."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    found = []
    for part in message.walk():
        if part.is_multipart() or part.get_payload(decode=True) is not None:
            found += part.defects
        if part.get_content_maintype() == "multipart" and not part.is_multipart():
            found.append("no parts")
        if any(len(part.get_all(name, [])) > 1 for name in ("content-type", "content-transfer-encoding")):
            found.append("doubled fields")
    return found


def says(path, raw):
    for pattern, outcome in SAYS.items():
        if re.search(pattern, path):
            return outcome
    text = "\n".join([raw.decode("latin-1")] + [
        content.decode("latin-1") for _, _, content, _ in leaves(email.message_from_bytes(raw))])
    found = {ACTIONS.get(action.lower()) for action in
             re.findall(r"^Action:[ \t]*([a-z]+)", text, re.I | re.M)} - {None}
    if found and re.search(r"^Final-Recipient:", text, re.I | re.M):
        return next(outcome for outcome in WORST if outcome in found)
    return "failed" if path.startswith("sisimai/") or "/rb-issue" in path else "-"


REASONS = ("signed or encrypted",)  # why a Welcome mail may be refused here (postinvite-milter(8))


def normal(raw):
    """A message as it is sent: lines that end in CRLF."""
    raw = raw if b"\n" in raw else raw.replace(b"\r", b"\n")
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


class Passing:
    """Messages on their way through Postfix: by its own port with the milter, by another one without."""

    def __init__(self, site):
        self.site, self.count = site, 0
        self.plain = free_port()
        with open(os.path.join(site.folder, "conf/master.cf"), "a") as file:
            file.write("127.0.0.1:%d inet n - n - - smtpd -o smtpd_milters=\n" % self.plain)

    def deliver(self, port, sender, raw):
        """What arrives, or the reply that refuses it."""
        self.count += 1
        self.recipient = recipient = "service%d@corpus.test" % self.count
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as smtp:
            try:
                smtp.sendmail(sender, [recipient], raw, ["BODY=8BITMIME"])
            except smtplib.SMTPResponseException as refusal:
                return "%d %s" % (refusal.smtp_code, refusal.smtp_error.decode())
        return self.as_sent(self.site.relay.wait_mail(recipient, seconds=60))

    @staticmethod
    def as_sent(raw):
        """Without what Postfix adds, which is another thing each time."""
        head, _, body = raw.partition(b"\n\n")
        fields = re.split(rb"\n(?![ \t])", head)
        ours = (rb"(return-path|x-original-to|delivered-to|date|from|to):|received:.*by relay\.provider\.test|"
                rb"message-id:.*@relay\.provider\.test")
        return b"\n".join(field for field in fields
                          if not re.match(ours, field, re.I | re.S)) + b"\n\n" + body


def judge_welcome(plain, now, link):
    """(outcome, fault) of a Welcome mail, beside what arrives without us."""
    if isinstance(plain, str):
        return ("Postfix refuses it itself", None if now == plain else "refused otherwise: " + str(now)[:200])
    if isinstance(now, str):
        return ("refused", None if any(reason in now for reason in REASONS) else "refused: " + now)
    if now == plain:
        return ("untouched: no text part", None)
    fault = None if defects(plain) else compare(plain, now, link=link)
    return ("faithful", fault)


def pass_relay(table, folder, paths):
    site = Site(daemons=("store", "milter"), welcome_subject="^", link_fallback="append")
    passing = Passing(site)
    with site:
        for path in paths:
            with open(os.path.join(folder, path), "rb") as file:
                raw = normal(file.read())
            plain = passing.deliver(passing.plain, "ada@elsewhere.test", raw)
            other = passing.deliver(site.relay.port, "ada@elsewhere.test", raw)
            table.add("through Postfix: somebody else's mail", "untouched" if plain == other else "FAULT",
                      None if plain == other else path)
            now = passing.deliver(site.relay.port, PLATFORM, raw)
            link = site.cli("-a", passing.recipient).stdout.strip()
            outcome, fault = judge_welcome(plain, now, link)
            table.add("through Postfix: Welcome mail", "FAULT" if fault else outcome,
                      "%s: %s" % (path, fault) if fault else None)


def relay_sample(mails, size):
    paths = sorted({path for path, *_ in mails})
    if size < 0 or size >= len(paths):
        return paths
    return paths[::max(1, len(paths) // size)] if size else []


def read_lines(folder, out):
    lines = subprocess.run([program("tests/corpus/corpus"), folder + "/", out], check=True,
                           capture_output=True).stdout.decode("utf-8", "surrogateescape")
    split = [line.split("\t") for line in lines.splitlines()]
    return ([line[1:] for line in split if line[0] == "mail"],
            [line[1:] for line in split if line[0] == "report"])


def check_mail(table, out, path, edit, number, word, outcome):
    row = "Welcome mail, the link %s" % ("appended" if edit == "append" else "for a word of its text")
    if outcome != "faithful":
        refused = outcome.startswith("refused: ")
        table.add(row, outcome if refused else "FAULT", None if refused else path + ": " + outcome)
        return
    raw = []
    for suffix in ("in", "out"):
        with open(os.path.join(out, "%s.%s" % (number, suffix)), "rb") as file:
            raw.append(file.read())
    fault = compare(raw[0], raw[1], word if edit == "replace" else None)
    if fault and defects(raw[0]):
        outcome, fault = "faithful (a message that libraries read in different ways)", None
    table.add(row, "FAULT" if fault else outcome,
              "%s (%s, %s): %s" % (path, number, word, fault) if fault else None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--relay", type=int, default=60, help="messages that pass Postfix; -1: all")
    options = parser.parse_args()
    folder = options.folder.rstrip("/")
    if not os.path.isdir(folder):
        print("corpus: there are no collections of mail at %s (make corpus CORPORA=FOLDER)" % folder)
        return 0
    table = Table()
    with tempfile.TemporaryDirectory(prefix="postinvite-corpus.") as out:
        mails, reports = read_lines(folder, out)
        for mail in mails:
            check_mail(table, out, *mail)
    for path, delivery, *_ in reports:
        with open(os.path.join(folder, path), "rb") as file:
            said = says(path, normal(file.read()))
        right = said == delivery
        table.add("report on a delivery", delivery if right else "FAULT", None if right else
                  "%s says %s, read as %s" % (path, said, delivery))
    pass_relay(table, folder, relay_sample(mails, options.relay))
    table.print()
    return 1 if table.faults else 0


if __name__ == "__main__":
    sys.exit(main())
