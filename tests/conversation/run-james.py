#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The scripts of Apache James in ../shared/testdata/james-mpt: those that a
conforming server of another make passes, one case each.

Of the others, most are bound to James's words, its "." between names or its
extensions; those that we pass beside the peer are in ALSO.  Where names or
replies show the separator of hierarchies, the script is played with ours."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import server as server_module
import tap
from server import Server, tls_only
from tap import Broken, Skip

FOLDER = server_module.shared("testdata", "james-mpt")
if FOLDER is None:
    tap.skip_all("there is no ../shared/testdata/james-mpt")

# The peer fails these, in its choices or for an extension it lacks.
ALSO = ("AppendExamineInbox", "Capability", "ConcurrentCrossExpunge", "ExamineReadOnly", "FetchAllEmptyMailbox",
        "FetchMultipartMixedComplex", "HeaderPartialFetch", "MimePartialFetch", "PeekMultipartMixedComplex",
        "TextPartialFetch")
SEPARATOR = ("ListMailboxes", "ListOnly", "ListWithPercentWildcardInMailboxName")

SMTP = {	# of the SMTP ones; None: to be passed, else the reason why not
    "helo": None, "starttls": None, "data_with_starttls": None, "rcpt_with_starttls": None,
    "authplain": "it logs in before EHLO (RFC 4954 4.: after it)",
    "starttls_session_fixation": "it sends to another host",
}

S = Server(users=1, user="imapuser", password="password")


def with_our_separator(path):
    """A copy of the script that says / where it says . between names."""
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        text = f.read()
    text = text.replace('\\"\\.\\"', '\\"/\\"').replace('"\\."', '"/"')
    text = re.sub(r"(listtest1?)\\?\.(subfolder)", r"\1/\2", text)
    folder = os.path.join(S.dir, "scripts")
    if not os.path.isdir(folder):
        os.mkdir(folder)
        shutil.copy(os.path.join(FOLDER, "imap", "SelectedStateSetup.test"), folder)
    copy = os.path.join(folder, os.path.basename(path))
    with open(copy, "w", encoding="utf-8", errors="surrogateescape") as f:
        f.write(text)
    return copy


def play(proto, port, path, *more):
    r = subprocess.run([sys.executable, os.path.join(FOLDER, "mpt-play.py"), "--proto", proto, "--port", str(port),
                        "--timeout", "5", *more, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       timeout=120)
    if r.returncode != 0:
        raise Broken(r.stdout[-2000:])


def play_imap(name):
    path = os.path.join(FOLDER, "imap", name + ".test")
    play("imap", S.port("imap"), with_our_separator(path) if name in SEPARATOR else path, "--user", S.user())


with open(os.path.join(FOLDER, "peer-dovecot.tsv")) as peers:
    PASSES = [row.split("\t")[0] for row in peers if row.split("\t")[1].strip() == "pass"]
for test in sorted(PASSES + list(ALSO)):
    tap.case("james imap %s" % test)(lambda test=test: play_imap(test))


def play_smtp(name, why_not):
    if why_not:
        raise Skip(why_not)
    with Server(users=1, domain="mydomain.tld", user="bob", password="secret",
                edit=tls_only) as m:
        m.add_user("starttls@mydomain.tld")
        play("smtp", m.port("smtp"), os.path.join(FOLDER, "smtp", name + ".test"))


for test in sorted(SMTP):
    if os.path.exists(os.path.join(FOLDER, "smtp", test + ".test")):
        tap.case("james smtp %s" % test)(lambda test=test: play_smtp(test, SMTP[test]))


def afterwards(failed):
    S.verify()
    tap.equal(S.stop(), 0, "exit status")


tap.run(after=afterwards)
