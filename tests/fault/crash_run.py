# SPDX-License-Identifier: ISC
"""crash_run - a small life of a server that is killed at one point of its code

A Life holds a server, what it promised, and what was seen of it.  Each round
works a little with all protocols, while MANSIO_CRASH may end the server at
any time; then it starts without, and all promises are looked at.
"""
import os
import re
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from server import Server, fill_section
from tap import Broken, check
from wire import Imap, Pop3, Smtp

LOST = (OSError, Broken)	# what a conversation ends with when the server dies
MAIL_USERS = ("u1@example.org", "u2@example.org")
IMAP_USER, POP_USER, FULL = "u3@example.org", "u4@example.org", "full@example.org"


def configure(text):
    """Small files, so that ends of files are met."""
    text = fill_section(text, "mailbox-lmdb", "segment-size = 64KiB")
    return fill_section(text, "spool", "segment-size = 1MiB  own-file = 600KiB\n"
                        "free-files = 1  survivors-after = 1s  cursor-delay = 20ms")


class Life:
    def __init__(self, binary):
        self.server = Server(users=4, edit=configure, binary=binary, start=False)
        self.server.add_user(FULL, "--quota", "1KiB")
        self.n = 0
        self.is_patient = self.defers = False
        self.mail = {}		# (token, user) -> allowed numbers of copies
        self.deferred = set()	# tokens for the full account
        self.things = {}	# token -> allowed states, each a frozenset of (box, is_flagged)
        self.popped = {}	# token -> allowed numbers
        self.accounts = {}	# address -> allowed to be there: a set of bools
        self.uids = {}		# (user, box, uidvalidity, uid) -> token
        self.server.start()
        with Imap(self.server.port("imap"), IMAP_USER) as c:
            for box in "AB":
                c.ok('CREATE "%s"' % box)
        self.server.stop()

    def close(self):
        self.server.close()

    # ---- its server ----

    def start(self, environment):
        """False: it did not live to take connections."""
        s = self.server
        s.environment.pop("MANSIO_CRASH", None)
        s.environment.update(environment)
        try:
            s.start()
            return True
        except RuntimeError:
            if s.process.poll() != -9:
                raise
            return False

    def has_died(self):
        """By itself, that is at the point."""
        code = self.server.process.poll()
        if code is None:
            # A connection may end a moment before the process has.
            try:
                code = self.server.process.wait(0.2)
            except Exception:
                return False
        if code != -9:
            raise Broken("the server ended with %s: %s" % (code, self.server.log()[-1500:]))
        return True

    def queued(self):
        """Tokens' worth of mail that waits, but for the full account."""
        rows = self.server.command("queue", "list", "--json")
        return sum(1 for row in rows.splitlines() if FULL not in row)

    def wait_quiet(self, seconds=5):
        """Until nothing is queued.  False: it died."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.server.process.poll() is not None:
                return False
            try:
                waiting = self.queued()
            except RuntimeError:
                return not self.has_died()
            if waiting == 0:
                time.sleep(0.08)	# what is delivered is noted a little later
                return self.server.process.poll() is None
            time.sleep(0.02)
        raise Broken("mail stays in the queue: " + self.server.command("queue", "list"))

    # ---- work ----

    def token(self):
        self.n += 1
        return "t%d-%d" % (os.getpid(), self.n)

    @staticmethod
    def content(token, octets=300):
        return (b"From: <a@remote.example>\r\nX-Token: %s\r\nSubject: crash\r\n\r\n" % token.encode() +
                (b"y" * 76 + b"\r\n") * (octets // 78 + 1))

    def send(self, c, users, octets, is_lmtp=False):
        token = self.token()
        for user in users:
            self.mail[token, user] = {0}
        c.envelope("x@remote.example", *users)
        c.say("DATA", 354)
        for user in users:
            self.mail[token, user] = {0, 1}
        c.send(self.content(token, octets) + b".\r\n")
        if not is_lmtp:
            c.expect(250)
            for user in users:
                self.mail[token, user] = {1}
            return
        for user in users:
            c.expect(250)
            self.mail[token, user] = {1}

    def send_in_chunks(self, c, user):
        token = self.token()
        body = self.content(token, 3000)
        c.envelope("x@remote.example", user)
        c.send(b"BDAT 1000\r\n" + body[:1000])
        c.expect(250)
        self.mail[token, user] = {0, 1}
        c.send(b"BDAT %d LAST\r\n" % (len(body) - 1000) + body[1000:])
        c.expect(250)
        self.mail[token, user] = {1}

    def send_to_full(self, c):
        token = self.token()
        self.mail[token, FULL] = {0, 1}
        c.message(FULL, self.content(token, 4000))
        self.mail[token, FULL] = {1}
        self.deferred.add(token)

    def mail_work(self):
        s = self.server
        with Smtp(s.port("smtp")) as c:
            self.send(c, MAIL_USERS[:1], 300)
            self.send(c, MAIL_USERS, 30000)
            self.send_in_chunks(c, MAIL_USERS[1])
            for _ in range(3):
                self.send(c, MAIL_USERS[:1], 450000)
            self.send(c, MAIL_USERS[1:], 700000)	# a file of its own
            if self.defers:
                self.send_to_full(c)
            self.send(c, MAIL_USERS[1:], 100)
        with Smtp(s.port("lmtp"), hello="LHLO client.example") as c:
            self.send(c, MAIL_USERS, 500, is_lmtp=True)

    def change(self, c, token, command, to, *literals):
        """One IMAP command that takes a message from its state to another."""
        (now,) = self.things[token]
        self.things[token] = {now, to}
        c.ok(command, *literals)
        self.things[token] = {to}

    def imap_work(self):
        with Imap(self.server.port("imap"), IMAP_USER, select="A") as c:
            tokens = [self.token() for _ in range(4)]
            for t in tokens:
                self.things[t] = {frozenset()}
                self.change(c, t, 'APPEND "A" {}', frozenset({("A", False)}), self.content(t))
            c.ok("NOOP")
            uid = {}
            for t in tokens:
                found = c.ok("UID SEARCH HEADER X-Token " + t)[0].split()
                uid[t] = int(found[2])
            a, b, d, e = tokens
            self.change(c, a, "UID STORE %d +FLAGS (\\Flagged)" % uid[a], frozenset({("A", True)}))
            self.change(c, a, 'UID COPY %d "B"' % uid[a], frozenset({("A", True), ("B", True)}))
            self.change(c, b, 'UID MOVE %d "B"' % uid[b], frozenset({("B", False)}))
            c.ok("UID STORE %d +FLAGS.SILENT (\\Deleted)" % uid[d])
            self.change(c, d, "UID EXPUNGE %d" % uid[d], frozenset())
            c.ok('CREATE "x/%s"' % e)
            c.ok('RENAME "x/%s" "y/%s"' % (e, e))
            c.ok('DELETE "y/%s"' % e)

    def pop_work(self):
        token = self.token()
        with Imap(self.server.port("imap"), POP_USER) as c:
            self.popped[token] = {0, 1}
            c.append(self.content(token))
            self.popped[token] = {1}
        with Pop3(self.server.port("pop3"), POP_USER) as c:
            marked = []
            for line in c.listing("UIDL"):
                n = int(line.split()[0])
                head = b"\n".join(c.listing("TOP %d 0" % n))
                t = re.search(rb"X-Token: (\S+)", head).group(1).decode()
                if t != token and len(marked) < 3:
                    c.ok("DELE %d" % n)
                    marked.append(t)
            for t in marked:
                self.popped[t] = {0, 1}
            c.ok("QUIT")
            for t in marked:
                self.popped[t] = {0}

    def account_work(self):
        address = "n%d@example.org" % self.n
        self.n += 1
        self.accounts[address] = {False, True}
        status, told = self.server.command("user", "add", address, "--password-file",
                                           self.server.password_file, check=False)
        if status == 0:
            self.accounts[address] = {True}
        elif not self.has_died():
            raise Broken("user add: " + told)

    def work(self):
        """False: it died."""
        for some in (self.mail_work, self.imap_work, self.pop_work, self.account_work):
            try:
                some()
            except LOST:
                if not self.has_died():
                    raise
                return False
            if self.server.process.poll() is not None:
                return not self.has_died()
        return True

    # ---- a round ----

    def wait_for_tasks(self):
        """What the queue does a second after its start.  False: it died."""
        end = time.monotonic() + 1.4
        while self.is_patient and time.monotonic() < end:
            time.sleep(0.05)
            if self.server.process.poll() is not None:
                return False
        return True

    def round(self, environment, patient=False, defers=False):
        """Works, is killed, recovers, stops; True if the point ended it.
        A patient one waits for what is done now and then."""
        s = self.server
        self.is_patient, self.defers = patient, defers
        alive = (self.start(environment) and self.work() and self.wait_quiet() and
                 self.wait_for_tasks())
        if alive:
            # Killed with mail under way: what recovery does is met as well.
            try:
                with Smtp(s.port("smtp")) as c:
                    for _ in range(3):
                        self.send(c, MAIL_USERS, 20000)
            except LOST:
                if not self.has_died():
                    raise
                return self.judge()
            s.kill()
            alive = self.start(environment) and self.wait_quiet() and self.wait_for_tasks()
            if alive:
                try:
                    s.process.send_signal(15)
                    alive = s.process.wait(15) == 0
                except ProcessLookupError:
                    alive = False
        if not alive:
            return self.judge()
        self.judge()
        return False

    def judge(self):
        """Starts the server as it should be, and looks at every promise."""
        if not self.start({}):
            raise Broken("it does not start after a crash")
        self.wait_quiet(15)
        self.look_at_mail()
        self.look_at_things()
        self.look_at_pop()
        there = self.server.command("user", "list")
        for address, allowed in self.accounts.items():
            check((address in there) in allowed, "%s is%s there" % (address, "" if address in there else " not"))
        self.server.verify()
        self.server.stop()
        self.server.verify()
        return True

    def seen(self, user, box):
        """{token: [(uid, flags)]} of a mailbox; UIDs keep their messages."""
        found = {}
        with Imap(self.server.port("imap"), user) as c:
            c.ok('EXAMINE "%s"' % box)
            validity = int(re.search(rb"UIDVALIDITY (\d+)", b" ".join(c.untagged)).group(1))
            for r in c.ok("UID FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (X-Token)])"):
                uid = re.search(rb"UID (\d+)", r)
                token = re.search(rb"X-Token: (\S+)", r)
                if not uid or not token:
                    continue
                token = token.group(1).decode()
                found.setdefault(token, []).append((int(uid.group(1)), b"\\Flagged" in r))
                before = self.uids.setdefault((user, box, validity, int(uid.group(1))), token)
                check(before == token, "UID %s of %s in %s was %s, is %s" % (uid.group(1), box, user, before, token))
        return found

    def look_at_mail(self):
        for user in MAIL_USERS + (FULL,):
            found = self.seen(user, "INBOX")
            for (token, u), allowed in self.mail.items():
                if u != user or (token in self.deferred and user == FULL):
                    continue
                n = len(found.get(token, []))
                check(n in allowed, "%s for %s is there %d times, not %s" % (token, user, n, sorted(allowed)))
                self.mail[token, u] = {n}

    def look_at_things(self):
        boxes = {box: self.seen(IMAP_USER, box) for box in "AB"}
        for token, allowed in self.things.items():
            now = [(box, flagged) for box in "AB" for _, flagged in boxes[box].get(token, [])]
            check(len(set(now)) == len(now) and frozenset(now) in allowed,
                  "%s is in %s, not in one of %s" % (token, now, [sorted(a) for a in allowed]))
            self.things[token] = {frozenset(now)}

    def look_at_pop(self):
        found = self.seen(POP_USER, "INBOX")
        for token, allowed in self.popped.items():
            n = len(found.get(token, []))
            check(n in allowed, "%s is there %d times for POP3, not %s" % (token, n, sorted(allowed)))
            self.popped[token] = {n}

    def deliver_deferred(self):
        """What waited for room gets it, and comes once."""
        s = self.server
        s.start()
        s.command("user", "set", FULL, "--quota", "50MiB")
        end = time.monotonic() + 10
        while s.command("queue", "list").strip() and time.monotonic() < end:
            s.command("queue", "retry", "all")
            time.sleep(0.2)
        found = self.seen(FULL, "INBOX")
        s.stop()
        for token in self.deferred:
            n = len(found.get(token, []))
            check(n == 1, "deferred %s is there %d times" % (token, n))
