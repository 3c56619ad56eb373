#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""POP3: cases P01 to P06 of ../shared/reliability.md, section 3, and the
protocol's own promises (RFC 1939, 2449, 2595)."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap
from server import PASSWORD, Server
from tap import case, check, equal, matches
from wire import Imap, Pop3, Raw, Smtp, mailbox

S = Server(users=12)
POP, POPS = S.port("pop3"), S.port("pop3s")


def bodies(n):
    return [b"Subject: m%d\r\nFrom: <a@remote.example>\r\n\r\nbody %d\r\n.\r\n..\r\n.x\r\n" % (i, i)
            for i in range(n)]


def fill(user, contents):
    with Imap(S.port("imap"), user) as c:
        for content in contents:
            c.append(content)


def uidls(user):
    with Pop3(POP, user) as c:
        return c.listing("UIDL")


@case("P01 what was marked by DELE stays, if the connection is lost before QUIT")
def p01():
    fill(S.user(1), bodies(3))
    for hard in (False, True):
        c = Pop3(POP, S.user(1))
        c.ok("DELE 1")
        c.ok("DELE 3")
        (c.reset if hard else c.close)()
        time.sleep(0.1)
    with Pop3(POP, S.user(1)) as c:
        matches(c.ok("STAT"), r"^\+OK 3 ")
        c.ok("DELE 2")
        c.ok("RSET")
        c.ok("QUIT")
    with Pop3(POP, S.user(1)) as c:
        matches(c.ok("STAT"), r"^\+OK 3 ")


@case("P02 after +OK to QUIT the deletions outlive kill -9, all of them")
def p02():
    fill(S.user(2), bodies(20))
    for round_number in range(3):
        with Pop3(POP, S.user(2)) as c:
            for i in range(1, 7):
                c.ok("DELE %d" % i)
            c.ok("QUIT")
            S.kill()
        S.start()
        equal(len(mailbox(S, S.user(2))), 20 - 6 * (round_number + 1), "messages")


@case("P02b killed amid QUIT: all or none")
def p02b():
    fill(S.user(3), bodies(40))
    left = 40
    for pause in (0, 0.0005, 0.001, 0.002):
        c = Pop3(POP, S.user(3))
        for i in range(1, 6):
            c.ok("DELE %d" % i)
        c.send(b"QUIT\r\n")
        time.sleep(pause)
        S.kill()
        S.start()
        now = len(mailbox(S, S.user(3)))
        check(now in (left, left - 5), "%d messages of %d" % (now, left))
        left = now


@case("P03 numbers that are none, or of no message, or deleted: -ERR")
def p03():
    fill(S.user(4), bodies(2))
    bad = ["TOP 1 -1", "RETR 0", "RETR 99999999999", "RETR 4294967297", "LIST abc", "RETR", "DELE -1",
           "TOP 1", "TOP", "UIDL 3", "LIST 1 2", "RETR 1x", "DELE", "RETR +1", "NOSUCH", "", "x" * 600]
    # A few at a time: who only makes mistakes is sent away.
    for i in range(0, len(bad), 4):
        with Pop3(POP, S.user(4)) as c:
            for command in bad[i:i + 4]:
                c.err(command)
            c.ok("NOOP")
    with Pop3(POP, S.user(4)) as c:
        c.ok("DELE 1")
        for bad in ("UIDL 1", "RETR 1", "LIST 1", "TOP 1 0", "DELE 1"):
            c.err(bad)
        equal(len(c.listing("UIDL")), 1, "UIDL after DELE")
        equal([l.split()[0] for l in c.listing("LIST")], [b"2"], "LIST after DELE")
        matches(c.ok("STAT"), r"^\+OK 1 ")


@case("P04 dots are stuffed, and what comes is what was stored, to the octet")
def p04():
    contents = bodies(2) + [b"Subject: no end\r\n\r\nwithout a line's end",
                            b"Subject: dots\r\n\r\n.\r\n..\r\n...\r\n.\r\n",
                            b"Subject: eight\r\n\r\n" + bytes(b for b in range(1, 256) if b not in (10, 13)) + b"\r\n",
                            b"Subject: long\r\n\r\n" + b"x" * 5000 + b"\r\n",
                            b"Subject: big\r\n\r\n" + (b"." * 70 + b"\r\n") * 20000]
    fill(S.user(5), contents)
    with Pop3(POP, S.user(5)) as c:
        sizes = [int(l.split()[1]) for l in c.listing("LIST")]
        equal(sizes, [len(x) for x in contents], "LIST")
        equal(int(c.ok("STAT").split()[2]), sum(sizes), "STAT")
        for i, content in enumerate(contents, 1):
            got = b"".join(l + b"\r\n" for l in c.listing("RETR %d" % i))
            wanted = content if content.endswith(b"\r\n") else content + b"\r\n"
            check(got == wanted, "message %d changed" % i)
        top = c.listing("TOP 1 1")
        equal(top, [b"Subject: m0", b"From: <a@remote.example>", b"", b"body 0"], "TOP 1 1")
        equal(c.listing("TOP 1 0")[-1], b"", "TOP 1 0")
        equal(len(c.listing("TOP 1 99999999")), 7, "TOP with more lines than there are")


