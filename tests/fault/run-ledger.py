#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# seconds: 400
"""What was acknowledged is there once, whole and for ever, however often the
server is killed.  LEDGER_SECONDS (60) is the length of the run over SMTP;
over LMTP takes a third of it."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]
import ledger_run
import server
import tap
from server import Server
from tap import case, check, equal

SECONDS = float(os.environ.get("LEDGER_SECONDS", "60"))
PROMISES = ("lost", "duplicated", "corrupted", "phantom", "misdelivered", "unstable", "imap")


def hold(listener, seconds, *options, signal="KILL", kill="0.5-4"):
    with Server(users=24, edit=lambda t: t.replace("shutdown-grace = 5s", "shutdown-grace = 1s")) as s:
        ledger = ledger_run.Ledger(s, seconds, 24, "--smtp", "127.0.0.1:%d" % s.port(listener),
                                   "--bdat-percent", "30", "--pipeline", "--think", "0.03", *options,
                                   signal=signal, kill=kill)
        status, output, starts = ledger.run()
        told = ledger_run.report(output)
        sent, found = told["send"], told["verify"]
        tap.note("acked %s, kills %d, slowest start %.3f s" %
                 (sent.get("acked"), len(starts), max(starts or [0])))
        tap.note("verify: %s" % found)
        for promise in PROMISES:
            equal(found[promise], 0, promise)
        equal(status, 0, "the ledger's verdict (%s)" % output[-1500:])
        check(len(starts) >= seconds / 6, "only %d kills" % len(starts))
        check(sent["acked"] >= 20 * seconds, "only %d messages were taken" % sent["acked"])
        check(max(starts) < ledger_run.START_LIMIT, "a start took %.2f s" % max(starts))
        s.settle()
        tap.note(s.verify())
        s.stop_stray()
        s.verify()
        bad = [l for l in s.log().splitlines() if " error " in l or "ERROR: " in l]
        equal(bad[:5], [], "errors in the log")


@case("T1a SMTP: nothing lost, doubled, changed or made up by kill -9")
def smtp():
    hold("smtp", SECONDS)


@case("T1a LMTP: nothing lost, doubled, changed or made up by kill -9")
def lmtp():
    hold("lmtp", max(SECONDS / 3, 5), "--lmtp")


@case("T1a SMTP: the same for stops in order, amid everything")
def stopped():
    hold("smtp", max(SECONDS / 4, 5), signal="TERM", kill="1-3")


if not server.shared("tools", "ledger.py"):
    tap.skip_all("there is no ../shared/tools/ledger.py")
server.program()
tap.run()
