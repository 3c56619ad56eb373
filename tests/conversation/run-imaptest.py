#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""ImapTest's scripts, from ../shared/testdata/imaptest: one case each.  Those
that need an extension which this release does not offer skip themselves."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import server as server_module
import tap
from server import PASSWORD, Server
from tap import Broken, Skip

FOLDER = server_module.shared("testdata", "imaptest")
if FOLDER is None:
    tap.skip_all("there is no ../shared/testdata/imaptest")
S = Server(users=1)


def play(name):
    report = os.path.join(S.dir, "report")
    r = subprocess.run([sys.executable, os.path.join(FOLDER, "imaptest-play.py"), "--port",
                        str(S.port("imap")), "--user", S.user(1), "--password", PASSWORD,
                        "--report", report, os.path.join(FOLDER, name)],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    with open(report) as f:
        verdict = f.read().split("\t")
    if "skip" in verdict[1]:
        raise Skip(" ".join(verdict[2:]).strip() or r.stdout.strip().splitlines()[0])
    if "pass" not in verdict[1] or r.returncode != 0:
        raise Broken(r.stdout[-2000:])


with open(os.path.join(FOLDER, "peer-dovecot.tsv")) as peers:
    for row in peers:
        test, passes = row.split("\t")[:2]
        if passes.strip() == "pass":
            tap.case("imaptest %s" % test)(lambda test=test: play(test))


def afterwards(failed):
    S.verify()
    tap.equal(S.stop(), 0, "exit status")


tap.run(after=afterwards)