@case("P06 UIDL does not change over sessions, deletions, other clients' flags and a restart")
def p06():
    fill(S.user(6), bodies(5))
    first = [l.split()[1] for l in uidls(S.user(6))]
    equal(len(set(first)), 5, "UIDLs")
    for u in first:
        check(1 <= len(u) <= 70 and all(0x21 <= o <= 0x7e for o in u), "no unique-id: %r" % u)
    with Imap(S.port("imap"), S.user(6), select="INBOX") as c:
        c.ok("STORE 1:* +FLAGS (\\Seen \\Flagged keyword)")
    with Pop3(POP, S.user(6)) as c:
        c.ok("DELE 2")
        c.ok("QUIT")
    S.stop()
    S.start()
    equal([l.split()[1] for l in uidls(S.user(6))], first[:1] + first[2:], "UIDLs later")


@case("P07 one session at a time, and the maildrop as it was at login")
def p07():
    fill(S.user(7), bodies(2))
    with Pop3(POP, S.user(7)) as c:
        fill(S.user(7), bodies(1))
        matches(c.ok("STAT"), r"^\+OK 2 ")
        with Imap(S.port("imap"), S.user(7), select="INBOX") as i:
            i.ok("STORE 1 +FLAGS (\\Deleted)")
            i.ok("EXPUNGE")
        line = c.say("RETR 1")
        check(line.startswith((b"+OK", b"-ERR")), "%r" % line)
        if line.startswith(b"+OK"):
            while c.line() != b".":
                pass
        c.ok("DELE 2")
        c.send_line("QUIT")
        check(c.line()[:4] in (b"+OK ", b"-ERR"), "QUIT")
    equal(len(mailbox(S, S.user(7))), 1, "messages")


@case("P08 a password is neither taken in clear from afar nor guessed at leisure; APOP is not there")
def p08():
    with Pop3(POP) as c:
        c.err("STAT")
        c.err("APOP u1@example.org c4c9334bac560ecc979e58001b3e22fb")
        c.err("PASS secret")
        c.ok("USER nobody@example.org")
        unknown = c.say("PASS wrong")
        c.ok("USER " + S.user(1))
        equal(c.say("PASS wrong"), unknown, "answers for known and unknown")
        c.ok("USER " + S.user(1))
        c.ok("PASS " + PASSWORD)
        c.err("USER " + S.user(1))


@case("P09 STLS: nothing crosses the border, and the login works within")
def p09():
    with Pop3(POP) as c:
        check(b"STLS" in c.listing("CAPA"), "STLS is not in CAPA")
        c.send(b"STLS\r\nUSER %s\r\n" % S.user(1).encode())
        line = c.line()
        if line.startswith(b"+OK"):
            check(c.is_closed(3) or not c.buffer, "went on: %r" % c.buffer)
    with Pop3(POP) as c:
        c.ok("USER " + S.user(1))
        c.ok("STLS")
        c.start_tls()
        c.err("PASS " + PASSWORD)
        check(b"STLS" not in c.listing("CAPA"), "STLS within TLS")
        c.err("STLS")
        c.ok("USER " + S.user(1))
        c.ok("PASS " + PASSWORD)
        c.ok("QUIT")
    with Pop3(POPS, S.user(1), tls=True) as c:
        c.ok("STAT")


@case("P10 commands sent in one go are answered in their order")
def p10():
    fill(S.user(8), bodies(3))
    with Pop3(POP) as c:
        c.send(b"USER %s\r\nPASS %s\r\nSTAT\r\nLIST\r\nDELE 1\r\nNOOP\r\nQUIT\r\n" %
               (S.user(8).encode(), PASSWORD.encode()))
        for _ in range(3):
            check(c.line().startswith(b"+OK"), "an answer")
        check(c.line().startswith(b"+OK"), "LIST")
        while c.line() != b".":
            pass
        for _ in range(3):
            check(c.line().startswith(b"+OK"), "an answer")
        check(c.is_closed(2), "open after QUIT")
    equal(len(mailbox(S, S.user(8))), 2, "messages")


@case("P11 a reader who stops reading costs little, and others go on")
def p11():
    fill(S.user(9), [b"Subject: big\r\n\r\n" + (b"x" * 78 + b"\r\n") * 200000])
    before = S.memory()
    with Pop3(POP, S.user(9)) as c:
        c.send(b"RETR 1\r\n" * 4)
        time.sleep(1)
        check(S.memory() - before < 24 << 20, "memory grew by %d" % (S.memory() - before))
        with Pop3(POP, S.user(1)) as other:
            other.ok("STAT")


def afterwards(failed):
    check(S.is_alive(), "the server died")
    S.verify()
    equal(S.stop(), 0, "exit status")


tap.run(after=afterwards)
