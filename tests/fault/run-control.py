#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# builds: crash-points sabotage-no-delivery-id
# seconds: 300
"""Tests that catch nothing prove nothing: a build without the delivery id,
killed between the commit of the mailbox and that of the queue, must be found
out, and the build as it should be must stand the same.  (The other sabotage,
no-sync, shows under a power cut alone: a killed process loses nothing that it
has written.)  CONTROL_ROUNDS (8) is how often each is killed there."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]
import crash_run
import ledger_run
import server
import tap
from server import Server
from tap import Broken, Skip, case, check, equal

HONEST, SABOTAGED = server.build("crash-points"), server.build("sabotage-no-delivery-id")
ROUNDS = int(os.environ.get("CONTROL_ROUNDS", "250" if os.environ.get("MANSIO_MODE") == "long" else "8"))
SECONDS = 10
if HONEST is None or SABOTAGED is None:
    tap.skip_all("MANSIO_BUILD_CRASH_POINTS and MANSIO_BUILD_SABOTAGE_NO_DELIVERY_ID name no builds")


def rounds(program, n):
    """Kills before the queue hears of a delivery; how often that was."""
    life = crash_run.Life(program)
    try:
        return sum(life.round({"MANSIO_CRASH": "attempt.delivered:%d" % (i % 9 + 1)}) for i in range(n))
    finally:
        life.close()


@case("crash points: a build without the delivery id doubles mail, and that is seen")
def sabotaged():
    try:
        rounds(SABOTAGED, 8)
    except Broken as found:
        tap.note("caught: %s" % found)
        check("is there 2 times" in str(found) or "is there 3 times" in str(found), "caught, but for another reason: %s" % found)
        return
    raise Broken("nothing was noticed")


@case("crash points: the build as it should be stands the same (Q18)")
def honest():
    killed = rounds(HONEST, ROUNDS)
    tap.note("killed %d times between the two commits" % killed)
    check(killed >= ROUNDS / 2, "only %d of %d rounds were killed there" % (killed, ROUNDS))


def run_ledger(program):
    with Server(users=20, binary=program) as s:
        ledger = ledger_run.Ledger(s, SECONDS, 20, "--smtp", "127.0.0.1:%d" % s.port("smtp"), "--pipeline",
                                   kill="0.4-1.2", crash="attempt.delivered")
        status, output, starts = ledger.run()
        found = ledger_run.report(output)["verify"]
        tap.note("starts %d, acked %s, duplicated %s" % (len(starts), found["acked_messages"], found["duplicated"]))
        return status, found


@case("ledger: a build without the delivery id is found to double mail")
def ledger_sabotaged():
    if not server.shared("tools", "ledger.py"):
        raise Skip("there is no ../shared/tools/ledger.py")
    status, found = run_ledger(SABOTAGED)
    equal(status, 1, "the ledger's verdict")
    check(found["duplicated"] > 0, "no duplicate was found")
    equal((found["lost"], found["corrupted"], found["phantom"]), (0, 0, 0), "lost, corrupted, phantom")


@case("ledger: the build as it should be stands the same")
def ledger_honest():
    if not server.shared("tools", "ledger.py"):
        raise Skip("there is no ../shared/tools/ledger.py")
    status, found = run_ledger(HONEST)
    equal(status, 0, "the ledger's verdict: %s" % found)


tap.run()
