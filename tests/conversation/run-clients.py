#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# needs: swaks libnet-ssleay-perl curl isync neomutt tmux openssl
"""Clients that people use, each with a way of its own: what they send they
must get, in clear on this machine, with STARTTLS and with TLS from the start.
A client that is not installed is passed over."""
import imaplib
import os
import poplib
import re
import shutil
import smtplib
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap
from server import PASSWORD, Server
from tap import Broken, Skip, case, check, equal, matches
from wire import Imap, mailbox, wait_for

S = Server(users=16)
CERTIFICATE = S.facts["certificate"]
CONTENT = b"From: <a@remote.example>\r\nTo: <u1@example.org>\r\nSubject: client\r\n\r\nbody\r\n.dot\r\n"


def need(*programs):
    for p in programs:
        if shutil.which(p) is None:
            raise Skip("no " + p)


def run(*command, feed=None, status=0, seconds=60):
    r = subprocess.run(command, input=feed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
    told = r.stdout.decode("utf-8", "replace")
    if status is not None and r.returncode != status:
        raise Broken("%s: %d\n%s" % (" ".join(command), r.returncode, told[-1500:]))
    return told


# ---- swaks ------------------------------------------------------------------------

def swaks(user, *more):
    need("swaks")
    before = len(mailbox(S, user))
    told = run("swaks", "--server", "127.0.0.1", "--to", user, "--from", "a@remote.example", "--timeout", "10s",
               "--header", "Subject: from swaks", *more)
    if "*** TLS not available" in told or "requires a module" in told:
        raise Skip("swaks lacks Net::SSLeay")
    got = mailbox(S, user, wanted=before + 1)[-1]
    check(b"Subject: from swaks" in got, "%r" % got[:300])
    return told


def has_ssleay():
    need("swaks", "perl")
    if subprocess.run(["perl", "-MNet::SSLeay", "-e", "1"], stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("swaks lacks Net::SSLeay (libnet-ssleay-perl)")


@case("swaks: MX")
def swaks_mx():
    swaks(S.user(1), "--port", str(S.port("smtp")))


@case("swaks: MX with STARTTLS")
def swaks_starttls():
    has_ssleay()
    matches(swaks(S.user(1), "--port", str(S.port("smtp")), "--tls"), r"TLS started|=== TLS")


@case("swaks: submission, AUTH PLAIN and LOGIN")
def swaks_auth():
    for mechanism in ("PLAIN", "LOGIN"):
        need("swaks")
        run("swaks", "--server", "127.0.0.1", "--port", str(S.port("submission")), "--to", S.user(2), "--from",
            S.user(3), "--auth", mechanism, "--auth-user", S.user(3), "--auth-password", PASSWORD)
    mailbox(S, S.user(2), wanted=2)


@case("swaks: submissions, TLS from the start")
def swaks_tls():
    has_ssleay()
    run("swaks", "--server", "127.0.0.1", "--port", str(S.port("submissions")), "--tls-on-connect", "--to", S.user(2),
        "--from", S.user(3), "--auth", "PLAIN", "--auth-user", S.user(3), "--auth-password", PASSWORD)
    mailbox(S, S.user(2), wanted=3)


@case("swaks: LMTP")
def swaks_lmtp():
    swaks(S.user(1), "--port", str(S.port("lmtp")), "--protocol", "LMTP")


# ---- curl --------------------------------------------------------------------------

def curl(*more, feed=None):
    need("curl")
    return run("curl", "-sS", "--max-time", "20", *more, feed=feed)


def curl_protocols(name):
    built = run("curl", "--version") if shutil.which("curl") else ""
    if name not in built:
        raise Skip("curl speaks no " + name)


@case("curl: SMTP in clear, with STARTTLS, with TLS; certificate checked")
def curl_smtp():
    need("curl")
    curl_protocols("smtp")
    before = len(mailbox(S, S.user(4)))
    base = ("--mail-from", "a@remote.example", "--mail-rcpt", S.user(4), "-T", "-")
    curl("smtp://127.0.0.1:%d/client.example" % S.port("smtp"), *base, feed=CONTENT)
    curl("smtp://localhost:%d" % S.port("smtp"), "--ssl-reqd", "--cacert", CERTIFICATE, *base, feed=CONTENT)
    login = ("--mail-from", S.user(4), "--mail-rcpt", S.user(4), "-T", "-", "--user", S.user(4) + ":" + PASSWORD)
    curl("smtps://localhost:%d" % S.port("submissions"), "--cacert", CERTIFICATE, *login, feed=CONTENT)
    curl("smtp://localhost:%d" % S.port("submission"), "--ssl-reqd", "--cacert", CERTIFICATE, *login, feed=CONTENT)
    for got in mailbox(S, S.user(4), wanted=before + 4):
        check(got.endswith(CONTENT.split(b"\r\n\r\n", 1)[1]), "%r" % got[-100:])


@case("curl: IMAP: append, list, fetch, search, store, expunge")
def curl_imap():
    need("curl")
    curl_protocols("imap")
    message = os.path.join(S.dir, "message")
    with open(message, "wb") as f:
        f.write(CONTENT)
    for url, more in (("imap://127.0.0.1:%d" % S.port("imap"), ()),
                      ("imap://localhost:%d" % S.port("imap"), ("--ssl-reqd", "--cacert", CERTIFICATE)),
                      ("imaps://localhost:%d" % S.port("imaps"), ("--cacert", CERTIFICATE))):
        who = ("--user", S.user(5) + ":" + PASSWORD) + more
        curl(url + "/INBOX", "-T", message, *who)
        matches(curl(url + "/", *who), r"LIST .*INBOX")
        matches(curl(url + "/INBOX?SUBJECT%20client", *who), r"SEARCH 1\b")
        matches(curl(url + "/INBOX;MAILINDEX=1", *who), r"\.dot")
        matches(curl(url + "/INBOX;MAILINDEX=1;SECTION=HEADER.FIELDS%20(SUBJECT)", *who), r"Subject: client")
        curl(url + "/INBOX", "-X", "STORE 1 +FLAGS (\\Deleted)", *who)
        curl(url + "/INBOX", "-X", "EXPUNGE", *who)
        equal(len(mailbox(S, S.user(5))), 0, "messages after EXPUNGE")


@case("curl: POP3: list, retrieve, delete")
def curl_pop():
    need("curl")
    curl_protocols("pop3")
    for url, more in (("pop3://127.0.0.1:%d" % S.port("pop3"), ()),
                      ("pop3://localhost:%d" % S.port("pop3"), ("--ssl-reqd", "--cacert", CERTIFICATE)),
                      ("pop3s://localhost:%d" % S.port("pop3s"), ("--cacert", CERTIFICATE))):
        who = ("--user", S.user(6) + ":" + PASSWORD) + more
        with Imap(S.port("imap"), S.user(6)) as c:
            c.append(CONTENT)
        matches(curl(url + "/", *who), r"^1 %d" % len(CONTENT))
        equal(curl(url + "/1", *who).encode(), CONTENT, "the message")
        curl(url + "/1", "-X", "DELE", "-l", *who)
        equal(len(mailbox(S, S.user(6))), 0, "messages after DELE")


# ---- Python's libraries ------------------------------------------------------------------

def context():
    return ssl.create_default_context(cafile=CERTIFICATE)


@case("smtplib: clear, STARTTLS, SMTPS, AUTH, LMTP")
def python_smtp():
    me = S.user(7)
    with smtplib.SMTP("localhost", S.port("smtp")) as c:
        c.sendmail("a@remote.example", [me], CONTENT)
    with smtplib.SMTP("localhost", S.port("submission")) as c:
        c.starttls(context=context())
        c.login(me, PASSWORD)
        c.sendmail(me, [me], CONTENT)
    with smtplib.SMTP_SSL("localhost", S.port("submissions"), context=context()) as c:
        c.login(me, PASSWORD)
        c.sendmail(me, [me, S.user(8)], CONTENT)
    with smtplib.LMTP("localhost", S.port("lmtp")) as c:
        equal(c.sendmail("a@remote.example", [me], CONTENT), {}, "refused")
    mailbox(S, me, wanted=4)
    with smtplib.SMTP("localhost", S.port("submission")) as c:
        c.starttls(context=context())
        try:
            c.login(me, "wrong")
            raise Broken("a wrong password was taken")
        except smtplib.SMTPAuthenticationError:
            pass


@case("imaplib: clear, STARTTLS, IMAPS; the common commands")
def python_imap():
    def clients():
        yield imaplib.IMAP4("localhost", S.port("imap"))
        c = imaplib.IMAP4("localhost", S.port("imap"))
        c.starttls(context())
        yield c
        yield imaplib.IMAP4_SSL("localhost", S.port("imaps"), ssl_context=context())
    for c in clients():
        c.login(S.user(9), PASSWORD)
        equal(c.create("folder")[0], "OK", "CREATE")
        equal(c.append("folder", "\\Seen", imaplib.Time2Internaldate(1000000000), CONTENT)[0], "OK", "APPEND")
        equal(c.select("folder"), ("OK", [b"1"]), "SELECT")
        status, data = c.fetch("1", "(FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")
        equal(data[0][1], CONTENT, "the message")
        matches(data[0][0], r"RFC822.SIZE %d\b" % len(CONTENT))
        matches(data[0][0], r'INTERNALDATE " [89]-Sep-2001')
        equal(c.search(None, "SEEN", "SUBJECT", '"client"'), ("OK", [b"1"]), "SEARCH")
        equal(c.copy("1", "INBOX")[0], "OK", "COPY")
        c.store("1", "+FLAGS", "\\Deleted")
        equal(c.expunge(), ("OK", [b"1"]), "EXPUNGE")
        equal(c.status("INBOX", "(MESSAGES)")[0], "OK", "STATUS")
        equal(c.close()[0], "OK", "CLOSE")
        equal(c.delete("folder")[0], "OK", "DELETE")
        c.logout()
    c = imaplib.IMAP4_SSL("localhost", S.port("imaps"), ssl_context=context())
    c.authenticate("PLAIN", lambda _: ("\0%s\0%s" % (S.user(9), PASSWORD)).encode())
    equal(c.select("INBOX"), ("OK", [b"3"]), "SELECT")
    c.logout()


@case("poplib: clear, STLS, POP3S")
def python_pop():
    def clients():
        yield poplib.POP3("localhost", S.port("pop3"))
        c = poplib.POP3("localhost", S.port("pop3"))
        c.stls(context())
        yield c
        yield poplib.POP3_SSL("localhost", S.port("pop3s"), context=context())
    for c in clients():
        with Imap(S.port("imap"), S.user(10)) as i:
            i.append(CONTENT)
        check(c.getwelcome().startswith(b"+OK"), "greeting")
        c.user(S.user(10))
        c.pass_(PASSWORD)
        equal(c.stat(), (1, len(CONTENT)), "STAT")
        equal(b"".join(l + b"\r\n" for l in c.retr(1)[1]), CONTENT, "RETR")
        equal(len(c.uidl()[1]), 1, "UIDL")
        c.dele(1)
        c.quit()
        equal(len(mailbox(S, S.user(10))), 0, "messages")


# ---- mbsync ----------------------------------------------------------------------------------

def mbsync_config(folder, tls):
    with open(os.path.join(folder, "mbsyncrc"), "w") as f:
        f.write("""IMAPAccount a
Host localhost
Port %d
User %s
Pass %s
%s
AuthMechs PLAIN

IMAPStore far
Account a

MaildirStore near
Path %s/mail/
Inbox %s/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns INBOX box
Create Both
Expunge Both
SyncState *
""" % (S.port("imaps" if tls else "imap"), S.user(11), PASSWORD,
            "SSLType IMAPS\nCertificateFile " + CERTIFICATE if tls else "SSLType None", folder, folder))
    os.makedirs(os.path.join(folder, "mail"), exist_ok=True)


def maildir(folder, name):
    """{message's number: flags}"""
    found = {}
    for sub in ("cur", "new"):
        path = os.path.join(folder, "mail", name, sub)
        for file in os.listdir(path) if os.path.isdir(path) else ():
            with open(os.path.join(path, file), "rb") as f:
                number = int(re.search(rb"X-Number: (\d+)", f.read()).group(1))
            check(number not in found, "message %d is there twice" % number)
            found[number] = (os.path.join(path, file), file.partition(":2,")[2])
    return found


@case("mbsync: 200 messages both ways, flags, deletions, a second run that does nothing")
def mbsync():
    need("mbsync")
    for tls in (False, True):
        with Imap(S.port("imap"), S.user(11), select="INBOX") as c:
            c.ok("STORE 1:* +FLAGS (\\Deleted)") if c.uids() else None
            c.ok("EXPUNGE")
            for i in range(200):
                c.append(b"X-Number: %d\r\nSubject: s\r\n\r\nbody %d\r\n" % (i, i), flags="\\Seen" if i % 3 == 0 else "")
            folder = os.path.join(S.dir, "mbsync-%s" % tls)
            os.mkdir(folder)
            mbsync_config(folder, tls)
            command = ("mbsync", "-c", folder + "/mbsyncrc", "-a")
            run(*command)
            near = maildir(folder, "INBOX")
            equal(len(near), 200, "messages here")
            check(all(("S" in near[i][1]) == (i % 3 == 0) for i in near), "\\Seen")
            # Changes on both sides.
            c.ok("STORE 1:10 +FLAGS (\\Flagged)")
            c.ok("STORE 11:20 +FLAGS (\\Deleted)")
            c.ok("EXPUNGE")
            for i in range(30, 40):		# here: answered, and ten deleted
                path = near[i][0]
                base, _, flags = path.partition(":2,")
                base = base.replace("/new/", "/cur/")
                os.rename(path, base + ":2," + "".join(sorted(set(flags + "R"))))
            for i in range(40, 50):
                os.remove(near[i][0])
            for i in range(200, 210):
                with open(os.path.join(folder, "mail", "INBOX", "new", "n%d.x" % i), "wb") as f:
                    f.write(b"X-Number: %d\nSubject: mine\n\nbody\n" % i)
            run(*command)
            near = maildir(folder, "INBOX")
            c.ok("NOOP")
            far = {}
            for r in c.ok("FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (X-Number)])"):
                n = re.search(rb"X-Number: (\d+)", r)
                if n:
                    far[int(n.group(1))] = r
            wanted = set(range(210)) - set(range(10, 20)) - set(range(40, 50))
            equal(set(near), wanted, "messages here")
            equal(set(far), wanted, "messages there")
            check(all("F" in near[i][1] for i in range(10)), "\\Flagged did not come")
            check(all(b"\\Answered" in far[i] for i in range(30, 40)), "\\Answered did not go")
            before = sorted(near.items())
            told = run(*command, "-V")
            equal(sorted(maildir(folder, "INBOX").items()), before, "a second run")


# ---- neomutt -------------------------------------------------------------------------------------

@case("neomutt: lists the mailbox, opens a message, replies to a change")
def neomutt():
    need("neomutt", "tmux")
    me = S.user(12)
    with Imap(S.port("imap"), me) as c:
        for i in range(5):
            c.append(b"From: Ann <ann@remote.example>\r\nTo: <%s>\r\nDate: Mon, 1 Jan 2024 10:0%d:00 +0000\r\n"
                     b"Subject: Subject number %d\r\n\r\nThe text of message %d.\r\n" % (me.encode(), i, i, i))
    folder = os.path.join(S.dir, "mutt")
    os.mkdir(folder)
    rc = os.path.join(folder, "rc")
    with open(rc, "w") as f:
        f.write("""set imap_user = "%s"
set imap_pass = "%s"
set folder = "imaps://localhost:%d/"
set spoolfile = "+INBOX"
set certificate_file = "%s"
set ssl_ca_certificates_file = "%s"
set header_cache = "%s/cache"
set timeout = 1
set mail_check = 1
set sort = date
set quit = yes
set wait_key = no
""" % (me, PASSWORD, S.port("imaps"), CERTIFICATE, CERTIFICATE, folder))
    socket = os.path.join(folder, "tmux")
    tmux = ("tmux", "-S", socket)
    environment = dict(os.environ, HOME=folder, TERM="xterm", LC_ALL="C.UTF-8")
    subprocess.run(tmux + ("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", "neomutt", "-n", "-F", rc),
                   check=True, env=environment)

    def screen():
        r = subprocess.run(tmux + ("capture-pane", "-p"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return r.stdout.decode("utf-8", "replace")

    def shows(text, seconds=15):
        end = time.monotonic() + seconds
        while text not in screen():
            if time.monotonic() > end:
                raise Broken("neomutt does not show %r:\n%s" % (text, screen()))
            time.sleep(0.1)
            if "(r)eject" in screen():	# an unknown certificate: once
                keys("o")

    def keys(*words):
        subprocess.run(tmux + ("send-keys",) + words, check=True)
    try:
        shows("Subject number 4")
        shows("Subject number 0")
        keys("2", "Enter")
        time.sleep(0.3)
        keys("Enter")
        shows("The text of message 1.")
        keys("i")
        shows("Subject number 4")
        with Imap(S.port("imap"), me) as c:
            c.append(b"From: Bob <bob@remote.example>\r\nDate: Mon, 1 Jan 2024 11:00:00 +0000\r\n"
                     b"Subject: A late one\r\n\r\nLate.\r\n")
        shows("A late one")
        keys("1", "Enter")
        time.sleep(0.3)
        keys("d")
        time.sleep(0.3)
        keys("$")
        time.sleep(0.5)
        if "Purge" in screen() or "delete" in screen().lower():
            keys("y")
        wait_for(lambda: len(mailbox(S, me)) == 5, 10, "the deletion did not come: " + screen())
        keys("q")
        time.sleep(0.5)
    finally:
        subprocess.run(tmux + ("kill-server",), stderr=subprocess.DEVNULL)
    subjects = b"".join(mailbox(S, me))
    check(b"Subject number 0" not in subjects and b"A late one" in subjects, "the wrong one is gone")


# ---- openssl -----------------------------------------------------------------------------------------

@case("openssl s_client: TLS 1.2 and 1.3 on each port, older ones nowhere")
def openssl():
    need("openssl")

    def connect(port, version, starttls):
        r = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % S.port(port), version, "-CAfile",
                            CERTIFICATE, "-verify_return_error", "-brief", "-ign_eof"] + (["-starttls", starttls] if starttls else []),
                           input=b"QUIT\r\na LOGOUT\r\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20)
        return "Protocol version: TLSv1" in r.stdout.decode("latin-1")
    for port, starttls in (("smtp", "smtp"), ("submission", "smtp"), ("submissions", None), ("imap", "imap"),
                           ("imaps", None), ("pop3", "pop3"), ("pop3s", None), ("lmtp", "lmtp")):
        for version, good in (("-tls1_2", True), ("-tls1_3", True), ("-tls1_1", False), ("-tls1", False)):
            equal(connect(port, version, starttls), good, "%s %s" % (port, version))


def afterwards(failed):
    check(S.is_alive(), "the server died: " + S.log()[-1000:])
    S.verify()
    equal(S.stop(), 0, "exit status")


tap.run(after=afterwards)
