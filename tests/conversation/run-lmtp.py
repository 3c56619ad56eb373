#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""LMTP: an answer for each recipient, after delivery; cases L01 and L03 of
../shared/reliability.md, section 3, and their neighbours."""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap
from server import Server
from tap import case, check, equal, matches
from wire import Imap, Smtp, mailbox

HEADER = b"From: <a@remote.example>\r\nTo: <u1@example.org>\r\nSubject: test\r\n\r\n"
S = Server(users=4)
S.add_user("full@example.org", "--quota", "1KiB")
LMTP = S.port("lmtp")


def lhlo():
    return Smtp(LMTP, hello="LHLO client.example")


def replies(c, n):
    return [c.reply() for _ in range(n)]


@case("L01 each recipient gets an answer, in the order of RCPT: 250, 452 4.2.2, 250")
def l01():
    body = HEADER + b"y" * 70 + b"\r\n" + b"z" * 2000 + b"\r\n"
    before = [len(mailbox(S, S.user(i))) for i in (1, 2)]
    with lhlo() as c:
        c.say("MAIL FROM:<x@remote.example>", 250)
        c.say("RCPT TO:<%s>" % S.user(1), 250)
        c.say("RCPT TO:<nobody@example.org>", "550 5.1.1")
        c.say("RCPT TO:<full@example.org>", 250)
        c.say("RCPT TO:<%s>" % S.user(2), 250)
        c.say("DATA", 354)
        c.send(body + b".\r\n")
        got = replies(c, 3)
        equal([(code, text[:5]) for code, text in got],
              [(250, "2.0.0"), (452, "4.2.2"), (250, "2.0.0")], "answers")
        c.say("NOOP", 250)
        check(c.is_silent(0.1), "more answers than recipients")
    # The 250 means delivered: nothing is waited for here.
    equal([len(mailbox(S, S.user(i))) for i in (1, 2)], [n + 1 for n in before], "messages")
    equal(S.command("queue", "list").strip(), "", "what waits")


@case("L01b an account that is gone when the mail comes: 550 5.1.1, others get theirs")
def l01b():
    S.add_user("gone@example.org")
    with lhlo() as c:
        c.envelope("x@remote.example", "gone@example.org", S.user(1))
        S.command("user", "del", "gone@example.org")
        c.say("DATA", 354)
        c.send(HEADER + b"x\r\n.\r\n")
        got = [code for code, _ in replies(c, 2)]
        check(got[0] in (250, 550) and got[1] == 250, "answers %s" % got)
    equal(S.command("queue", "list").strip(), "", "what waits")


@case("L02 the same for the last chunk of BDAT")
def l02():
    with lhlo() as c:
        c.envelope("x@remote.example", S.user(1), S.user(2), S.user(3))
        body = HEADER + b"chunks\r\n"
        c.send(b"BDAT 10\r\n" + body[:10])
        c.expect(250)
        c.send(b"BDAT %d LAST\r\n" % (len(body) - 10) + body[10:])
        equal([code for code, _ in replies(c, 3)], [250] * 3, "answers")
        # Refused as a whole: the answers are still one for each.
        c.envelope("x@remote.example", S.user(1), S.user(2))
        c.say("DATA", 354)
        c.send(HEADER + b"bare\nLF\r\n.\r\n")
        equal([code for code, _ in replies(c, 2)], [550] * 2, "answers to a bare LF")
        check(c.is_silent(0.1), "more answers than recipients")


@case("L03 HELO and EHLO are no LMTP, LHLO is no SMTP")
def l03():
    with Smtp(LMTP, hello=None) as c:
        c.say("EHLO client.example", 500)
        c.say("HELO client.example", 500)
        c.say("MAIL FROM:<x@remote.example>", 503)
        c.say("LHLO client.example", 250)
    with Smtp(S.port("smtp"), hello=None) as c:
        c.say("LHLO client.example", 500)
    with lhlo() as c:
        c.say("MAIL FROM:<x@remote.example>", 250)
        c.say("RCPT TO:<nobody@example.org>", 550)
        c.say("DATA", 503, 554)		# RFC 2033 4.2: never 354 without a recipient


@case("L06 one recipient twice: an answer each, a message each or once, never none")
def l06():
    before = len(mailbox(S, S.user(4)))
    with lhlo() as c:
        c.envelope("x@remote.example", S.user(4), S.user(4))
        c.say("DATA", 354)
        c.send(HEADER + b"twice\r\n.\r\n")
        equal([code for code, _ in replies(c, 2)], [250, 250], "answers")
    check(len(mailbox(S, S.user(4))) - before in (1, 2), "messages")


@case("L07 ten sessions at once, five messages each, answered when delivered")
def l07():
    before = len(mailbox(S, S.user(3)))
    errors = []

    def some():
        try:
            with lhlo() as c:
                for _ in range(5):
                    c.message(S.user(3), HEADER + b"x\r\n")
        except Exception as error:
            errors.append(error)
    threads = [threading.Thread(target=some) for _ in range(10)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    equal(errors, [], "errors")
    equal(len(mailbox(S, S.user(3))), before + 50, "messages")


@case("L08 a sub-address and an alias reach the account and are told in the trace")
def l08():
    S.command("alias", "add", "staff@example.org", S.user(1), S.user(2))
    before = [len(mailbox(S, S.user(i))) for i in (1, 2)]
    with lhlo() as c:
        c.message("u1+lists@example.org", HEADER + b"sub\r\n")
        c.message("staff@example.org", HEADER + b"alias\r\n")
    first = mailbox(S, S.user(1), wanted=before[0] + 2)
    mailbox(S, S.user(2), wanted=before[1] + 1)
    matches(first[-2], r"\r\nDelivered-To: u1\+lists@example\.org\r\n|\r\nDelivered-To: u1@example\.org\r\n")


def afterwards(failed):
    check(S.is_alive(), "the server died")
    S.verify()
    equal(S.stop(), 0, "exit status")


tap.run(after=afterwards)
