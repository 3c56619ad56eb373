#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# seconds: 300
"""A mailbox under many hands, and a client that keeps a copy of it.

Several sessions change one account at random while the server is killed now
and then.  A shadow keeps its copy up to date from what QRESYNC, VANISHED and
CHANGEDSINCE tell alone; after each round the copy must equal a full FETCH, and
what one session was told in OK must be so after a kill (P6 and I16 of
../shared/reliability.md).  SHADOW_SECONDS (20) is its length, SHADOW_SEED its
seed."""
import os
import random
import re
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]
import tap
from server import Server
from tap import Broken, case, check, equal
from wire import Imap, Smtp

SECONDS = float(os.environ.get("SHADOW_SECONDS", "300" if os.environ.get("MANSIO_MODE") == "long" else "20"))
SEED = int(os.environ.get("SHADOW_SEED", str(random.randrange(1 << 30))))
USER = "u1@example.org"
BOXES = ("INBOX", "b1", "b2")
FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "\\Draft", "k1", "k2", "$Forwarded")
LOST = (OSError, Broken)


def parse_set(text):
    for piece in text.split(","):
        first, _, last = piece.partition(":")
        yield from range(int(first), int(last or first) + 1)


class Copy:
    """What the shadow believes of one mailbox: {uid: (flags, modseq)}."""

    def __init__(self):
        self.validity, self.modseq, self.messages = None, 0, {}

    def learn(self, responses):
        for r in responses:
            m = re.match(rb"\* VANISHED (\(EARLIER\) )?([\d:,]+)", r)
            if m:
                for uid in parse_set(m.group(2).decode()):
                    self.messages.pop(uid, None)
            m = re.match(rb"\* \d+ FETCH \((.*)\)$", r, re.S)
            if m:
                uid = re.search(rb"UID (\d+)", m.group(1))
                flags = re.search(rb"FLAGS \(([^)]*)\)", m.group(1))
                modseq = re.search(rb"MODSEQ \((\d+)\)", m.group(1))
                check(uid and flags and modseq, "a FETCH of QRESYNC without UID, FLAGS or MODSEQ: %r" % r)
                self.messages[int(uid.group(1))] = (clean(flags.group(1)), int(modseq.group(1)))

    def resync(self, c, box):
        """SELECT ... (QRESYNC ...), as a client does that was away."""
        known = ""
        if self.validity is not None and self.modseq > 0:
            known = " (QRESYNC (%d %d))" % (self.validity, self.modseq)
        responses = c.ok('SELECT "%s"%s' % (box, known))
        text = b"\n".join(responses)
        validity = int(re.search(rb"UIDVALIDITY (\d+)", text).group(1))
        highest = int(re.search(rb"HIGHESTMODSEQ (\d+)", text).group(1))
        check(self.validity in (None, validity), "UIDVALIDITY of %s was %s, is %s" % (box, self.validity, validity))
        check(highest >= self.modseq, "HIGHESTMODSEQ of %s was %d, is %d" % (box, self.modseq, highest))
        self.validity = validity
        self.learn(responses)
        last = max(self.messages, default=0)
        self.learn(c.ok("UID FETCH %d:* (UID FLAGS MODSEQ)" % (last + 1)))
        self.modseq = max(self.modseq, highest)


def clean(flags):
    return frozenset(f for f in flags.decode().split() if f.lower() != "\\recent")


def full(c):
    copy = Copy()
    copy.learn(c.ok("UID FETCH 1:* (UID FLAGS MODSEQ)"))
    return copy.messages


