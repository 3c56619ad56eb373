#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# builds: crash-points
# seconds: 400
"""The server is killed at each named point of its code, at the 1st, 2nd, ...
pass, in the midst of work by all protocols; then every promise must hold.

CRASH_PASSES (2; with --long 12, or until the point no longer fires) is how many
passes of each point; arguments choose points by the beginning of their names.
A point that the work never reaches is a failure, unless the table below says
who else walks it."""
import glob
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]
import crash_run
import server
import tap
from tap import Broken, Skip, case, check

# Upkeep begins a minute after a start, for segments that are a minute old:
# too long to wait for here, and walked with a clock of its own elsewhere.
ELSEWHERE = {
    r"spool\.cut": "tests/unit/plugins/queue/spool, as only a disk that fails leads there",
    r"lmdb\.(compact|drop|expire|purge)\.": "tests/fault/lmdb and tests/unit/plugins/mailbox/lmdb",
}
PASSES = int(os.environ.get("CRASH_PASSES", "12" if os.environ.get("MANSIO_MODE") == "long" else "2"))

PROGRAM = server.build("crash-points")
if PROGRAM is None:
    tap.skip_all("MANSIO_BUILD_CRASH_POINTS names no build with crash points")


def points_in_sources():
    top = os.environ.get("MANSIO_SOURCE", os.path.join(HERE, "..", ".."))
    found = set()
    for folder in ("core", "plugins", "plugin-api/lib"):
        for path in glob.glob(os.path.join(top, folder, "**", "*.c"), recursive=True):
            with open(path) as f:
                found.update(re.findall(r'MS_CRASH\("([^"]+)"\)', f.read()))
    return found


def manner(point):
    """How a round must go to reach it."""
    return {"patient": any(w in point for w in (".survivors.", ".forget.")),
            "defers": any(w in point for w in (".survivors.", ".chain"))}


def elsewhere(point):
    return next((who for pattern, who in ELSEWHERE.items() if re.match(pattern, point)), None)


LIFE = crash_run.Life(PROGRAM)
LOG = os.path.join(LIFE.server.dir, "points")
for defers in (True, True, False, False):
    LIFE.round({"MANSIO_CRASH_LOG": LOG}, patient=True, defers=defers)
with open(LOG) as reached:
    REACHED = set(reached.read().split())
LIFE.server.environment.pop("MANSIO_CRASH_LOG")


def walk(point):
    if point not in REACHED:
        who = elsewhere(point)
        if who:
            raise Skip("walked by " + who)
        raise Broken("the work never reaches it")
    n = 0
    while n < PASSES and LIFE.round({"MANSIO_CRASH": "%s:%d" % (point, n + 1)}, **manner(point)):
        n += 1
    tap.note("%s: killed at %d passes" % (point, n))
    check(n > 0, "it was reached before, but did not fire now")


for name in sorted(points_in_sources()):
    case(name)(lambda name=name: walk(name))


@case("what waited for room through all of it is delivered once")
def deferred():
    LIFE.deliver_deferred()


tap.run(after=lambda failed: LIFE.close())
