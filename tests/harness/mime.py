"""Text parts: as a mail is made of them, and as a mail program shows them."""

import base64
import quopri

PLAIN = "Dear Administrator of Käufer GmbH,\n\nplease open this link:\n{{InvitationLink}}\n"
HTML = '<html><body><p>Dear Käufer</p><a href="{{InvitationLink}}">activate</a></body></html>\n'


def part(kind, text, encoding, charset="utf-8"):
    """text/kind in that encoding and charset: header fields, empty line, content."""
    data = text.encode(charset)
    coded = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}.get(
        encoding, lambda plain: plain)(data)
    return ("Content-Type: text/%s; charset=%s\nContent-Transfer-Encoding: %s\n\n" % (
        kind, charset, encoding)).encode() + coded


def ascii_only(text):
    return text.replace("ä", "ae")


def texts(message):
    """The decoded text parts of a message (harness.relay.parse), or of a part of one."""
    return [leaf.get_content() for leaf in message.walk()
            if leaf.get_content_maintype() == "text"]
