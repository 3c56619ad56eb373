#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Recipients that stand for several, of which some are reached and some not
yet: nobody gets the mail twice, nobody is told twice, nobody is forgotten."""
import os
import imaplib
import smtplib
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib")]
import server
import tap
from server import Server
from tap import case, check, equal

RETRY = 'queue { retry = { 1s } }\n'


def count(s, i, what="ALL"):
    c = imaplib.IMAP4("127.0.0.1", s.port("imap"))
    c.login(s.user(i), s.password)
    c.select("INBOX", readonly=True)
    n = len(c.search(None, what)[1][0].split())
    c.logout()
    return n


def fill(s, i):
    s.command("user", "set", s.user(i), "--quota", "10B")


def empty(s, i):
    s.command("user", "set", s.user(i), "--quota", "1MiB")


@case("LMTP: a list of which one member is full is taken; the others get it once, that one later")
def partly():
    with Server(users=3, edit=lambda t: t + RETRY) as s:
        s.command("alias", "add", "all@example.org", s.user(1), s.user(2))
        fill(s, 2)
        with smtplib.LMTP("127.0.0.1", s.port("lmtp")) as c:
            equal(c.sendmail("a@example.net", ["all@example.org"], "Subject: x\r\n\r\nbody\r\n"), {},
                  "refused")
        time.sleep(2.5)
        equal([count(s, 1), count(s, 2)], [1, 0], "at first")
        empty(s, 2)
        s.command("queue", "retry", "all")
        s.settle()
        equal([count(s, 1), count(s, 2)], [1, 1], "with room")


@case("LMTP: who is full is refused for now, and what was refused does not come by itself")
def refused():
    with Server(users=2, edit=lambda t: t + RETRY) as s:
        fill(s, 2)
        with smtplib.LMTP("127.0.0.1", s.port("lmtp")) as c:
            c.ehlo()
            c.mail("a@example.net")
            for i in (1, 2):
                equal(c.rcpt(s.user(i))[0], 250, "RCPT")
            equal(c.docmd("DATA")[0], 354, "DATA")
            c.send(b"Subject: x\r\n\r\nbody\r\n.\r\n")
            equal([c.getreply()[0] for _ in (1, 2)], [250, 452], "replies, one each")
        empty(s, 2)
        s.settle()
        time.sleep(2)
        equal([count(s, 1), count(s, 2)], [1, 0], "copies")


@case("an alias with a copy to its own name is expanded once: no report comes twice")
def own_copy():
    with Server(users=3, edit=lambda t: t + RETRY) as s:
        s.command("alias", "add", s.user(1), s.user(1), s.user(2))
        fill(s, 1)
        with smtplib.SMTP("127.0.0.1", s.port("smtp")) as c:
            c.ehlo()
            c.sendmail(s.user(3), [s.user(1)], "Subject: x\r\n\r\nbody\r\n",
                       rcpt_options=["NOTIFY=SUCCESS,FAILURE"])
        time.sleep(5)
        equal([count(s, 1), count(s, 2)], [0, 1], "copies while one is full")
        equal(count(s, 3), 1, "reports while one is full")
        empty(s, 1)
        s.command("queue", "retry", "all")
        s.settle()
        equal([count(s, 1), count(s, 2), count(s, 3)], [1, 1, 2], "copies and reports at last")


server.program()
tap.run()
