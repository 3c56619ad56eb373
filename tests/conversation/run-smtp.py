#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# needs: strace
"""SMTP as a hostile or careless peer speaks it; the numbers are those of the
cases in ../shared/reliability.md, section 3."""
import base64
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap
from server import PASSWORD, Server, port_base, tls_only
from tap import Skip, case, check, equal, matches
from wire import Broken, Closed, Pop3, Raw, Smtp, mailbox, wait_for

HEADER = b"From: <a@remote.example>\r\nTo: <u1@example.org>\r\nSubject: test\r\n\r\n"
SMALL_LIMIT = 1024 * 1024


def configure(text):
    """Passwords only over TLS, as shipped; and listeners with short limits."""
    text = tls_only(text)
    return text + '''
smtp "small" { listen = "127.0.0.1:%d"  pipeline = inbound  max-size = 1MiB }
smtp "quick" { listen = "127.0.0.1:%d"  pipeline = inbound
               command-timeout = 3s  data-timeout = 4s }
smtp "late"  { listen = "127.0.0.1:%d"  pipeline = inbound  greet-delay = 500ms }
smtp "few"   { listen = "127.0.0.1:%d"  pipeline = inbound  per-client = 50 }
''' % tuple(port_base(text) + i for i in (1, 2, 3, 4))


S = Server(users=4, edit=configure, hostname="mx.example.org")
PORTS = {"small": S.base + 1, "quick": S.base + 2, "late": S.base + 3, "few": S.base + 4}
MX, SUBMISSION, SUBMISSIONS = S.port("smtp"), S.port("submission"), S.port("submissions")


def held(user):
    """How many messages somebody has, once all are delivered."""
    S.settle(30)
    return len(mailbox(S, user))


def nothing_new(user, before):
    time.sleep(0.2)
    equal(held(user), before, "messages of " + user)


def still_works():
    with Smtp(MX) as c:
        c.message(S.user(4), HEADER + b"still there\r\n")


# ---- what ends a message --------------------------------------------------------

@case("S01 a message ends with CRLF.CRLF and nothing else; a bare LF is refused, once")
def s01():
    before = held(S.user(1))
    ends = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n.\r", b"\r.\n",
            b"\r\n\x00.\r\n", b"\n\n.\r\n", b"\n\r.\r\n", b"\r\n.\x00\r\n",
            b"\n.\n\r\n", b"\r\n.\r\r\n"]
    for end in ends:
        with Smtp(MX) as c:
            c.envelope("x@remote.example", S.user(1))
            c.say("DATA", 354)
            # The smuggled commands are text, and there is one reply alone.
            c.send(HEADER + b"body" + end + b"MAIL FROM:<evil@remote.example>\r\nRCPT TO:<%s>\r\n"
                   b"DATA\r\nSubject: smuggled\r\n\r\nhello" % S.user(1).encode())
            check(c.is_silent(0.1), "%r was taken for the end" % end)
            c.send(b"\r\n.\r\n")
            code, text = c.reply()
            equal(code, 550, "%r" % end)
            matches(text, r"^5\.6\.(11|0)", "%r" % end)
            c.say("NOOP", 250)
            check(c.is_silent(0.05), "more than one reply to %r" % end)
    nothing_new(S.user(1), before)


@case("S03 a bare CR in the header is refused with 5.6.11")
def s03():
    with Smtp(MX) as c:
        c.envelope("x@remote.example", S.user(1))
        c.data(b"Subject: a\rBcc: b\r\n\r\nbody\r\n", "550 5.6.11")
        c.envelope("x@remote.example", S.user(1))
        body = b"Subject: a\rBcc: b\r\n\r\nbody\r\n"
        c.send(b"BDAT %d LAST\r\n" % len(body) + body)
        c.expect("550 5.6.11")


@case("S04 NUL is refused in DATA, and kept by BDAT with BODY=BINARYMIME")
def s04():
    before = held(S.user(1))
    with Smtp(MX) as c:
        c.envelope("x@remote.example", S.user(1))
        c.data(HEADER + b"a\0b\r\n", "550 5.6.0")
        c.envelope("x@remote.example", S.user(1))
        body = HEADER + b"a\0b\r\n"
        c.send(b"BDAT %d LAST\r\n" % len(body) + body)
        c.expect("550 5.6.0")
        c.say("MAIL FROM:<x@remote.example> BODY=BINARYMIME", 250)
        c.say("RCPT TO:<%s>" % S.user(1), 250)
        c.say("DATA", 503)
        body = HEADER + bytes(range(256)) * 4 + b"\n\r\0end without a line's end"
        c.send(b"BDAT %d\r\n" % 100 + body[:100])
        c.expect(250)
        c.send(b"BDAT %d LAST\r\n" % (len(body) - 100) + body[100:])
        c.expect(250)
    got = mailbox(S, S.user(1), wanted=before + 1)[-1]
    check(got.endswith(body), "the octets changed: %r" % got[-80:])


