"""Welcome mails signed with S/MIME, as openssl and a mail program's library see what a real Postfix delivers; and
the DKIM signatures that the link breaks."""

import base64
import email
import email.policy
import itertools
import os
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

import dkim
import pytest

from harness import load
from harness.authority import sign_dated
from harness.mime import HTML, PLAIN, ascii_only, part, texts
from harness.process import free_port, program, wait_for
from harness.relay import parse
from harness.sink import Sink
from harness.site import PLATFORM, Site
from harness.watch import running

ATTACHED = "From: a@b.test\nSubject: Grüße\nContent-Type: text/plain; charset=utf-8\n" \
           "Content-Transfer-Encoding: 8bit\n\nGrüße\n"

HEAD = """\
From: Provider Voice <{sender}>
To: <{recipient}>
Subject: Welcome
Message-ID: <{message_id}>
Date: {date}
MIME-Version: 1.0
"""


CA = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")


def openssl(*arguments, input=None):
    return subprocess.run(["openssl", *arguments], input=input, capture_output=True, check=True)


class Authority:
    """A certificate authority in a folder, with an intermediate."""

    def __init__(self, folder):
        self.folder = folder
        self.make("root", None, 400, *CA)
        self.make("middle", "root", 300, *CA)

    def path(self, name):
        return os.path.join(self.folder, name)

    def make(self, name, issuer, days, *extensions):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=%s of a test" % name,
                "-keyout", self.path(name + ".key"), "-out", self.path(name + ".csr"))
        with open(self.path(name + ".ext"), "w") as file:
            file.write("\n".join(extensions) + "\n")
        sign = ["-signkey", self.path(name + ".key")] if issuer is None else [
            "-CA", self.path(issuer + ".pem"), "-CAkey", self.path(issuer + ".key"),
            "-CAcreateserial"]
        openssl("x509", "-req", "-in", self.path(name + ".csr"), *sign, "-days", str(days),
                "-extfile", self.path(name + ".ext"), "-out", self.path(name + ".pem"))

    def signer(self, name, days=200, address=PLATFORM, begin=None, usage="emailProtection"):
        """Files (certificate and chain, key) for that address."""
        self.make(name, "middle", 1 if begin is not None else days, "keyUsage=digitalSignature",
                  "extendedKeyUsage=" + usage, "subjectAltName=email:" + address)
        if begin is not None:
            sign_dated(self.folder, (self.path("middle.pem"), self.path("middle.key")),
                       self.path(name + ".csr"), self.path(name + ".pem"), (begin, days))
        with open(self.path(name + "-chain.pem"), "w") as chain:
            for part in (name, "middle"):
                with open(self.path(part + ".pem")) as file:
                    chain.write(file.read())
        shutil.chown(self.path(name + ".key"), "nobody")
        os.chmod(self.path(name + ".key"), 0o600)
        return self.path(name + "-chain.pem"), self.path(name + ".key")


