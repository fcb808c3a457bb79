"""Byte for byte what a real Postfix delivers of a Welcome mail: all but the link, and the fields that it makes wrong, is as it
was sent."""

import base64
import re

import pytest

from harness.site import PLATFORM, Site
from harness.watch import running


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "milter"), welcome_subject="^Welcome", link_fallback="append",
                      unsignable_action="pass")) as started:
        yield started


# Fields as programs write them: order, case, folding, blanks, doubles, 8-bit bytes.
HEAD = b"""\
X-First: 1
from: =?utf-8?q?Provider_Voice?=
\t<platform@provider.test>
TO:service@there.test
Subject:  Welcome
 to  Provider Voice\x20
x-dup: a
X-Empty:
X-Dup: b\x20\x20
X-Raw: Gr\xc3\xbc\xc3\x9fe \xff
Message-Id: <%s@provider.test>
Date: Thu, 26 Nov 2026 01:00:00 +0000 (UTC)
ARC-Seal: i=1; a=rsa-sha256; d=provider.test; s=x; cv=none;
 b=AAAA
"""
STALE = b"""\
Content-Length: 99
lines: 3
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==
"""
LONG = b"y" * 990

# label: what follows the head, with @ for the link
BODIES = {
    "no MIME": b"\nOpen @ now\n.\n..\n.dot\nFrom here\n\n \ttrailing \t\n\n\n",
    "no end of line": b"Mime-Version: 1.0 (x)\nContent-type: Text/PLAIN\n\nOpen @",
    "8bit": b"MIME-Version: 1.0\nCONTENT-TYPE: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8BIT\n\n"
            b"Gr\xfc\xdfe @ \xe4\n",
    "long lines around": b"\n" + LONG + b"\n@\n" + LONG + b"\n",
    "preamble, epilogue, odd boundaries": (
        b"MIME-Version: 1.0\nContent-Type: multipart/mixed;\n\tboundary=\"=_a'()+_,-./:=?\"\n\n"
        b"pre {{x}}\n--=_a'()+_,-./:=?  \t\nContent-Type: multipart/alternative; boundary=b\n\n"
        b"--b\n\nplain @\n--b \nX-Part:  odd \nContent-Type: text/html\nContent-Transfer-Encoding: Quoted-Printable\n\n"
        b"<p>=\n@\n</p>=20\nend =\n--b--\nbetween\n"
        b"--=_a'()+_,-./:=?\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n"
        b"AAA\nAAAAAAAAAA==\n=AA=\n\n"
        b"--=_a'()+_,-./:=?\nContent-Type: message/rfc822\n\nSubject: Welcome\n\nOpen {{InvitationLink}}\n\n"
        b"--=_a'()+_,-./:=?\nContent-Type: text/plain\nContent-Disposition: attachment\n\n{{InvitationLink}}\n"
        b"--=_a'()+_,-./:=?\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nURL:{{InvitationLink}}\n"
        b"--=_a'()+_,-./:=?--\nepilogue {{InvitationLink}}\n\n"),
    "no last boundary": b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n@\n--b\nContent-Type: image/png\n\nx",
}


def links(body, link):
    return body.replace(b"@", link)


def delivered(site, mailbox, count=1):
    """Without what relays and mailboxes put before it."""
    raw = site.relay.wait_mail(mailbox, count)
    return raw[raw.index(b"X-First:"):]


@pytest.mark.parametrize("stale", [b"", STALE], ids=["", "stale"])
@pytest.mark.parametrize("label", BODIES)
def test_all_but_the_link_is_as_it_was(site, label, stale):
    name = "exact%d%d" % (list(BODIES).index(label), bool(stale))
    mailbox = name + "@there.test"
    head = HEAD % name.encode()
    sent = head + stale + links(BODIES[label], b"{{InvitationLink}}")
    site.relay.send(PLATFORM, mailbox, sent.replace(b"\n", b"\r\n"), ["BODY=8BITMIME"])
    link = site.record(mailbox)["auth_url"].encode()
    want = head + links(BODIES[label], link)
    if not want.endswith(b"\n"):
        want += b"\n"  # SMTP has lines only
    assert delivered(site, mailbox) == want


PROTECTED = {
    "S/MIME as a file": b"MIME-Version: 1.0\nContent-Type: application/octet-stream; name=smime.p7m\n"
                        b"Content-Transfer-Encoding: base64\n\nAAAA\n",
    "PGP/MIME": b"MIME-Version: 1.0\nContent-Type: multipart/encrypted; boundary=b; protocol=\"application/pgp-encrypted\"\n\n"
                b"--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\n\nx\n--b--\n",
    "PGP": b"\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{{InvitationLink}}\n",
}


@pytest.mark.parametrize("label", PROTECTED)
def test_what_is_protected_passes_as_it_was(site, label):
    site.watch.announce("action=passed reason=.signed or encrypted")
    name = "protected%d" % list(PROTECTED).index(label)
    sent = HEAD % name.encode() + PROTECTED[label]
    site.relay.send(PLATFORM, name + "@there.test", sent.replace(b"\n", b"\r\n"), ["BODY=8BITMIME"])
    assert delivered(site, name + "@there.test") == sent
    assert site.record(name + "@there.test") is None


def test_the_encoding_of_a_whole_mail_changes_in_its_place(site):
    """Only where a line would become too long."""
    line = b"z" * 985 + b"{{InvitationLink}}"
    head = HEAD % b"recoded"
    mime = b"MIME-Version: 1.0\nContent-Transfer-Encoding: 7bit\nX-Between: 1\nContent-Type: text/plain\n"
    site.relay.send(PLATFORM, "recoded@there.test", (head + mime + b"\n" + line + b"\n").replace(b"\n", b"\r\n"))
    got, _, body = delivered(site, "recoded@there.test").partition(b"\n\n")
    assert got + b"\n" == head + mime.replace(b"7bit", b"quoted-printable")
    link = site.record("recoded@there.test")["auth_url"].encode()
    assert body.replace(b"=\n", b"").replace(b"=3D", b"=") == line.replace(b"{{InvitationLink}}", link) + b"\n"
    assert max(map(len, body.splitlines())) <= 76


def test_base64_stays_base64(site):
    text = "Grüße {{InvitationLink}} は\n"
    head = HEAD % b"base64" + b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-16\n" \
        b"Content-Transfer-Encoding: base64\n\n"
    site.relay.send(PLATFORM, "base64@there.test", (head + base64.encodebytes(text.encode("utf-16"))).replace(b"\n", b"\r\n"))
    got = delivered(site, "base64@there.test")
    assert got.startswith(head)
    link = site.record("base64@there.test")["auth_url"]
    assert base64.b64decode(got[len(head):]).decode("utf-16") == text.replace("{{InvitationLink}}", link)
    assert re.fullmatch(rb"([A-Za-z0-9+/=]{76}\n)*[A-Za-z0-9+/=]{0,76}\n", got[len(head):])
