#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# builds: tsan
# seconds: 200
"""The whole server under the thread sanitizer, with everything going on at
once: mail for several shards in one message, reading, flags, IDLE, logins
with and without TLS, commands.  One report of a race is a failure."""
import glob
import imaplib
import os
import poplib
import smtplib
import ssl
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]
import server
import tap
from server import Server
from tap import case, check, equal

SECONDS = float(os.environ.get("THREADS_SECONDS", "15"))
USERS = 12
TLS = ssl._create_unverified_context()


def user(number):
    return "u%d@example.org" % (number % USERS + 1)


def until(end, act, failures):
    while time.time() < end:
        try:
            act()
        except (OSError, imaplib.IMAP4.error, smtplib.SMTPException, poplib.error_proto) as e:
            failures.append(repr(e))


def sender(s, number):
    def act():
        with smtplib.SMTP("127.0.0.1", s.port("smtp"), timeout=30) as c:
            for i in range(10):
                to = [user(number + i + k) for k in range(6)]
                c.sendmail("x@example.net", to, "Subject: %d\r\n\r\n%s\r\n" % (i, "y" * 3000))
    return act


def reader(s, number):
    def act():
        with imaplib.IMAP4("127.0.0.1", s.port("imap"), timeout=30) as c:
            c.login(user(number), server.PASSWORD)
            if int(c.select()[1][0]) == 0:
                return
            c.fetch("1:*", "(FLAGS ENVELOPE)")
            c.fetch("*", "(BODY.PEEK[])")
            c.store("1:*", "+FLAGS", r"(\Seen)")
            c.copy("1", "Archive")
            c.append("Drafts", None, None, b"Subject: draft\r\n\r\nx\r\n")
            c.store("1", "+FLAGS", r"(\Deleted)")
            c.expunge()
    return act


def tls_reader(s, number):
    def act():
        c = imaplib.IMAP4_SSL("127.0.0.1", s.port("imaps"), ssl_context=TLS, timeout=30)
        c.login(user(number), server.PASSWORD)
        c.select()
        c.noop()
        c.logout()
        p = poplib.POP3("127.0.0.1", s.port("pop3"), timeout=30)
        p.user(user(number + 3))
        p.pass_(server.PASSWORD)
        p.list()
        p.quit()
    return act


def commander(s):
    def act():
        s.command("queue", "list")
        s.command("status")
        s.command("user", "list")
    return act


@case("no race is seen while everything goes on at once")
def races():
    binary = os.path.join(os.environ["MANSIO_BUILD_TSAN"], "core", "mansio")
    reports = os.path.join(os.environ.get("MANSIO_WORK", "/tmp"), "tsan.%d" % os.getpid())
    plugins = os.path.join(os.environ["MANSIO_BUILD_TSAN"], "plugins")
    failures = []
    with Server(users=USERS, binary=binary, environment={
            "TSAN_OPTIONS": "history_size=4 log_path=" + reports,
            "MANSIO_PLUGIN_DIR": plugins}) as s:
        end = time.time() + SECONDS
        acts = [sender(s, n) for n in range(4)] + [reader(s, n) for n in range(4)]
        acts += [tls_reader(s, n) for n in range(2)] + [commander(s)]
        threads = [threading.Thread(target=until, args=(end, act, failures)) for act in acts]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    races = []
    for path in glob.glob(reports + "*"):
        with open(path, errors="replace") as f:
            races.append(f.read())
        os.unlink(path)
    equal(failures[:5], [], "clients failed")
    check(not races, "\n".join(races)[:6000])


if "MANSIO_BUILD_TSAN" not in os.environ:
    tap.skip_all("there is no build with the thread sanitizer")
tap.run()