@pytest.fixture(scope="module")
def authority():
    folder = tempfile.mkdtemp(prefix="postinvite.", dir="/tmp")
    os.chmod(folder, 0o755)  # the milter's user reads from here
    yield Authority(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def sink():
    with Sink() as started:
        yield started


@pytest.fixture(scope="module")
def site(authority, sink):
    site = Site(bounce_address="bounce@invite.test", welcome_subject="^Welcome", link_fallback="append")
    use(site, *authority.signer("platform"))
    site.relay.configure(transport_maps="inline:{ { sink.test = smtp:[127.0.0.1]:%d } }" % sink.port)
    with running(site) as started:
        yield started


FORMS = {
    "8bit plain": part("plain", PLAIN, "8bit"),
    "7bit plain": part("plain", ascii_only(PLAIN), "7bit", "us-ascii"),
    "base64 html": part("html", HTML, "base64"),
    "no header": b"\n" + ascii_only(PLAIN).encode(),
    "long lines": part("plain", "x" * 2000 + "\n" + PLAIN, "8bit"),
    "dots and blanks": part("plain", ".\n..\nFrom me  \n\t\n" + ascii_only(PLAIN), "7bit"),
    "an attachment in one line": (
        b'Content-Type: multipart/mixed; boundary="m"\n\n--m\n' + part("plain", PLAIN, "8bit") +
        b"\n--m\nContent-Type: application/octet-stream; name=x\n"
        b"Content-Transfer-Encoding: base64\n\n" + base64.b64encode(b"x" * 3000) + b"\n--m--\n"),
    "appended": part("plain", "Grüße\n", "8bit"),
    "no end of line": part("plain", PLAIN.rstrip("\n"), "8bit"),
    "alternative in mixed": (
        b'Content-Type: multipart/mixed; boundary="m"\nContent-Transfer-Encoding: 8bit\n'
        b"Content-Language: de\n\nGr\xc3\xbc\xc3\x9fe\n--m\n"
        b'Content-Type: multipart/alternative; boundary="a"\n\n--a\n' + part("plain", PLAIN, "8bit") +
        b"\n--a\n" + part("html", HTML, "8bit") +
        b"\n--a--\n--m\nContent-Type: application/octet-stream; name=x\n"
        b"Content-Transfer-Encoding: binary\n\n\xff\xfe\x01\n--m\n"
        b"Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\n" +
        ATTACHED.encode() + b"\n--m--\nthe end\n"),
}


def send(site, mailbox, body, fields=b""):
    head = site.welcome(mailbox, template=HEAD).encode()
    message = head + fields + body
    site.relay.send(PLATFORM, mailbox, message.replace(b"\n", b"\r\n"), ["BODY=8BITMIME"])
    return message


def verify(authority, raw, trusted="root"):
    """What openssl says: the signed content, and the signer's certificate."""
    given, signer = os.path.join(authority.folder, "mail"), os.path.join(authority.folder, "signer")
    with open(given, "wb") as file:
        file.write(raw)
    # cms -verify wants a message that begins with its MIME fields: it reads any header.
    result = openssl("cms", "-verify", "-in", given, "-CAfile", authority.path(trusted + ".pem"),
                     "-purpose", "smimesign", "-signer", signer)
    return result.stdout, openssl("x509", "-in", signer, "-noout", "-email").stdout.decode()


def check(site, authority, raw):
    """Verifies it, and returns what a mail program's library shows, without the signature."""
    content, signer = verify(authority, raw)
    assert signer.strip() == PLATFORM
    message = parse(raw)
    assert message.get_content_type() == "multipart/signed" and message["MIME-Version"] == "1.0"
    assert message.get_param("protocol") == "application/pkcs7-signature"
    assert message.get_param("micalg") == "sha-256"
    assert not message.defects and len(message.get_all("Content-Type")) == 1
    assert [name for name in message.keys() if name.lower().startswith("content-")] == \
        ["Content-Type"]
    shown, signature = message.iter_parts()
    assert signature.get_content_type() == "application/pkcs7-signature"
    assert signature.get_filename() == "smime.p7s"
    certificates = openssl("pkcs7", "-inform", "DER", "-print_certs", "-noout",
                           input=signature.get_content()).stdout.decode()
    assert "platform of a test" in certificates and "middle of a test" in certificates
    assert not shown.defects
    assert all(len(line) <= 998 for line in raw.splitlines())
    assert content
    return shown


@pytest.mark.parametrize("label", FORMS)
@pytest.mark.parametrize("way", ["mailbox", "host without extensions"])
def test_the_signature_holds(site, authority, sink, label, way):
    number = list(FORMS).index(label)
    if way == "mailbox":
        mailbox = "service@form%d.test" % number
        send(site, mailbox, FORMS[label])
        raw = site.relay.wait_mail(mailbox)
    else:
        mailbox = "service%d@sink.test" % number
        send(site, mailbox, FORMS[label])
        raw = sink.mails(mailbox)[0].replace(b"\r\n", b"\n")
    shown = check(site, authority, raw)
    # What some hosts do to lines, mailboxes of mbox format among them.
    verify(authority, re.sub(rb"(?m)[ \t]+$", b"", re.sub(rb"(?m)^From ", b">From ", raw)))
    link = site.record(mailbox)["auth_url"]
    found = texts(shown)
    assert sum(link in text for text in found) == (2 if label.startswith("alternative") else 1)
    assert "{{" not in "".join(found)
    if label == "alternative in mixed":
        leaves = {leaf.get_content_type(): leaf for leaf in shown.walk() if not leaf.is_multipart()}
        assert leaves["application/octet-stream"].get_payload(decode=True) == b"\xff\xfe\x01"
        assert any(text == "Grüße\n" or text == "Grüße" for text in found)
        assert shown["Content-Language"] == "de"
    if label == "an attachment in one line":
        assert list(shown.iter_attachments())[0].get_content() == b"x" * 3000
    if label == "dots and blanks":
        assert ".\n..\nFrom me  \n\t\n" in found[0]


def test_a_changed_mail_fails(site, authority):
    send(site, "service@changed.test", FORMS["7bit plain"])
    raw = site.relay.wait_mail("service@changed.test")
    check(site, authority, raw)
    with pytest.raises(subprocess.CalledProcessError):
        verify(authority, raw.replace(b"please open", b"please  open"))
    authority.make("stranger", None, 100, *CA)
    with pytest.raises(subprocess.CalledProcessError):
        verify(authority, raw, trusted="stranger")


def test_a_large_mail_takes_little_memory(authority):
    """Its attachment, sent as 8bit, has to be base64 before it is signed."""
    site = Site(daemons=("store", "milter"))
    use(site, *authority.signer("platform"))
    with running(site):
        mailbox, data = "service@large.test", (b"\xe4" * 70 + b"\n") * 150000
        before = load.memory(site.daemons["milter"], "VmHWM")
        sent = send(site, mailbox, b'Content-Type: multipart/mixed; boundary="m"\n\n--m\n' + FORMS["7bit plain"] +
                    b"\n--m\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: 8bit\n\n" + data +
                    b"\n--m--\n")
        shown = check(site, authority, site.relay.wait_mail(mailbox, 1, 60))
        attached = list(shown.iter_attachments())[0]
        assert attached["Content-Transfer-Encoding"] == "base64"
        assert attached.get_content() == data.replace(b"\n", b"\r\n")
        assert load.memory(site.daemons["milter"], "VmHWM") - before < 3 * len(sent) / 2**20


def test_a_second_pass_changes_nothing(site, authority):
    send(site, "service@twice.test", FORMS["alternative in mixed"])
    raw = site.relay.wait_mail("service@twice.test")
    message = raw[raw.index(b"From:"):]
    site.relay.send(PLATFORM, "service@twice.test", message.replace(b"\n", b"\r\n"))
    again = site.relay.wait_mail("service@twice.test", 2)
    assert again[again.index(b"From:"):] == message
    assert site.record("service@twice.test")["email_sent_count"] == 1


def test_mail_signed_by_the_platform_is_refused(site, authority):
    site.watch.announce("action=rejected reason=.*signed or encrypted")
    signed = openssl("cms", "-sign", "-signer", authority.path("platform.pem"),
                     "-inkey", authority.path("platform.key"), "-md", "sha256",
                     input=b"Content-Type: text/plain\r\n\r\n{{InvitationLink}}\r\n").stdout
    head = site.welcome("service@own.test", template=HEAD).replace("MIME-Version: 1.0\n", "")
    with pytest.raises(Exception, match="5.6.0"):
        site.relay.send(PLATFORM, "service@own.test",
                        head.replace("\n", "\r\n").encode() + signed)


LONG = b"x" * 1200
UNSIGNABLE = {
    "before the parts": b'Content-Type: multipart/mixed; boundary="m"\n\n' + LONG + b"\n--m\n" + FORMS["7bit plain"] + b"\n--m--\n",
    "in an unknown encoding": b'Content-Type: multipart/mixed; boundary="m"\n\n--m\n' + FORMS["7bit plain"] +
                              b"\n--m\nContent-Transfer-Encoding: x-uuencode\n\n" + LONG + b"\n--m--\n",
}


@pytest.mark.parametrize("label", UNSIGNABLE)
def test_what_cannot_be_signed_does_not_count(site, label):
    site.watch.announce("welcome recipient=.* action=rejected reason=.*line above 998 bytes outside")
    mailbox = "service@unsignable%d.test" % list(UNSIGNABLE).index(label)
    for _ in range(2):
        with pytest.raises(Exception, match="5.6.0.*line above 998 bytes outside of its parts"):
            send(site, mailbox, UNSIGNABLE[label])
    assert site.cli("-q", mailbox).returncode == 1, "there is no invitation"
    send(site, mailbox, FORMS["7bit plain"])
    site.relay.wait_mail(mailbox)
    with pytest.raises(Exception, match="5.6.0"):
        send(site, mailbox, UNSIGNABLE[label])
    assert site.record(mailbox)["email_sent_count"] == 1


def test_other_mail_is_not_signed(site):
    site.relay.send(PLATFORM, "clerk@there.test", "Subject: Bill\r\n\r\nx\r\n")
    assert b"multipart" not in site.relay.wait_mail("clerk@there.test")


def milter_says(site, *overrides):
    options = [word for override in overrides for word in ("-o", override)]
    result = subprocess.run([program("postinvite-milter"), "-t", "-c", site.config, *options],
                            capture_output=True, text=True, timeout=30)
    return result.returncode, result.stderr + result.stdout


@pytest.mark.parametrize("days,begin,address,words", [
    (200, None, PLATFORM, None), (31, None, PLATFORM, None),
    (29, None, PLATFORM, "smime_cert_file .* expires at .* in 2[89] days"),
    (-1, -9, PLATFORM, "smime_cert_file .* has expired at"),
    (200, 1, PLATFORM, "smime_cert_file .* is not valid before"),
    (200, None, "other@provider.test", "names no address of welcome_senders")])
def test_what_is_warned_of(site, authority, days, begin, address, words):
    chain, key = authority.signer("warned", days, address, begin)
    status, said = milter_says(site, "smime_cert_file=" + chain, "smime_key_file=" + key)
    assert status == 0, said
    assert re.search(words, said) if words else "smime" not in said, said


def use(site, chain, key):
    """Makes these the milter's, in the configuration; returns what that was."""
    config = site.read_config()
    for path in (chain, key):
        shutil.copy(path, site.config)
    own = os.path.join(site.config, os.path.basename(key))
    shutil.chown(own, "nobody")
    kept = [line for line in config.splitlines() if not line.startswith("smime_")]
    site.write_config("\n".join(kept + ["smime_cert_file = $config_directory/" + os.path.basename(chain),
                                        "smime_key_file = " + own]) + "\n")
    return config


def answer(port, path):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.read().decode()


@pytest.mark.parametrize("days,state,number,words", [
    (31, "ok", 0, "smime_cert_file is valid until"), (29, "warn", 1, "put a new one there and reload"),
    (-1, "fail", 2, "has expired at")])
def test_health_and_metrics(authority, days, state, number, words):
    port = free_port()
    site = Site(relay=False, daemons=("store", "milter", "admin"), metrics_listen="inet:127.0.0.1:%d" % port)
    use(site, *authority.signer("ends", days, begin=days - 60))
    with running(site):
        site.watch.announce("smime_cert_file", "tokend")
        line = wait_for("the milter's report", lambda: re.search(
            "^.*smime_certificate.*$", answer(port, "/healthz"), re.M), 30).group(0)
        assert state in line and words in line
        assert wait_for("the metric", lambda: re.search(
            r'^postinvite_health\{part="smime_certificate"\} (\d)$', answer(port, "/metrics"), re.M)).group(1) == str(number)


def test_what_is_refused(site, authority):
    chain, key = authority.signer("warned")
    other = authority.signer("another")[1]
    server = authority.signer("server", usage="serverAuth")
    locked = authority.path("locked.key")
    openssl("rsa", "-in", key, "-aes256", "-passout", "pass:secret", "-out", locked)
    shutil.chown(locked, "nobody")
    for overrides, words in (
            (["smime_key_file="], "smime_cert_file and smime_key_file go together"),
            (["smime_cert_file=" + chain, "smime_key_file=" + other], "is not the key of"),
            (["smime_cert_file=/nonexistent"], "smime_cert_file, smime_key_file: open"),
            (["smime_cert_file=" + server[0], "smime_key_file=" + server[1]], "not one for signing mail"),
            (["smime_cert_file=" + chain, "smime_key_file=" + locked], "without a passphrase")):
        status, said = milter_says(site, *overrides)
        assert status == 78 and words in said, said


def signed_by(site, authority, mailbox):
    """The subject of the certificate that a mail is signed with."""
    send(site, mailbox, FORMS["7bit plain"])
    verify(authority, site.relay.wait_mail(mailbox))
    return openssl("x509", "-in", authority.path("signer"), "-noout", "-subject").stdout.decode()


def test_a_renewed_certificate_is_taken_at_a_reload(site, authority):
    config = use(site, *authority.signer("renewed"))
    site.daemons["milter"].signal(signal.SIGHUP)
    numbers = itertools.count()
    wait_for("the new certificate", lambda: "renewed" in signed_by(
        site, authority, "service@renewed%d.test" % next(numbers)))
    site.write_config(config)
    site.daemons["milter"].signal(signal.SIGHUP)
    wait_for("the old one", lambda: "platform" in signed_by(
        site, authority, "service@renewed%d.test" % next(numbers)))


def test_a_bad_certificate_is_not_taken_at_a_reload(site, authority):
    config = use(site, authority.signer("bad")[0], authority.signer("else")[1])
    site.watch.announce("reload refused", "is not the key of the first certificate")
    milter = site.daemons["milter"]
    before = len(milter.logged(0))
    milter.signal(signal.SIGHUP)
    wait_for("the refusal", lambda: b"reload refused" in milter.logged(before))
    assert "platform" in signed_by(site, authority, "service@bad.test")
    site.write_config(config)
    milter.signal(signal.SIGHUP)
    wait_for("the reload", lambda: b"reloaded" in milter.logged(before))


KEYS = {}


def dkim_sign(message, domain):
    """A DKIM-Signature field for the message by that domain."""
    if not KEYS:
        KEYS["private"] = openssl("genrsa", "-traditional", "2048").stdout
        public = openssl("rsa", "-pubout", "-outform", "DER", input=KEYS["private"]).stdout
        KEYS["record"] = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    return dkim.sign(message, b"s", domain.encode(), KEYS["private"],
                     include_headers=[b"From", b"To", b"Subject", b"Content-Type"])


def dkim_domains(raw):
    """{domain: does its signature hold?} of a mail."""
    found = {}
    verifier = dkim.DKIM(raw)
    for index, value in enumerate(email.message_from_bytes(raw).get_all("DKIM-Signature", [])):
        domain = re.search(r"\bd=\s*([^;\s]+)", value).group(1)
        try:
            found[domain] = verifier.verify(index, dnsfunc=lambda *_, **__: KEYS["record"])
        except dkim.ValidationError:
            found[domain] = False
    return found


@pytest.mark.parametrize("strip", ["yes", "no"])
def test_broken_signatures_of_the_sender(authority, strip):
    """Those of other domains, which are as broken, are not ours to take away."""
    with running(Site(strip_broken_dkim=strip, daemons=("store", "milter"))) as site:
        mailbox = "service@dkim.test"
        message = (site.welcome(mailbox, template=HEAD).encode() +
                   FORMS["7bit plain"]).replace(b"\n", b"\r\n")
        signed = message
        for domain in ("provider.test", "esp.test", "provider.test"):
            signed = dkim_sign(message, domain) + signed
        assert dkim_domains(signed) == {"provider.test": True, "esp.test": True}
        site.relay.send(PLATFORM, mailbox, signed)
        got = dkim_domains(site.relay.wait_mail(mailbox))
        assert got == ({"esp.test": False} if strip == "yes" else
                       {"provider.test": False, "esp.test": False})
        unrelated = message.replace(b"{{InvitationLink}}", b"nothing")
        site.relay.send(PLATFORM, "bob@there.test", dkim_sign(unrelated, "provider.test") + unrelated)
        assert dkim_domains(site.relay.wait_mail("bob@there.test")) == {"provider.test": True}