# ---- TLS and logging in ----------------------------------------------------------

@case("S05 what came before STARTTLS's answer is not obeyed after it")
def s05():
    for inject in (b"NOOP\r\n", b"RSET\r\nMAIL FROM:<x@remote.example>\r\n", b"N"):
        for port in (MX, SUBMISSION):
            with Smtp(port) as c:
                c.send(b"STARTTLS\r\n" + inject)
                try:
                    code, _ = c.reply()
                except Closed:
                    continue
                if code == 220:
                    check(c.is_closed(3) or not c.buffer.startswith(b"2"), "went on after %r" % inject)
                else:
                    check(code in (501, 503, 554, 421), "answered %d" % code)
    with Smtp(MX) as c:
        c.say("STARTTLS", 220)
        c.start_tls()
        check(c.is_silent(0.3), "spoke first after the handshake")
        c.say("EHLO client.example", 250)


@case("S06 STARTTLS forgets EHLO, MAIL and RCPT")
def s06():
    with Smtp(MX) as c:
        c.envelope("x@remote.example", S.user(1))
        c.say("STARTTLS", 220, 503)
        if c.said.startswith("5"):
            c.say("RSET", 250)
            c.say("STARTTLS", 220)
        c.start_tls()
        c.say("RCPT TO:<%s>" % S.user(1), 503)
        c.say("MAIL FROM:<x@remote.example>", 503)
        told = c.say("EHLO client.example", 250)
        check("STARTTLS" not in told, "STARTTLS is offered twice")
        c.say("RCPT TO:<%s>" % S.user(1), 503)
        c.say("STARTTLS", 503, 502, 554)
        c.message(S.user(1), HEADER + b"over TLS\r\n")


@case("S07 AUTH in clear is neither offered nor taken")
def s07():
    for port in (MX, SUBMISSION):
        with Smtp(port, hello=None) as c:
            told = c.say("EHLO client.example", 250)
            check("AUTH" not in told, "AUTH is offered in clear")
            code, text = (c.send_line("AUTH PLAIN AHUxQGV4YW1wbGUub3JnAHNlY3JldA=="), c.reply())[1]
            check(code in (502, 503, 530, 538), "AUTH in clear: %d %s" % (code, text))
            if port == SUBMISSION:
                check(code in (530, 538) and text.startswith(("5.7.11", "5.7.0")), "%d %s" % (code, text))
                c.say("MAIL FROM:<%s>" % S.user(1), 530)
    with Smtp(SUBMISSION) as c:
        c.say("STARTTLS", 220)
        c.start_tls()
        check("AUTH" in c.say("EHLO client.example", 250), "AUTH is not offered within TLS")
        c.login(S.user(1))


@case("S08 broken AUTH exchanges cost that exchange alone")
def s08():
    other = Smtp(SUBMISSIONS, tls=True)
    with Smtp(SUBMISSIONS, tls=True) as c:
        c.say("AUTH PLAIN", 334)
        try:
            c.send(b"A" * (3 * 1024 * 1024) + b"\r\n")
            c.expect(500, 501, 421)
        except (OSError, Closed):
            pass		# closed before the end, as it may be
    with Smtp(SUBMISSIONS, tls=True) as c:
        c.say("AUTH PLAIN !!!notbase64", 501)
        c.say("AUTH PLAIN", 334)
        c.say("dXNlckB0ZXN0c2VydmVyAHlalala==", 501)
        c.say("AUTH PLAIN", 334)
        c.say("*", 501)
    with Smtp(SUBMISSIONS, tls=True) as c:
        c.send_line("AUTH PLAIN =")	# an empty response, or as if there were none
        if c.reply()[0] == 334:
            c.say("*", 501)
        c.login(S.user(1))
    with Smtp(SUBMISSIONS, tls=True) as c:
        c.say("AUTH NOSUCH", 504, 534)
        c.say("AUTH", 501, 504)
        c.say("AUTH PLAIN " + base64.b64encode(b"\0" + S.user(1).encode() + b"\0wrong").decode(), 535)
        c.login(S.user(1))
        c.say("AUTH PLAIN AHUxQGV4YW1wbGUub3JnAHNlY3JldA==", 503)
        c.say("MAIL FROM:<%s>" % S.user(1), 250)
        c.say("AUTH PLAIN AHUxQGV4YW1wbGUub3JnAHNlY3JldA==", 503)
    other.login(S.user(2))
    other.say("MAIL FROM:<%s>" % S.user(2), 250)
    other.close()


