#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# builds: crash-points
"""What the queue does with mail that cannot be delivered at once, or at all:
notifications (RFC 3464), holds, quotas, aliases, and a crash between the
mailbox's commit and the queue's."""
import email
import imaplib
import os
import smtplib
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]
import server
import tap
from server import Server
from tap import case, check, equal

BINARY = os.path.join(os.environ.get("MANSIO_BUILD_CRASH_POINTS", ""), "core", "mansio")


def send(s, to, sender="u1@example.org", text="Subject: one\r\n\r\nbody of the message\r\n", options=()):
    with smtplib.SMTP("127.0.0.1", s.port("smtp"), timeout=20) as c:
        return c.sendmail(sender, to, text, rcpt_options=list(options))


def inbox(s, number, folder="INBOX"):
    with imaplib.IMAP4("127.0.0.1", s.port("imap"), timeout=20) as c:
        c.login(s.user(number), server.PASSWORD)
        c.select(folder, readonly=True)
        rows = c.fetch("1:*", "(BODY.PEEK[])")[1]
        return [email.message_from_bytes(r[1]) for r in rows if isinstance(r, tuple)]


def crash_after_accepting(s, to, **more):
    """Leaves an accepted message in the queue of a server that is down."""
    s.stop()
    s.environment["MANSIO_CRASH"] = "submit.durable:1"
    s.start(port="smtp")
    try:
        send(s, to, **more)
    except (smtplib.SMTPException, OSError):
        pass
    s.process.wait(10)
    del s.environment["MANSIO_CRASH"]


@case("a recipient who is gone makes one DSN for a local sender")
def notified():
    with Server(users=3, binary=BINARY) as s:
        crash_after_accepting(s, ["u2@example.org", "u3@example.org"])
        s.command("user", "del", "u3@example.org")
        s.start()
        s.settle()
        equal(len(inbox(s, 2)), 1, "the other recipient's copies")
        reports = inbox(s, 1)
        equal(len(reports), 1, "notifications")
        report = reports[0]
        equal(report.get_content_type(), "multipart/report", "its type")
        equal(report["Return-Path"], "<>", "its reverse-path")
        parts = report.get_payload()
        equal([p.get_content_type() for p in parts],
              ["text/plain", "message/delivery-status", "text/rfc822-headers"], "its parts")
        fields = parts[1].get_payload()
        equal(fields[1]["Final-Recipient"], "rfc822; u3@example.org", "for whom")
        equal(fields[1]["Action"], "failed", "what happened")
        equal(fields[1]["Status"], "5.1.1", "why")
        check("Subject: one" in parts[2].get_payload(), "the header is returned")


@case("NOTIFY=NEVER and the null reverse-path make none")
def not_notified():
    with Server(users=3, binary=BINARY) as s:
        crash_after_accepting(s, ["u3@example.org"], options=["NOTIFY=NEVER"])
        s.command("user", "del", "u3@example.org")
        s.start()
        s.settle()
        equal(inbox(s, 1), [], "notifications")
        s.add_user("u3@example.org")
        crash_after_accepting(s, ["u3@example.org"], sender="")
        s.command("user", "del", "u3@example.org")
        s.start()
        s.settle()
        equal(inbox(s, 1), [], "notifications of a notification")


@case("NOTIFY=SUCCESS tells of the delivery")
def success():
    with Server(users=2, binary=BINARY) as s:
        send(s, ["u2@example.org"], options=["NOTIFY=SUCCESS"])
        s.settle()
        time.sleep(0.3)
        s.settle()
        reports = inbox(s, 1)
        equal(len(reports), 1, "notifications")
        equal(reports[0].get_payload()[1].get_payload()[1]["Action"], "delivered", "what happened")


@case("a crash between the mailbox's commit and the queue's doubles nothing, aliases or not")
def twice():
    with Server(users=4, binary=BINARY) as s:
        s.command("alias", "add", "all@example.org", *[s.user(i) for i in (1, 2, 3, 4)])
        s.stop()
        for n in (1, 2, 3):
            s.environment["MANSIO_CRASH"] = "attempt.delivered:%d" % n
            s.start(port="smtp")
            try:
                for _ in range(n):
                    send(s, ["all@example.org", "u2@example.org"], sender="x@example.net")
                    s.settle(3)
            except (smtplib.SMTPException, OSError, RuntimeError):
                pass
            s.process.wait(10)
        del s.environment["MANSIO_CRASH"]
        s.start()
        s.settle()
        counts = [len(inbox(s, i)) for i in (1, 2, 3, 4)]
        check(counts[0] >= 3, "copies: %s" % counts)
        # By name u2 is a recipient besides the alias: two copies of each.
        equal(counts, [counts[0], 2 * counts[0], counts[0], counts[0]], "copies")
        ids = [m["Received"].split(" id ")[1].split()[0].rstrip(";") if " id " in m["Received"]
               else m["Received"] for m in inbox(s, 1)]
        equal(len(set(ids)), len(ids), "distinct messages")
        s.verify()


@case("mail for a full mailbox waits, and comes when there is room")
def full():
    with Server(users=2, binary=BINARY, edit=lambda t: t + 'queue { retry = { 1s } }\n') as s:
        s.command("user", "set", "u2@example.org", "--quota", "2KiB")
        send(s, ["u2@example.org"], text="Subject: big\r\n\r\n" + "x" * 70 + "\r\n" * 1500)
        time.sleep(0.5)
        check("u2@example.org" in s.command("queue", "list"), "it waits")
        equal(inbox(s, 2), [], "delivered in spite of the quota")
        s.command("user", "set", "u2@example.org", "--quota", "1MiB")
        s.settle(15)
        equal(len(inbox(s, 2)), 1, "delivered")


@case("what is held waits for its release; what is dropped is gone")
def held():
    with Server(users=2, binary=BINARY, edit=lambda t: t + 'queue { retry = { 10m } }\n') as s:
        s.command("user", "set", "u2@example.org", "--quota", "1KiB")
        for n in range(2):
            send(s, ["u2@example.org"], text="Subject: %d\r\n\r\n%s" % (n, "y" * 3000 + "\r\n"))
        time.sleep(0.5)
        rows = [l.split()[0] for l in s.command("queue", "list").splitlines()[1:]]
        equal(len(rows), 2, "queued")
        s.command("queue", "hold", rows[0])
        check("held" in s.command("queue", "show", rows[0]), "the hold is shown")
        s.command("queue", "drop", rows[1])
        s.command("user", "set", "u2@example.org", "--quota", "1MiB")
        s.command("queue", "retry", "all", check=False)
        s.stop()
        s.start()
        check(rows[1] not in s.command("queue", "list"), "dropped")
        s.command("queue", "release", rows[0], check=False)
        s.settle(10)
        equal(len(inbox(s, 2)), 1, "released and delivered")


if not os.access(BINARY, os.X_OK):
    tap.skip_all("there is no build with crash points")
tap.run()
