"""Stands in for sendmail(1): submit.py PORT FOLDER -i -f SENDER -- RECIPIENT. Hands standard input to
the relay by SMTP; while FOLDER/refuse exists it says no, as a full disk would."""

import os
import smtplib
import sys

port, folder = sys.argv[1:3]
flags, sender, end, recipient = sys.argv[3:5], sys.argv[5], sys.argv[6], sys.argv[7:]
assert flags == ["-i", "-f"] and end == "--" and len(recipient) == 1, sys.argv
assert sorted(os.listdir("/proc/self/fd"))[:3] == ["0", "1", "2"]
assert len(os.listdir("/proc/self/fd")) <= 4, "a descriptor of tokend's was left open"
message = sys.stdin.buffer.read()
if os.path.exists(os.path.join(folder, "refuse")):
    sys.exit("no space left in the queue")
assert b"\r" not in message
with smtplib.SMTP("127.0.0.1", int(port), timeout=20) as smtp:
    smtp.sendmail(sender, recipient, message.replace(b"\n", b"\r\n"))