@case("S08b AUTH LOGIN and SCRAM-SHA-256 work; nobody sends in another's name")
def s08b():
    def b64(s):
        return base64.b64encode(s.encode()).decode()
    with Smtp(SUBMISSIONS, tls=True) as c:
        c.say("AUTH LOGIN", 334)
        c.say(b64(S.user(1)), 334)
        c.say(b64(PASSWORD), 235)
        c.say("MAIL FROM:<%s>" % S.user(2), 550, 553, 554)
        c.say("MAIL FROM:<%s>" % S.user(1), 250)
        c.say("RCPT TO:<%s>" % S.user(2), 250)
        c.data(b"Subject: own\r\nFrom: <%s>\r\nBcc: <u3@example.org>\r\n\r\nhello\r\n" %
               S.user(1).encode(), 250)
    got = wait_for(lambda: mailbox(S, S.user(2)), what="submitted mail does not arrive")[-1]
    header = got.split(b"\r\n\r\n")[0]
    check(b"Bcc" not in header, "Bcc is still there")
    check(b"Message-ID:" in header and b"Date:" in header, "Date and Message-ID are missing")


# ---- sizes and lines ----------------------------------------------------------------

@case("S09 a message over the limit is refused, at MAIL if announced")
def s09():
    with Smtp(PORTS["small"], hello=None) as c:
        told = c.say("EHLO client.example", 250)
        check("SIZE %d" % SMALL_LIMIT in told, "SIZE is not told: " + told)
        c.say("MAIL FROM:<x@remote.example> SIZE=%d" % (SMALL_LIMIT + 1), "552 5.3.4")
        c.say("MAIL FROM:<x@remote.example> SIZE=99999999999999999999999", 552, 501)
        c.say("MAIL FROM:<x@remote.example> SIZE=100", 250)
        c.say("RCPT TO:<%s>" % S.user(1), 250)
        line = b"x" * 78 + b"\r\n"
        c.data(HEADER + line * (SMALL_LIMIT // 80 + 1), "552 5.3.4")
        c.say("MAIL FROM:<x@remote.example>", 250)
        c.say("RCPT TO:<%s>" % S.user(1), 250)
        body = HEADER + line * (SMALL_LIMIT // 80 + 1)
        c.send(b"BDAT 600000\r\n" + body[:600000])
        c.expect(250)
        c.send(b"BDAT %d LAST\r\n" % (len(body) - 600000) + body[600000:])
        c.expect("552 5.3.4")
        c.say("RSET", 250)
        # Exactly the limit is no more than the limit.
        body = (HEADER + line * (SMALL_LIMIT // 80))[:SMALL_LIMIT - 2] + b"\r\n"
        c.envelope("x@remote.example", S.user(4))
        c.data(body, 250)


@case("S11 command lines that are too long are refused; endless ones close the connection")
def s11():
    with Smtp(MX) as c:
        c.say("NOOP " + "x" * 505, 250)
        c.say("NOOP " + "x" * 506, "500 5.5.2")
        c.say("NOOP", 250)
    with Smtp(SUBMISSIONS, tls=True) as c:
        c.say("AUTH PLAIN " + "A" * 12289, "500 5.5.2", 501)
    before = S.memory()
    with Smtp(MX) as c:
        try:
            for _ in range(16):
                c.send(b"x" * 65536)
            closed = c.is_closed(5)
        except (OSError, Closed):
            closed = True
        check(closed, "a line of 1 MiB does not close the connection")
        matches(c.buffer or b"500", r"^(500|421)", "last words")
    check(S.memory() - before < 8 << 20, "memory grew by %d" % (S.memory() - before))
    still_works()


@case("S12 long lines of text go through unchanged")
def s12():
    before = held(S.user(1))
    body = HEADER + b"".join(b"%c" % (97 + i) * n + b"\r\n"
                             for i, n in enumerate((998, 999, 1000, 2000, 100000)))
    with Smtp(MX) as c:
        c.message(S.user(1), body)
    check(mailbox(S, S.user(1), wanted=before + 1)[-1].endswith(body), "the text changed")


@case("S12b dots are unstuffed once, and every octet above 127 comes through")
def s12b():
    before = held(S.user(1))
    body = HEADER + b".\r\n..\r\n.leading\r\n...\r\na.b\r\n" + \
        bytes(b for b in range(1, 256) if b not in (10, 13)) + b"\r\n.\r\n\r\n.\r\n"
    with Smtp(MX) as c:
        c.message(S.user(1), body)
    check(mailbox(S, S.user(1), wanted=before + 1)[-1].endswith(body), "the text changed")


# ---- envelopes ------------------------------------------------------------------------

@case("S13 the 1001st recipient is asked to come again, the 1000 get their mail once")
def s13():
    with Smtp(MX) as c:
        c.say("MAIL FROM:<x@remote.example>", 250)
        wanted = [S.user(i % 4 + 1).replace("@", "+n%d@" % (i // 4)) for i in range(1000)]
        c.send(b"".join(b"RCPT TO:<%s>\r\n" % r.encode() for r in wanted))
        for _ in wanted:
            c.expect(250)
        c.say("RCPT TO:<%s>" % S.user(1).replace("@", "+more@"), "452 4.5.3")
        c.data(b"Subject: s13\r\n\r\nto a thousand\r\n", 250)
    S.settle(30)
    total = 0
    for i in range(1, 5):
        total += sum(b"\r\nSubject: s13\r\n" in m for m in mailbox(S, S.user(i)))
    # +nNNN are sub-addresses of four accounts: one copy each, or one for each address.
    check(total in (4, 1000), "%d copies" % total)


@case("S15 a source route does not relay")
def s15():
    with Smtp(MX) as c:
        c.say("MAIL FROM:<x@remote.example>", 250)
        c.say("RCPT TO:<@a.example,@b.example:c@d.example>", 550, 553, 554)
        c.say("RCPT TO:<@example.org:c@d.example>", 550, 553, 554)
        for target in ("c%d.example@example.org", "c%%d.example@example.org", "d.example!c@example.org",
                       "\"c@d.example\"@example.org"):
            c.say("RCPT TO:<%s>" % target, 550, 553, 501)


@case("S17 shell characters in addresses start nothing")
def s17():
    if shutil.which("strace") is None:
        raise Skip("no strace")
    trace = os.path.join(S.dir, "trace")
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=execve,execveat,fork,vfork",
                               "-o", trace, "-p", str(S.process.pid)], stderr=subprocess.PIPE)
    try:
        time.sleep(0.5)
        if tracer.poll() is not None:
            raise Skip("strace may not attach: %s" % tracer.stderr.read().decode()[:100])
        with Smtp(MX) as c:
            for a in (";sleep 9;@x.example", "`id`@x.example", "$(id)@x.example", "|id@x.example",
                      "\"|id\"@x.example", "a&b@x.example", "'@x.example", "\"a\\\"b\"@x.example",
                      "a\\n@x.example", "../../x@x.example", "-bi@x.example"):
                c.send_line("MAIL FROM:<%s>" % a)
                code, _ = c.reply()
                check(code in (250, 501, 553), "MAIL FROM:<%s>: %d" % (a, code))
                if code == 250:
                    c.say("RCPT TO:<%s>" % S.user(4), 250)
                    c.data(HEADER + b"x\r\n", 250)
                c.say("RSET", 250)
                c.say("MAIL FROM:<x@remote.example>", 250)
                c.say("RCPT TO:<%s>" % a.replace("x.example", "example.org"), 550, 501, 553)
                c.say("RSET", 250)
        S.settle()
    finally:
        tracer.terminate()
        tracer.wait()
    with open(trace) as f:
        calls = [l for l in f if "exec" in l or "fork" in l]
    equal(calls, [], "calls")


@case("S18 no relaying for strangers")
def s18():
    with Smtp(MX) as c:
        c.say("MAIL FROM:<x@remote.example>", 250)
        c.say("RCPT TO:<y@elsewhere.example>", "550 5.7.1")
        c.say("RCPT TO:<%s>" % S.user(1), 250)
        c.say("RSET", 250)
        c.say("MAIL FROM:<%s>" % S.user(1), 250, 550, 553)
        c.say("RCPT TO:<y@elsewhere.example>", "550 5.7.1", 503)
        c.say("RCPT TO:<y@[127.0.0.1]>", 550, 501, 503)
        c.say("RCPT TO:<postmaster>", 250, 503)


@case("S19 non-ASCII addresses need SMTPUTF8; domains are compared as A-labels")
def s19():
    with Smtp(MX) as c:
        c.say("MAIL FROM:<ann\u00e9@remote.example>", "553 5.6.7", "550 5.6.7")
        c.say("MAIL FROM:<x@remote.example>", 250)
        c.say("RCPT TO:<\u00fc1@example.org>", "553 5.6.7", "550 5.6.7")
        c.say("RSET", 250)
        c.say("MAIL FROM:<ann\u00e9@remote.example> SMTPUTF8", 250)
        # Cyrillic \u0435 in example: another domain, not ours.
        c.say("RCPT TO:<u1@\u0435xample.org>", "550 5.7.1")
        c.say("RCPT TO:<\u00fc1@example.org>", "550 5.1.1")
        c.say("RCPT TO:<u1@EXAMPLE.org>", 250)
        c.data(b"Subject: gr\xc3\xbc\xc3\x9fe\r\n\r\nx\r\n", 250)


@case("S20 a chunk that does not come to its end leaves nothing")
def s20():
    before = held(S.user(1))
    for part, hard in ((b"12345", False), (b"", True), (b"1234567890"[:9], True)):
        with Smtp(MX) as c:
            c.envelope("x@remote.example", S.user(1))
            c.send(b"BDAT 10 LAST\r\n" + part)
            time.sleep(0.05)
            (c.reset if hard else c.close)()
    for stop in range(0, 60, 7):
        with Smtp(MX) as c:
            c.envelope("x@remote.example", S.user(1))
            c.say("DATA", 354)
            c.send((HEADER + b"cut\r\n.\r")[:stop if stop < 56 else None])
    nothing_new(S.user(1), before)


@case("S22 a chunk that is not welcome is swallowed to its last octet")
def s22():
    with Smtp(MX) as c:
        body = b"QUIT\r\n" * 1000
        c.send(b"BDAT %d LAST\r\n" % len(body) + body + b"NOOP\r\n")
        c.expect(503)
        c.expect(250)
        c.say("MAIL FROM:<x@remote.example>", 250)
        c.send(b"BDAT %d\r\n" % len(body) + body + b"BDAT %d LAST\r\n" % len(body) + body + b"NOOP\r\n")
        c.expect(503, 554)
        c.expect(503, 554)
        c.expect(250)
        c.say("RSET", 250)
        c.envelope("x@remote.example", S.user(4))
    for absurd in (b"abc", b"", b"-1", b"99999999999999999999 LAST", b"5 LAST now"):
        with Smtp(MX) as c:
            c.envelope("x@remote.example", S.user(4))
            c.send(b"BDAT %s\r\n" % absurd)
            code, _ = c.reply()
            check(code in (501, 552, 421), "BDAT %s: %d" % (absurd, code))
            # Where the next command begins is unknown: all that may follow is the end.
            check(c.is_closed(2), "BDAT %s: goes on" % absurd)
    with Smtp(MX) as c:
        c.envelope("x@remote.example", S.user(4))
        c.send(b"BDAT 0 LAST\r\n")
        c.expect(250, 550, 554)
    with Smtp(MX) as c:
        c.envelope("x@remote.example", S.user(4))
        c.send(b"BDAT 10\r\n0123456789")
        c.expect(250)
        c.say("DATA", 503)
        c.say("MAIL FROM:<>", 503)
        c.say("RSET", 250)
        c.say("MAIL FROM:<>", 250)


@case("S23 10,000 pipelined commands are all answered, in bounded memory")
def s23():
    before = S.memory()
    with Smtp(MX) as c:
        n = 10000
        c.socket.settimeout(30)
        sender = threading.Thread(target=lambda: c.socket.sendall(b"RSET\r\n" * n))
        sender.start()
        for _ in range(n):
            c.expect(250)
        sender.join()
    with Smtp(MX) as c:		# who does not read his answers is not read either
        c.socket.setblocking(False)
        sent = 0
        end = time.monotonic() + 2
        while time.monotonic() < end and sent < 64 << 20:
            try:
                sent += c.socket.send(b"VRFY x\r\n" * 4096)
            except BlockingIOError:
                time.sleep(0.01)
        check(sent < 32 << 20, "%d octets were read without an answer being taken" % sent)
    check(S.memory() - before < 32 << 20, "memory grew by %d" % (S.memory() - before))


@case("S25 a web browser is shown the door")
def s25():
    for request in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 30\r\n\r\n"
                    b"MAIL FROM:<x@remote.example>\r\n", b"HEAD / HTTP/1.0\r\n\r\n",
                    b"CONNECT x:25 HTTP/1.1\r\n\r\n"):
        for hello in (None, "EHLO client.example"):
            with Smtp(MX, hello=hello) as c:
                c.send(request)
                check(c.is_closed(3), "still open after %r" % request)
                matches(c.buffer or b"554", rb"^(221|421|5\d\d)".decode(), "last words")
                check(c.buffer.count(b"\r\n") <= 1, "more than one answer: %r" % c.buffer)


@case("S26 who talks before the greeting is turned away")
def s26():
    with Raw(PORTS["late"]) as c:
        c.send(b"EHLO early.example\r\n")
        matches(c.line(), r"^554 5\.5\.0")
        check(c.is_closed(3), "still open")
    with Smtp(PORTS["late"]) as c:
        c.say("NOOP", 250)


@case("S27 100 Received fields or our own Delivered-To are a loop")
def s27():
    def looped(header, user):
        with Smtp(MX) as c:
            c.envelope("x@remote.example", user)
            c.send_line("DATA")
            c.expect(354)
            c.send(header + HEADER + b"x\r\n.\r\n")
            return c.reply()
    received = b"Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    code, text = looped(received * 100, S.user(1))
    equal((code, text[:5]), (554, "5.4.6"), "100 Received")
    code, text = looped(received * 99, S.user(1))
    equal(code, 250, "99 Received")
    before = held(S.user(2))
    code, text = looped(b"Delivered-To: %s\r\n" % S.user(2).encode(), S.user(2))
    if code == 250:
        # Refused at delivery at the latest: it does not get there.
        nothing_new(S.user(2), before)
        raise Broken("own Delivered-To: 250, refused by a notification later (wanted 554 5.4.6)")
    equal((code, text[:5]), (554, "5.4.6"), "own Delivered-To")
    code, text = looped(b"Delivered-To: %s\r\n" % S.user(3).encode(), S.user(2))
    equal(code, 250, "another's Delivered-To")


@case("S29 MIME 10,000 deep costs little and is kept")
def s29():
    depth = 10000
    body = b"From: <a@remote.example>\r\nSubject: deep\r\nMIME-Version: 1.0\r\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(depth)) + \
        b"Content-Type: text/plain\r\n\r\nbottom\r\n"
    before, cpu = held(S.user(1)), S.cpu()
    with Smtp(MX) as c:
        c.message(S.user(1), body)
    check(mailbox(S, S.user(1), wanted=before + 1)[-1].endswith(body), "the text changed")
    check(S.cpu() - cpu < 1, "%.2f s of processor time" % (S.cpu() - cpu))


# ---- time and numbers --------------------------------------------------------------------

@case("S31 slow peers meet the deadline of the whole command and of the whole message")
def s31():
    with Smtp(PORTS["quick"]) as c:
        began = time.monotonic()
        try:
            for octet in b"NOOP xxxxxxxxxxxxxxxxxxxxxxxxxxx":
                c.send(bytes([octet]))
                time.sleep(0.5)
                if not c.is_silent(0):
                    break
        except OSError:
            pass
        check(c.is_closed(3), "still open")
        took = time.monotonic() - began
        check(2 < took < 6, "closed after %.1f s" % took)
        matches(c.buffer, r"^421 4\.4\.2", "last words")
    with Smtp(PORTS["quick"]) as c:
        c.envelope("x@remote.example", S.user(1))
        c.say("DATA", 354)
        began = time.monotonic()
        try:
            for octet in HEADER:
                c.send(bytes([octet]))
                time.sleep(0.5)
                if not c.is_silent(0):
                    break
        except OSError:
            pass
        check(c.is_closed(3), "still open")
        check(3 < time.monotonic() - began < 8, "closed after %.1f s" % (time.monotonic() - began))
        matches(c.buffer, r"^421 4\.4\.2", "last words")


@case("S32 connections past the limit of one address get 421, another address is served")
def s32():
    held, refused = [], 0
    try:
        for _ in range(60):
            c = Raw(PORTS["few"])
            line = c.line()
            if line.startswith(b"220"):
                held.append(c)
                continue
            matches(line, r"^421 4\.7\.0")
            check(c.is_closed(3), "421, but open")
            refused += 1
        equal((len(held), refused), (50, 10), "served, refused")
        began = time.monotonic()
        with Smtp(PORTS["few"], source="127.0.0.2") as c:
            c.say("NOOP", 250)
        check(time.monotonic() - began < 1, "another address waited")
    finally:
        for c in held:
            c.close()
    def again():
        with Raw(PORTS["few"]) as c:
            return c.line().startswith(b"220")
    wait_for(again, 3, "the places are not given back")


@case("S33 VRFY and EXPN tell nothing")
def s33():
    with Smtp(MX) as c:
        answers = []
        for who in (S.user(1), "nobody@example.org", "u1", "nobody"):
            c.send_line("VRFY " + who)
            answers.append(c.reply())
        equal(len(set(answers)), 1, "answers to VRFY %s" % answers)
        equal(answers[0][0], 252, "VRFY")
        c.say("EXPN staff", 502, 550)


@case("S35 an unknown user is refused at RCPT")
def s35():
    with Smtp(MX) as c:
        c.say("MAIL FROM:<x@remote.example>", 250)
        c.say("RCPT TO:<nobody@example.org>", "550 5.1.1")
        c.say("RCPT TO:<\"no body\"@example.org>", "550 5.1.1")
        c.say("DATA", 503, 554)


@case("S37 two messages race for the last octets of a quota: one wins, usage stays within")
def s37():
    S.add_user("full@example.org", "--quota", "100KiB")
    content = HEADER + b"x" * 70 + b"\r\n"
    body = HEADER + (b"y" * 78 + b"\r\n") * (60 * 1024 // 80)
    results = []

    def one():
        with Smtp(S.port("lmtp"), hello="LHLO client.example") as c:
            c.envelope("x@remote.example", "full@example.org")
            c.say("DATA", 354)
            barrier.wait()
            c.send(body + b".\r\n")
            results.append(c.reply())
    barrier = threading.Barrier(2)
    threads = [threading.Thread(target=one) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    codes = sorted(code for code, _ in results)
    check(codes[0] == 250 and codes[1] in (452, 552), "answers %s" % results)
    equal(held("full@example.org"), 1, "messages")
    with Smtp(S.port("lmtp"), hello="LHLO client.example") as c:
        c.message("full@example.org", content)


@case("S39 nothing that a peer says becomes a line of the header")
def s39():
    before = held(S.user(1))
    with Smtp(MX, hello=None) as c:
        c.send(b"EHLO a\rb\r\n")
        c.expect(500, 501)
        c.say("EHLO (comment\\", 250, 501)
        c.say("EHLO x.example;y", 250, 501)
        c.say("MAIL FROM:<x@remote.example> ENVID=a+0D+0AX-Evil:+20yes", 250, 501)
        if c.said.startswith("5"):
            c.say("MAIL FROM:<x@remote.example>", 250)
        c.say("RCPT TO:<%s> ORCPT=rfc822;a+0D+0ABcc:x" % S.user(1), 250, 501)
        if c.said.startswith("5"):
            c.say("RCPT TO:<%s>" % S.user(1), 250)
        c.data(HEADER + b"x\r\n", 250)
        for bad in ("ENVID=a b", "ENVID=+", "ENVID=+0g", "ENVID=a=b", "ENVID="):
            c.say("MAIL FROM:<x@remote.example> " + bad, 501, 555)
            c.say("RSET", 250)
    header = mailbox(S, S.user(1), wanted=before + 1)[-1].split(b"\r\n\r\n")[0]
    names = [l.split(b":")[0] for l in header.split(b"\r\n") if l[:1] not in b" \t"]
    equal(names, [b"Return-Path", b"Delivered-To", b"Received", b"From", b"To", b"Subject"], "fields")
    check(b"\n" not in header.replace(b"\r\n", b"") and b"\r" not in header.replace(b"\r\n", b""), "bare CR or LF")


@case("S40 malformed DSN parameters are refused with 5.5.4")
def s40():
    with Smtp(MX) as c:
        for bad in ("RET=X", "RET=", "ENVID=" + "a" * 10240, "RET=FULL RET=HDRS", "BODY=9BIT",
                    "NOSUCH=1", "SIZE=x", "SIZE=-1"):
            c.say("MAIL FROM:<x@remote.example> " + bad, "501 5.5.4", "555 5.5.4", "500 5.5.2")
        c.say("MAIL FROM:<x@remote.example> RET=HDRS ENVID=abc", 250)
        for bad in ("NOTIFY=NEVER,FAILURE", "NOTIFY=", "NOTIFY=SOMETIMES", "ORCPT=", "ORCPT=rfc822",
                    "NOTIFY=FAILURE NOTIFY=DELAY"):
            c.say("RCPT TO:<%s> %s" % (S.user(1), bad), "501 5.5.4")
        c.say("RCPT TO:<%s> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;u1@example.org" % S.user(1), 250)


# ---- order and grammar -------------------------------------------------------------------

@case("S44 commands out of order, in any case, with odd spaces")
def s44():
    with Smtp(MX, hello=None) as c:
        c.say("MAIL FROM:<x@remote.example>", 503)
        c.say("HELO", 501)
        c.say("EHLO", 501)
        c.say("ehlo client.example", 250)
        c.say("RCPT TO:<%s>" % S.user(1), 503)
        c.say("DATA", 503)
        c.say("mail from:<x@remote.example>", 250)
        c.say("MAIL FROM:<x@remote.example>", 503)
        c.say("DATA", 503, 554)
        c.say("rcpt to:<%s>" % S.user(1), 250)
        c.say("RCPT TO:%s" % S.user(1), 501, 250)
        c.say("RCPT TO:", 501)
        c.say("RCPT LALA: <>", 501, 500)
        c.say("RCPT TO:<>", 501, 550, 553)
        c.say("RCPT TO:<a@b@c>", 501, 553, 550)
        c.say("RCPT TO:<a@xn--->", 501, 553, 550)
        c.say("RCPT TO:<%s@example.org>" % ("a" * 300), 501, 500, 550, 553)
        c.say("HELO again.example", 250)	# a RSET, too
        c.say("RCPT TO:<%s>" % S.user(1), 503)
        c.say("DATA now", 501, 503)
        c.say("", 500)
        c.say("WHATISTHIS", 500, 502)
        c.say("QUIT", 221)
        check(c.is_closed(2), "open after QUIT")


@case("S45 a peer that only makes mistakes is sent away")
def s45():
    with Smtp(MX) as c:
        for i in range(200):
            try:
                c.send_line("NONSENSE %d" % i)
                code, _ = c.reply()
            except (Closed, OSError):
                break
            if code == 421:
                check(c.is_closed(2), "421, but open")
                break
        else:
            raise Broken("200 mistakes were put up with")


@case("S46 the trace fields are there, and in order")
def s46():
    before = held(S.user(3))
    with Smtp(MX) as c:
        c.message(S.user(3), HEADER + b"x\r\n", sender="bounce+1@remote.example")
        c.say("MAIL FROM:<>", 250)
        c.say("RCPT TO:<%s>" % S.user(3), 250)
        c.data(HEADER + b"null\r\n", 250)
    first, second = mailbox(S, S.user(3), wanted=before + 2)[-2:]
    check(first.startswith(b"Return-Path: <bounce+1@remote.example>\r\nDelivered-To: u3@example.org\r\n"
                           b"Received: from client.example ([127.0.0.1])\r\n"), "%r" % first[:300])
    check(second.startswith(b"Return-Path: <>\r\n"), "%r" % second[:300])


@case("S47 descriptors and memory are given back")
def s47():
    def some():
        for _ in range(50):
            with Smtp(MX) as c:
                c.envelope("x@remote.example", S.user(4))
                c.say("DATA", 354)
                c.send(b"x" * 200)
            with Smtp(SUBMISSIONS, tls=True) as c:
                c.reset()
    some()
    time.sleep(0.3)
    before = S.descriptors()
    for _ in range(3):
        some()
    wait_for(lambda: S.descriptors() <= before + 2, 3, "descriptors: %d, then %d" % (before, S.descriptors()))


def afterwards(failed):
    check(S.is_alive(), "the server died: " + S.log()[-2000:])
    S.verify()
    equal(S.stop(), 0, "exit status")
    if failed and os.environ.get("VERBOSE"):
        tap.note(S.log()[-5000:])


tap.run(after=afterwards)
