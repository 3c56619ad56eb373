#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""IMAP as a hostile, careless or unlucky client speaks it; the numbers are
those of the cases in ../shared/reliability.md, section 3."""
import glob
import os
import re
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap
from server import PASSWORD, Server, port_base, tls_only
from tap import Skip, case, check, equal, matches
from wire import Broken, Closed, Imap, Raw, Smtp, mailbox, wait_for

MESSAGE = b"From: <a@remote.example>\r\nTo: <u1@example.org>\r\nSubject: test\r\n\r\nbody\r\n"


def configure(text):
    """Passwords only over TLS, as shipped; a listener that has little patience."""
    return tls_only(text) + '''
imap "quick" { listen = "127.0.0.1:%d tls"  mailbox = mail  login-timeout = 5s  output-timeout = 10s
               max-size = 64KiB }
''' % (port_base(text) + 1)


S = Server(users=20, edit=configure)
CLEAR, TLS, QUICK = S.port("imap"), S.port("imaps"), S.base + 1
GUESSER = "127.0.9.9"


def login(i, select=None, port=None):
    return Imap(port or TLS, S.user(i), select=select, tls=True)


def fill(c, n, name="INBOX", message=MESSAGE):
    for _ in range(n):
        c.append(message, name)


def tagged_or_closed(c, tag):
    """The tagged answer, or "BYE", or "closed"."""
    try:
        while True:
            r = c.response()
            if r.startswith(tag + b" "):
                return r[len(tag) + 1:].decode()
            if r.startswith(b"* BYE"):
                return "BYE"
            if r.startswith(b"+"):
                return "+"
    except Closed:
        return "closed"


# ---- announcements -----------------------------------------------------------------

@case("I01 an absurd literal before the login is refused, and costs no memory")
def i01():
    before = S.memory()
    held = []
    for size in (b"2147483647+", b"4294967295+", b"18446744073709551616+", b"99999999999999999999999+",
                 b"4097+", b"2147483647", b"9223372036854775807"):
        c = Imap(TLS, tls=True)
        held.append(c)
        c.send(b"a LOGIN {%s}\r\n" % size)
        answer = tagged_or_closed(c, b"a")
        check(answer in ("BYE", "closed") or answer.startswith(("BAD", "NO")), "{%s}: %s" % (size, answer))
    for _ in range(100):
        c = Raw(CLEAR)
        held.append(c)
        c.send(b"a LOGIN {2147483647+}\r\nxxxx")
    time.sleep(0.3)
    check(S.memory() - before < 30 << 20, "memory grew by %d" % (S.memory() - before))
    for c in held:
        c.close()


@case("I01b who says nothing before the login is sent away")
def i01b():
    with Imap(QUICK, tls=True) as c:
        began = time.monotonic()
        check(c.is_closed(12), "still open")
        check(4 < time.monotonic() - began < 11, "after %.1f s" % (time.monotonic() - began))
        check(b"BYE" in c.buffer, "no BYE: %r" % c.buffer)


@case("I03 APPEND of more than the limit: NO [TOOBIG] before the octets are asked for")
def i03():
    with login(1, port=QUICK) as c:
        matches(c.ok("CAPABILITY")[0], r"APPENDLIMIT=65536")
        c.send(b"x APPEND INBOX {65537}\r\n")
        matches(tagged_or_closed(c, b"x"), r"^NO \[TOOBIG\]")
        c.append(b"Subject: x\r\n\r\n" + b"y" * (65536 - 14))
        c.send(b"y APPEND INBOX {65537+}\r\n" + b"z" * 65537 + b"\r\n")
        answer = tagged_or_closed(c, b"y")
        check(answer.startswith("NO [TOOBIG]") or answer in ("BYE", "closed"), answer)
    with login(1, port=QUICK) as c:
        c.send(b"x APPEND INBOX {18446744073709551617}\r\n")
        answer = tagged_or_closed(c, b"x")
        check(answer.startswith(("NO", "BAD")), answer)
        c.ok("NOOP")
    equal(len(mailbox(S, S.user(1))), 1, "messages")


@case("I04 a client that hangs up within APPEND leaves nothing")
def i04():
    for sent in (b"x APPEND INBOX {100}\r\n", b"x APPEND INBOX {100+}\r\n" + b"y" * 50,
                 b"x APPEND INBOX {100+}\r\n" + b"y" * 100, b"x APPEND INBOX {100+}\r\n" + b"y" * 100 + b" {10+}\r\nabc"):
        with login(2) as c:
            c.send(sent)
            time.sleep(0.05)
    equal(len(mailbox(S, S.user(2))), 0, "messages")


# ---- TLS and logging in ---------------------------------------------------------------

@case("I05 STARTTLS obeys nothing that came before it; no LOGIN in clear")
def i05():
    with Imap(CLEAR) as c:
        check(b"LOGINDISABLED" in c.ok("CAPABILITY")[0], "no LOGINDISABLED")
        c.expect(r"NO \[PRIVACYREQUIRED\]", 'LOGIN "%s" "%s"' % (S.user(1), PASSWORD))
        c.expect(r"NO", "AUTHENTICATE PLAIN AHUxQGV4YW1wbGUub3JnAHNlY3JldA==")
    with Imap(CLEAR) as c:
        c.send(b'a STARTTLS\r\nb LOGIN "%s" "%s"\r\n' % (S.user(1).encode(), PASSWORD.encode()))
        answer = tagged_or_closed(c, b"a")
        if answer.startswith("OK"):
            check(c.is_closed(3) or b"b OK" not in c.buffer, "the LOGIN was obeyed: %r" % c.buffer)
        else:
            check(answer.startswith("BAD") or answer in ("BYE", "closed"), answer)
        check(b"b OK" not in c.buffer, "the LOGIN was obeyed")
    with Imap(CLEAR) as c:
        c.ok("STARTTLS")
        c.start_tls()
        check(c.is_silent(0.2), "spoke first after the handshake")
        told = c.ok("CAPABILITY")[0]
        check(b"STARTTLS" not in told and b"LOGINDISABLED" not in told, "%r" % told)
        c.bad("STARTTLS")
        c.ok('LOGIN "%s" "%s"' % (S.user(1), PASSWORD))
        c.bad("STARTTLS")
        c.bad('LOGIN "%s" "%s"' % (S.user(1), PASSWORD))


@case("I05b a web browser, and TLS for another protocol, are shown the door")
def i05b():
    for request in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST / HTTP/1.1\r\n\r\na LOGIN x y\r\n"):
        with Imap(CLEAR) as c:
            c.send(request)
            check(c.is_closed(3), "still open")
            check(b"OK" not in c.buffer, "%r" % c.buffer)
    import ssl
    try:
        with Imap(TLS, tls=True, alpn=["h2", "http/1.1"]) as c:
            raise Broken("ALPN of HTTP was taken: %r" % c.socket.selected_alpn_protocol())
    except (ssl.SSLError, ConnectionError, Closed):
        pass
    with Imap(TLS, tls=True, alpn=["imap"]) as c:
        equal(c.socket.selected_alpn_protocol(), "imap", "ALPN")


@case("I06 100,000 parentheses are refused at depth 32, in little time")
def i06():
    with login(1, select="INBOX") as c:
        before = S.cpu()
        for command in (b"SEARCH ", b"FETCH 1 ", b"LIST ", b"STORE 1 FLAGS ", b"STATUS INBOX ", b"ID ", b"SORT ",
                        b"SEARCH NOT ", b"SEARCH OR "):
            try:
                c.bad(command + b"(" * 60000)
                c.bad(command + b"NOT " * 10000 + b"(" * 20000)
            except Closed:
                c = login(1, select="INBOX")
        c.bad(b"SEARCH " + b"(" * 33 + b"ALL" + b")" * 33)
        c.ok(b"SEARCH " + b"(" * 30 + b"ALL" + b")" * 30)
        check(S.cpu() - before < 0.5, "%.2f s of processor time" % (S.cpu() - before))
    with Imap(TLS, tls=True) as c:
        c.send(b"a " + b"(" * 100000 + b"\r\n")
        answer = tagged_or_closed(c, b"a")
        check(answer.startswith("BAD") or answer in ("BYE", "closed"), answer)


# ---- names --------------------------------------------------------------------------------

def store_names():
    found = set()
    for root, folders, files in os.walk(os.path.join(S.dir, "data", "mailbox-lmdb")):
        found.update(folders + files)
    return found


@case("I08 names that mean a path, or are no proper modified UTF-7, reach nothing")
def i08():
    before = store_names()
    with login(3) as c:
        for name in ("../other", "..", "../../../../etc/passwd", "&AC8-etc", "&ANg", "&AGE-", "&", "&-&", "&AAA-",
                     "a&2AA-", "&APc-&APc-", "u1@example.org", "/etc/passwd", "~root", "#news.x"):
            c.expect("NO|BAD", 'SELECT "%s"' % name)
            c.expect("NO|BAD|OK", 'STATUS "%s" (MESSAGES)' % name) if name in ("&",) else \
                c.expect("NO|BAD", 'STATUS "%s" (MESSAGES)' % name)
        for name in ("&AGE-", "&ANg", "&AAA-", "a&2AA-", "a//b", "/a"):
            c.expect("NO|BAD", 'CREATE "%s"' % name)
        for name in ("../x", "..", "a/../../b", "&AOk-t&AOk-", "it's", "a b", "&-", "x&-y"):
            untagged, tagged = c.command('CREATE "%s"' % name)
            if tagged.startswith("OK"):
                c.ok('SELECT "%s"' % name)
                listed = b" ".join(c.ok('LIST "" "%s"' % name))
                check(name.encode() in listed, "%s is listed as %r" % (name, listed))
                c.ok('DELETE "%s"' % name)
    for name in store_names() - before:
        check(re.fullmatch(r"[0-9a-z._]+", name), "a file named %r" % name)
    for name in ("other", "x", "b"):
        equal(glob.glob(os.path.join(S.dir, "data", "**", name), recursive=True), [], "outside the tree")


@case("I09 CREATE and RENAME with names too deep, too long or too odd")
def i09():
    with login(4) as c:
        c.expect(r"NO|BAD", 'CREATE "%s"' % "/".join("a" * 1 for _ in range(10000)))
        c.expect(r"NO \[(CANNOT|LIMIT)\]", 'CREATE "%s"' % "/".join(["a"] * 33))
        c.expect(r"NO|BAD", 'CREATE "%s"' % ("n" * 2000))
        c.expect(r"NO|BAD", "CREATE {}", b"n" * 60000)
        c.expect(r"NO|BAD", "CREATE {}", b"a\0b")
        c.expect(r"NO|BAD", "CREATE {}", b"a\r\nb")
        c.expect(r"NO|BAD", 'CREATE ""')
        c.no('CREATE "INBOX"')
        c.no('CREATE "inbox"')
        for odd in ('CREATE "a*b"', 'CREATE "a%b"', 'CREATE "inbox/x"', 'CREATE "trail/"'):
            c.expect("OK|NO", odd)
        c.expect("OK|NO", 'CREATE "trail"')
        listed = b"\n".join(c.ok('LIST "" "*"'))
        check(b'"trail/"' not in listed, "a separator at the end of a name: %r" % listed)
        c.ok('CREATE "a/b/c"')
        c.no('CREATE "a/b/c"')
        c.no('RENAME "a" "a/b"')
        c.no('RENAME "a" "a/d"')
        c.no('RENAME "nosuch" "e"')
        c.no('RENAME "a" "INBOX"')
        c.ok('RENAME "a" "z"')
        check(b"z/b/c" in b"\n".join(c.ok('LIST "" "*"')), "inferiors are not renamed")
        c.append(MESSAGE)
        c.ok('RENAME INBOX "old"')	# RFC 3501 6.3.5: moves the messages
        c.ok('STATUS "old" (MESSAGES)')
        matches(c.untagged[0], r"MESSAGES 1\)")
        c.ok("STATUS INBOX (MESSAGES)")
        matches(c.untagged[0], r"MESSAGES 0\)")
        c.no("DELETE INBOX")
        c.no('DELETE "nosuch"')
        c.expect("NO|OK", 'DELETE "z"')
        listed = b"\n".join(c.ok('LIST "" "*"'))
        check(b"z/b/c" in listed, "DELETE took the inferiors: %r" % listed)


@case("I09b UIDVALIDITY grows when a name is used again")
def i09b():
    with login(4) as c:
        seen = []
        for _ in range(3):
            c.ok('CREATE "again"')
            c.ok('STATUS "again" (UIDVALIDITY UIDNEXT)')
            seen.append(int(re.search(rb"UIDVALIDITY (\d+)", c.untagged[0]).group(1)))
            c.append(MESSAGE, "again")
            c.ok('DELETE "again"')
        check(seen[0] < seen[1] < seen[2], "UIDVALIDITY %s" % seen)


# ---- numbers and sets ----------------------------------------------------------------------

@case("I10 sets at and past the edge of the numbers are bounded")
def i10():
    with login(5, select="INBOX") as c:
        fill(c, 3)
        c.ok("NOOP")
        equal(len(c.ok("UID FETCH 1:4294967295 (UID)")), 3, "1:4294967295")
        equal(len(c.ok("FETCH *:1 (UID)")), 3, "*:1")
        equal(len(c.ok("UID FETCH *:4294967295 (UID)")), 1, "*:4294967295")
        equal(len(c.ok("UID FETCH 4000000000:* (UID)")), 1, "4000000000:*")
        for bad in ("0", "1:0", "4294967296", "99999999999999999999", "-1", "1,,2", "1:", ":1", "1:2:3", "", "a",
                    "1,", "**", "$1"):
            c.bad("FETCH %s (UID)" % bad)
            c.bad("UID STORE %s +FLAGS (\\Seen)" % bad)
        c.expect("BAD|NO|OK", "FETCH 4 (UID)")
        c.expect("BAD|NO|OK", "STORE 4:5 +FLAGS (\\Seen)")
        wide = ",".join(str(n) for n in range(1, 12000))
        before = S.cpu()
        equal(len([r for r in c.ok("UID FETCH %s (UID)" % wide) if b"FETCH" in r]), 3, "12000 elements")
        c.ok("UID SEARCH UID %s" % wide)
        try:
            c.command("UID FETCH %s (UID)" % ",".join("1:*" for _ in range(100000)))
        except Closed:
            pass
        check(S.cpu() - before < 1, "%.2f s of processor time" % (S.cpu() - before))


@case("I11 partial FETCH past the end, of nothing, and at the edges of 32 bits")
def i11():
    with login(5, select="INBOX") as c:
        fill(c, 1)
        c.ok("NOOP")
        n = len(MESSAGE)
        c.ok("UID FETCH * (BODY.PEEK[]<0.5>)")
        matches(c.untagged[0], r'BODY\[\]<0> (\{5\}\r\nFrom:|"From:")')
        c.ok("UID FETCH * (BODY.PEEK[]<%d.100>)" % n)
        matches(c.untagged[0], r'BODY\[\]<%d> (""|\{0\}\r\n\))' % n)
        c.ok("UID FETCH * (BODY.PEEK[]<%d.100>)" % (n - 2))
        c.ok("UID FETCH * (BODY.PEEK[]<0.4294967295>)")
        c.ok("UID FETCH * (BODY.PEEK[]<4294967295.1>)")
        for bad in ("<0.0>", "<-1.1>", "<1>", "<1.>", "<.1>", "<0.4294967296>", "<1.1"):
            c.expect("BAD|OK" if bad == "<0.4294967296>" else "BAD", "UID FETCH * (BODY.PEEK[]%s)" % bad)
        for section in ("1.MIME", "2", "1.1", "1.2.3.4.5.6.7.8.9.10", "HEADER.FIELDS (X-None)", "4294967295"):
            c.ok("UID FETCH * (BODY.PEEK[%s])" % section)
        for bad in ("0", "1.0", "MIME", "HEADER.FIELDS ()", "HEADER.FIELDS", "1..2", ".1", "TEXT.1", "4294967296"):
            c.bad("UID FETCH * (BODY.PEEK[%s])" % bad)


@case("I12 a client that stops reading a large FETCH costs little; its other sessions live")
def i12():
    big = b"Subject: big\r\n\r\n" + (b"x" * 78 + b"\r\n") * (4 * 1024 * 1024 // 80)
    with login(6) as c:
        for _ in range(8):
            c.append(big)
    before = S.memory()
    with login(6, select="INBOX", port=QUICK) as c:
        c.send(b"x FETCH 1:* BODY.PEEK[]\r\n" + b"".join(b"y%d FETCH 1:* BODY.PEEK[]\r\n" % i for i in range(30)))
        for _ in range(10):
            time.sleep(0.2)
            with login(6, select="INBOX") as other:
                other.ok("NOOP")
        grown = S.memory() - before
        check(grown < 48 << 20, "memory grew by %d" % grown)
        cpu = S.cpu()
        time.sleep(1)
        check(S.cpu() - cpu < 0.2, "%.2f s of processor time in 1 s, for nothing" % (S.cpu() - cpu))
        wait_for(lambda: "mansio_connections_open{listener=quick} 0" in re.sub(" +", " ", S.command("status")), 20,
                 "the connection is still open")


# ---- several sessions -------------------------------------------------------------------------

@case("I14 numbers hold until the client may be told: no EXPUNGE in FETCH, STORE or SEARCH")
def i14():
    with login(7, select="INBOX") as a:
        fill(a, 10)
        a.ok("NOOP")
        with login(7, select="INBOX") as b:
            uids = {i + 1: u for i, u in enumerate(a.uids())}
            b.ok("STORE 2:3 +FLAGS (\\Deleted)")
            b.ok("EXPUNGE")
            for command in ("FETCH 1:* (UID)", "STORE 4 +FLAGS (\\Flagged)", "SEARCH ALL", "FETCH 10 (UID FLAGS)"):
                untagged = a.expect("OK|NO", command)
                for r in untagged:
                    check(not r.endswith(b"EXPUNGE"), "%s told %r" % (command, r))
                    m = re.match(rb"\* (\d+) FETCH \(.*UID (\d+)", r)
                    if m:
                        equal(int(m.group(2)), uids[int(m.group(1))], "%s: %r" % (command, r))
            untagged = a.ok("NOOP")
            equal([r for r in untagged if b"EXPUNGE" in r], [b"* 3 EXPUNGE", b"* 2 EXPUNGE"] if
                  b"* 3 EXPUNGE" in untagged else [b"* 2 EXPUNGE", b"* 2 EXPUNGE"], "NOOP")
            a.ok("FETCH 1:* (UID)")
            equal(len([r for r in a.untagged if b"UID" in r]), 8, "messages after")
            b.append(MESSAGE)
            a.ok("NOOP")
            equal(a.exists(), 9, "EXISTS")
            b.ok("STORE 1 +FLAGS (\\Answered)")
            matches(b" ".join(a.ok("NOOP")), r"\* 1 FETCH .*\\Answered")


@case("I14b IDLE tells of what others do, at once")
def i14b():
    with login(7, select="INBOX") as a, login(7, select="INBOX") as b:
        n = len(a.uids())
        a.send(b"i IDLE\r\n")
        check(a.response().startswith(b"+"), "IDLE")
        began = time.monotonic()
        b.append(MESSAGE)
        while True:
            if a.response() == b"* %d EXISTS" % (n + 1):
                break
        check(time.monotonic() - began < 1, "after %.2f s" % (time.monotonic() - began))
        b.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
        b.ok("EXPUNGE")
        while a.response() != b"* 1 EXPUNGE":
            pass
        with Smtp(S.port("smtp")) as m:
            m.message(S.user(7), MESSAGE)
        while True:
            if a.response().endswith(b"EXISTS"):
                break
        a.send(b"DONE\r\n")
        _, tagged = a.finish("i")
        matches(tagged, "^OK")


@case("I15 MOVE, COPY and UIDPLUS tell the truth; the source and the target agree")
def i15():
    with login(8, select="INBOX") as c:
        fill(c, 5)
        c.ok('CREATE "t"')
        c.ok("UID MOVE 1:3 t")
        told = " ".join(r.decode() for r in c.untagged) + " " + c.tagged
        m = re.search(r"COPYUID (\d+) ([\d:,]+) ([\d:,]+)", told)
        check(m and m.group(2) == "1:3" and m.group(3) == "1:3", told)
        equal(c.uids(), [4, 5], "left")
        c.expect(r"NO \[TRYCREATE\]", 'UID COPY 4 "nosuch"')
        c.expect(r"NO \[TRYCREATE\]", 'UID MOVE 4 "nosuch"')
        c.ok("UID COPY 99 t")
        c.ok("UID COPY 4:5 t")
        c.ok("UID STORE 4:5 +FLAGS (\\Deleted)")
        c.ok("UID EXPUNGE 4")
        equal(c.uids(), [5], "after UID EXPUNGE 4")
        c.ok("SELECT t")
        equal(c.uids(), [1, 2, 3, 4, 5], "in t")
        c.ok("EXAMINE t")
        c.no("STORE 1 +FLAGS (\\Seen)")
        c.no("EXPUNGE")
        c.no("MOVE 1 INBOX")
        c.ok("FETCH 1 BODY[]")
        c.ok("FETCH 1 (FLAGS)")
        check(b"\\Seen" not in c.untagged[0], "EXAMINE, but \\Seen was set")


@case("I18 50 sessions race with UNCHANGEDSINCE: each change has one winner")
def i18():
    with login(9, select="INBOX") as c:
        fill(c, 1)
        c.ok("FETCH 1 (MODSEQ)")
        modseq = int(re.search(rb"MODSEQ \((\d+)\)", b" ".join(c.untagged)).group(1))
    sessions = [login(9, select="INBOX") for _ in range(50)]
    answers = [None] * 50
    barrier = threading.Barrier(50)

    def one(i):
        barrier.wait()
        untagged, tagged = sessions[i].command("STORE 1 (UNCHANGEDSINCE %d) +FLAGS (k%d)" % (modseq, i))
        answers[i] = tagged
    threads = [threading.Thread(target=one, args=(i,)) for i in range(50)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    winners = [i for i, a in enumerate(answers) if a.startswith("OK") and "MODIFIED" not in a]
    equal(len(winners), 1, "winners")
    for i, a in enumerate(answers):
        check(i in winners or "[MODIFIED 1]" in a, "a loser was told %r" % a)
    sessions[0].ok("FETCH 1 (FLAGS)")
    told = re.findall(rb"k\d+", b" ".join(sessions[0].untagged))
    equal(set(told), {b"k%d" % winners[0]}, "keywords")
    for s in sessions:
        s.close()


@case("I19 modification sequences ascend, and QRESYNC brings a cache up to date")
def i19():
    with login(10) as a, login(10) as b:
        for c in (a, b):
            c.ok("ENABLE QRESYNC")
            c.ok("SELECT INBOX")
        fill(a, 20)
        a.ok("NOOP")
        b.ok("SELECT INBOX")
        text = b" ".join(b.untagged)
        validity = int(re.search(rb"UIDVALIDITY (\d+)", text).group(1))
        modseq = int(re.search(rb"HIGHESTMODSEQ (\d+)", text).group(1))
        a.ok("UID STORE 3 +FLAGS (\\Flagged)")
        a.ok("UID STORE 5,7:9 +FLAGS (\\Deleted)")
        a.ok("UID EXPUNGE 5,7:9")
        matches(b" ".join(a.untagged), r"VANISHED 5,7:9")
        a.append(MESSAGE)
        b.ok("UNSELECT")
        b.ok("SELECT INBOX (QRESYNC (%d %d))" % (validity, modseq))
        text = b"\n".join(b.untagged)
        matches(text, r"VANISHED \(EARLIER\) 5,7:9")
        changed = sorted(int(u) for u in re.findall(rb"FETCH \([^\r\n]*?UID (\d+)", text))
        equal(changed, [3, 21], "changed")
        b.ok("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)" % modseq)
        matches(b"\n".join(b.untagged), r"VANISHED \(EARLIER\) 5,7:9")


@case("I21 guessing passwords gets slower, then ends; the right one from elsewhere works")
def i21():
    # The delays add up to more than a test may take: the first ones are
    # measured, the rest comes at once, over many connections.
    took, answers = [], []
    with Imap(TLS, tls=True, source=GUESSER) as c:
        for _ in range(4):
            began = time.monotonic()
            _, tagged = c.command('LOGIN "%s" "wrong"' % S.user(11))
            took.append(time.monotonic() - began)
            matches(tagged, r"^NO \[AUTHENTICATIONFAILED\]")
    check(took[3] > took[1] > took[0] and took[3] > 0.9, "took %s" % took)

    def guess():
        try:
            with Imap(TLS, tls=True, timeout=40, source=GUESSER) as c:
                answers.append(c.command('LOGIN "%s" "wrong"' % S.user(11))[1])
        except Closed:
            answers.append("closed")
    threads = [threading.Thread(target=guess) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check(not any(a.startswith("OK") for a in answers), "%s" % answers)
    try:
        with Imap(TLS, tls=True, timeout=40, source=GUESSER) as c:
            began = time.monotonic()
            _, tagged = c.command('LOGIN "%s" "%s"' % (S.user(11), PASSWORD))
            check(tagged.startswith("NO [UNAVAILABLE]") or tagged.startswith("NO [LIMIT]"),
                  "the right one, but locked out: %s" % tagged)
    except Closed:
        pass
    with Imap(TLS, S.user(11), tls=True, source="127.0.3.7") as c:
        c.ok("NOOP")
    with Imap(TLS, tls=True, source="127.0.4.7") as c:
        _, unknown = c.command('LOGIN "nobody@example.org" "wrong"')
        _, known = c.command('LOGIN "%s" "wrong"' % S.user(12))
        equal(unknown, known, "answers for unknown and known")


@case("I23 another's mailbox cannot be told from none")
def i23():
    with login(13) as a:
        a.ok('CREATE "private"')
        a.append(MESSAGE, "private")
        mailboxid = re.search(rb"MAILBOXID \(([^)]*)\)", b" ".join(a.ok('STATUS "private" (MAILBOXID)')))
    with login(14) as b:
        def answer(name):
            return re.sub(re.escape(name), "NAME", b.command('SELECT "%s"' % name)[1])
        none = answer("nosuch")
        for name in ("private", "%s/private" % S.user(13), "~u13/private", "user/u13@example.org/private",
                     "#user/u13@example.org/private", "Other Users/u13/private", "shared/u13",
                     mailboxid.group(1).decode() if mailboxid else "x"):
            equal(answer(name), none, name)
        for command in ('LIST "" "*"', 'LIST "" "%%/%%/%%"', 'LSUB "" "*"', 'LIST "user/" "*"'):
            check(b"private" not in b" ".join(b.ok(command)), command)


@case("I24 a search of a thousand terms is bounded; an unknown charset is told")
def i24():
    with login(15, select="INBOX") as c:
        fill(c, 50, message=b"Subject: s\r\n\r\n" + (b"lorem ipsum dolor sit amet " * 3 + b"\r\n") * 200)
        c.ok("NOOP")
        c.expect(r"NO \[BADCHARSET", "SEARCH CHARSET X-NOSUCH TEXT a")
        c.expect(r"NO \[BADCHARSET|BAD", "SEARCH CHARSET \"\" TEXT a")
        before = S.cpu()
        untagged, tagged = c.command("SEARCH " + " ".join('NOT BODY "nosuch%d"' % i for i in range(1000)))
        check(tagged.startswith(("OK", "NO", "BAD")), tagged)
        c.command("SEARCH " + "OR BODY x " * 1000 + "ALL")
        check(S.cpu() - before < 40, "%.1f s of processor time" % (S.cpu() - before))
        with login(16) as other:
            began = time.monotonic()
            other.ok("NOOP")
            check(time.monotonic() - began < 2, "another user waited")
        c.ok("SEARCH CHARSET UTF-8 SUBJECT {}", "gr\u00fc\u00dfe".encode())
        c.bad("SEARCH")
        c.bad("SEARCH NOSUCH")
        c.bad("SEARCH BEFORE 31-Foo-2020")
        c.bad("SEARCH BEFORE 99-Jan-2020")
        c.bad("SEARCH LARGER x")
        c.ok("SEARCH LARGER 4294967295")


@case("I25 a bit that flipped on the disk spoils that message alone")
def i25():
    marker = b"flip-this-very-text-" * 4
    with Server(users=1) as own:
        spoil(own, marker)


def spoil(S, marker):
    def login(i, select):
        return Imap(S.port("imap"), S.user(i), select=select)
    with login(1, select="INBOX") as c:
        fill(c, 1)
        c.append(MESSAGE + marker + b"\r\n")
        fill(c, 1)
    S.stop()
    flipped = 0
    for path in glob.glob(os.path.join(S.dir, "data", "mailbox-lmdb", "**", "seg", "*"), recursive=True):
        with open(path, "r+b") as f:
            at = f.read().find(marker)
            if at >= 0:
                f.seek(at + 7)
                f.write(b"X")
                flipped += 1
    equal(flipped, 1, "places where the message lies")
    S.start()
    with login(1, select="INBOX") as c:
        untagged, tagged = c.command("FETCH 2 BODY.PEEK[]")
        matches(tagged, r"^NO \[SERVERBUG\]", "the damaged message")
        c.ok("FETCH 1 BODY.PEEK[]")
        c.ok("FETCH 3 BODY.PEEK[]")
        c.ok("FETCH 1:* (FLAGS ENVELOPE)")
        untagged, tagged = c.command("FETCH 1:* BODY.PEEK[]")
        equal(sum(b"BODY[]" in r and marker[:10] not in r for r in untagged), 2, "the others, of 1:* (%s)" % tagged)
    check(re.search(r"(error|warning).*", S.log()), "nothing in the log")
    status, told = S.command("store", "verify", "--deep", check=False)
    check(status != 0 and "damaged" in told, "verify does not see it: %s" % told)
    with login(1, select="INBOX") as c:	# it can be got rid of
        c.ok("STORE 2 +FLAGS (\\Deleted)")
        c.ok("EXPUNGE")
        equal(len(c.uids()), 2, "messages")


@case("I26 junk before the login ends the connection; errors do not echo the peer's words")
def i26():
    with Imap(TLS, tls=True) as c:
        for i in range(30):
            try:
                c.send(b"<script>alert(%d)</script>\r\n" % i)
                r = c.response()
                check(b"alert" not in r, "echoed: %r" % r)
            except (Closed, OSError):
                break
        else:
            raise Broken("30 lines of junk were put up with")


@case("I27 MULTIAPPEND is all or nothing")
def i27():
    with login(18) as c:
        c.send(b"x APPEND INBOX {%d+}\r\n%s {%d+}\r\n%s {5}\r\n" % (len(MESSAGE), MESSAGE, len(MESSAGE), MESSAGE))
        check(c.response().startswith(b"+"), "the third")
        c.close()
    equal(len(mailbox(S, S.user(18))), 0, "messages")
    with login(18) as c:
        c.send(b"x APPEND INBOX {%d+}\r\n%s (\\Seen) {%d+}\r\n%s\r\n" % (len(MESSAGE), MESSAGE, len(MESSAGE), MESSAGE))
        matches(c.finish("x")[1], r"^OK \[APPENDUID \d+ 1:2\]")
    equal(len(mailbox(S, S.user(18))), 2, "messages")


@case("I28 what was told is still so after kill -9: UIDs, flags, modseqs, EXPUNGE, names")
def i28():
    def picture():
        with login(19) as c:
            names = sorted(c.ok('LIST "" "*"'))
            seen = []
            for name in ("INBOX", "kept", "other"):
                c.ok('EXAMINE "%s"' % name)
                state = sorted(r for r in c.untagged if b"UIDVALIDITY" in r or b"UIDNEXT" in r or b"MODSEQ" in r)
                seen.append((name, state, c.ok("FETCH 1:* (UID FLAGS MODSEQ INTERNALDATE)") if c.uids() else []))
            return names, [(n, s, [re.sub(rb"\\Recent ?", b"", r).replace(b" )", b")") for r in f]) for n, s, f in seen]
    with login(19, select="INBOX") as c:
        c.ok('CREATE "kept"')
        c.ok('CREATE "other"')
        c.ok('CREATE "gone"')
        fill(c, 10)
        c.ok("STORE 1:3 +FLAGS (\\Seen $Junk)")
        c.ok("COPY 1:5 kept")
        c.ok("MOVE 6:7 other")
        c.ok("STORE 1 +FLAGS (\\Deleted)")
        c.ok("EXPUNGE")
        c.ok('DELETE "gone"')
    before = picture()
    for _ in range(3):
        with login(19, select="INBOX") as c:
            c.ok("STORE 1 +FLAGS (\\Flagged)")
            c.ok("STORE 1 -FLAGS (\\Flagged)")
            c.ok("UID COPY 2 kept")
            before = picture()
            S.kill()
        took = S.start()
        check(took < 2, "the start took %.1f s" % took)
        equal(picture(), before, "after kill -9")


@case("I29 THREAD: a forward in brackets is no root for the replies beside it")
def i29():
    with login(20, select="INBOX") as c:
        for i, subject in enumerate(("[Fwd: Re: s]", "Re: s", "[list] s (fwd)", "other", "[Fwd: other]")):
            c.append(b"Date: Mon, 1 Jan 2024 10:0%d:00 +0000\r\nSubject: %s\r\n\r\nx\r\n" % (i, subject.encode()))
        c.ok("NOOP")
        equal(c.ok("THREAD REFERENCES UTF-8 ALL"), [b"* THREAD ((1)(2)(3))(4 5)"], "THREAD")


def afterwards(failed):
    check(S.is_alive(), "the server died")
    equal(S.stop(), 0, "exit status")
    S.verify()


tap.run(after=afterwards)