class Hand(threading.Thread):
    """Changes the account at random, and notes what it was told."""

    def __init__(self, server, number, stop):
        super().__init__(daemon=True)
        self.server, self.number, self.stop_at = server, number, stop
        self.random = random.Random(SEED * 100 + number)
        self.done = self.broken = 0
        self.failures = []
        self.expunged = []	# (box, uid) told gone
        self.appended = []	# (box, uid) told there

    def run(self):
        while not self.stop_at.is_set():
            try:
                self.session()
            except LOST as error:
                self.broken += 1
                if "wanted OK" in str(error) and "BYE" not in str(error):
                    self.failures.append(str(error))
                time.sleep(0.02)

    def session(self):
        r = self.random
        if r.random() < 0.2:
            with Smtp(self.server.port("smtp")) as m:
                m.message(USER, b"Subject: mail\r\n\r\nx\r\n")
            return
        with Imap(self.server.port("imap"), USER, timeout=10) as c:
            if r.random() < 0.5:
                c.ok("ENABLE QRESYNC")
            box = r.choice(BOXES)
            c.ok('SELECT "%s"' % box)
            for _ in range(r.randrange(1, 15)):
                if self.stop_at.is_set():
                    return
                self.act(c, box)
                self.done += 1

    def act(self, c, box):
        r = self.random
        uids = c.uids()
        some = ",".join(str(u) for u in sorted(r.sample(uids, min(len(uids), r.randrange(1, 4))))) if uids else "1"
        choice = r.randrange(12)
        if choice < 3 or len(uids) < 4:
            c.ok('APPEND "%s" (%s) {}' % (box, r.choice(FLAGS)), b"Subject: hand\r\n\r\n%d\r\n" % r.randrange(1000))
            m = re.search(r"APPENDUID \d+ (\d+)", c.tagged)
            self.appended.append((box, int(m.group(1))))
        elif choice < 7:
            c.ok("UID STORE %s %sFLAGS%s (%s)" % (some, r.choice(("+", "-", "")), r.choice(("", ".SILENT")),
                                                  " ".join(r.sample(FLAGS, 2))))
        elif choice < 8:
            c.ok('UID COPY %s "%s"' % (some, r.choice(BOXES)))
        elif choice < 10:
            to = r.choice([b for b in BOXES if b != box])
            c.ok('UID MOVE %s "%s"' % (some, to))
            self.expunged += [(box, u) for u in parse_set(some)]
        elif len(uids) > 6:
            c.ok("UID STORE %s +FLAGS.SILENT (\\Deleted)" % some)
            # Another hand may have taken \\Deleted away: what is told counts.
            for told in c.ok("UID EXPUNGE %s" % some):
                m = re.match(rb"\* VANISHED ([\d:,]+)", told)
                if m:
                    self.expunged += [(box, u) for u in parse_set(m.group(1).decode())]


@case("P6 a copy kept by QRESYNC equals the mailbox, through kills, under four hands (seed %d)" % SEED)
def shadow():
    with Server(users=1) as s:
        with Imap(s.port("imap"), USER) as c:
            for box in BOXES[1:]:
                c.ok('CREATE "%s"' % box)
        copies = {box: Copy() for box in BOXES}
        r = random.Random(SEED)
        end = time.monotonic() + SECONDS
        kills = rounds = done = 0
        while time.monotonic() < end:
            stop = threading.Event()
            hands = [Hand(s, rounds * 10 + i, stop) for i in range(4)]
            for h in hands:
                h.start()
            time.sleep(r.uniform(0.3, 1.2))
            killed = r.random() < 0.6
            if killed:
                s.kill()
                stop.set()
                for h in hands:
                    h.join()
                s.start()
                kills += 1
            else:
                stop.set()
                for h in hands:
                    h.join()
            s.settle()
            for h in hands:
                equal(h.failures, [], "commands that failed without a kill")
                done += h.done
            look(s, copies, hands)
            rounds += 1
        tap.note("%d rounds, %d kills, %d commands; %s messages" %
                 (rounds, kills, done, [len(c.messages) for c in copies.values()]))
        s.verify()
        s.stop()
        s.verify()


def look(s, copies, hands):
    with Imap(s.port("imap"), USER) as c:
        c.ok("ENABLE QRESYNC")
        for box, copy in copies.items():
            copy.resync(c, box)
            now = full(c)
            if copy.messages != now:
                different = sorted(u for u in set(now) | set(copy.messages) if now.get(u) != copy.messages.get(u))
                raise Broken("%s: the copy differs at %s: %s" % (box, different[:10], [
                    (u, copy.messages.get(u), now.get(u)) for u in different[:5]]))
            check(all(m <= copy.modseq for _, m in now.values()), "a MODSEQ above HIGHESTMODSEQ")
            gone = {u for h in hands for b, u in h.expunged if b == box}
            equal(sorted(gone & set(now)), [], "UIDs of %s that were told gone and are there" % box)
            came = {u for h in hands for b, u in h.appended if b == box}
            # Not there means expunged, and that is remembered.
            missing = came - set(now)
            if missing:
                told = b" ".join(c.ok("UID FETCH %s (FLAGS) (CHANGEDSINCE 1 VANISHED)" %
                                      ",".join(str(u) for u in sorted(missing))))
                vanished = {u for m in re.findall(rb"VANISHED \(EARLIER\) ([\d:,]+)", told)
                            for u in parse_set(m.decode())}
                equal(sorted(missing - vanished), [], "UIDs of %s that were told there, and are lost" % box)
        status = c.ok('STATUS "INBOX" (MESSAGES UIDNEXT HIGHESTMODSEQ)')[0]
        equal(int(re.search(rb"MESSAGES (\d+)", status).group(1)), len(copies["INBOX"].messages), "STATUS")


tap.run()
