#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# seconds: 900
"""./quickstart: from a copy of the tree to a first message, and nothing left behind."""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import case, check, equal, matches, run

TOP = os.environ.get("MANSIO_SOURCE") or os.path.realpath(os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", ".."))
WORK = os.environ.get("MANSIO_WORK") or tempfile.mkdtemp(prefix="mansio-quickstart.")
TREE = os.path.join(WORK, "a tree")		# a path with a blank in it
TMP = os.path.join(WORK, "tmp")
PROGRAM = os.path.join(TREE, "quickstart")


def copy():
    """What a clone would have, and what is new."""
    os.makedirs(TMP)
    names = subprocess.run(["git", "-C", TOP, "ls-files", "-co", "--exclude-standard"],
                           capture_output=True, text=True).stdout.splitlines()
    if not names:
        shutil.copytree(TOP, TREE, ignore=shutil.ignore_patterns("build*", ".git"))
    for name in names:
        if os.path.isfile(os.path.join(TOP, name)):
            os.makedirs(os.path.join(TREE, os.path.dirname(name)), exist_ok=True)
            shutil.copy2(os.path.join(TOP, name), os.path.join(TREE, name))


def start(*options):
    return subprocess.Popen([PROGRAM, *options], cwd="/", stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                            env=dict(os.environ, TMPDIR=TMP), start_new_session=True)


def once(*options):
    p = start(*options)
    out, err = p.communicate(timeout=600)
    check(p.returncode == 0, "exit status %d\n%s%s" % (p.returncode, out, err))
    return out


def nothing_left():
    equal(os.listdir(TMP), [], "left in the directory for temporary files")
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path) as f:
                words = f.read().split("\0")
        except OSError:
            continue
        check(not words[0].startswith(TREE), "still runs: %r" % words)


def serving():
    """It runs until it is told to end; what it told, and the process."""
    p = start()
    told = ""
    for line in p.stdout:
        told += line
        if line.startswith("Ctrl-C"):
            return told, p
    raise AssertionError("it ended: " + told + p.stderr.read())


def end(p, sig):
    began = time.monotonic()
    p.send_signal(sig)
    p.communicate(timeout=30)
    check(time.monotonic() - began < 10, "ending took long")
    return p.returncode


@case("--build ends with the path of a program that runs")
def build():
    copy()
    path = once("--build").splitlines()[-1]
    check(os.path.isabs(path), path)
    out = subprocess.run([path, "plugin", "list"], check=True, capture_output=True, text=True).stdout
    check("imap" in out and "smtp" in out, out)
    nothing_left()


@case("--once shows a first message, and leaves nothing behind")
def first():
    began = time.monotonic()
    out = once("--once")
    check(time.monotonic() - began < 30, "it took %d s" % (time.monotonic() - began))
    for line in (r"Sent by SMTP", r"Read by IMAP", r"Subject: Your first message",
                 r"Received: from", r"lies in your mailbox"):
        matches(out, line)
    nothing_left()


@case("it can be run again")
def again():
    matches(once("--once"), "Subject: Your first message")
    nothing_left()


@case("what it tells a client to connect with works, until Ctrl-C")
def clients():
    told, p = serving()
    try:
        port = {name: int(number) for name, number in re.findall(
            r"^ +(IMAP|POP3|submission) +port (\d+)", told, re.M)}
        tls = {name: int(number) for name, number in re.findall(
            r"^ +(IMAP|POP3|submission) .*from the start: (\d+)", told, re.M)}
        equal(sorted(port), ["IMAP", "POP3", "submission"])
        user = re.search(r"user name +(\S+)", told).group(1)
        password = re.search(r"password +(\S+)", told).group(1)
        import imaplib
        import poplib
        import smtplib
        import ssl
        context = ssl._create_unverified_context()
        with smtplib.SMTP("127.0.0.1", port["submission"], timeout=20) as s:
            s.starttls(context=context)
            s.login(user, password)
            s.sendmail(user, [user], "Subject: second\r\nFrom: %s\r\n\r\nhello\r\n" % user)
        with smtplib.SMTP_SSL("127.0.0.1", tls["submission"], timeout=20, context=context) as s:
            s.login(user, password)
        until = time.monotonic() + 20
        for number, box in ((port["IMAP"], imaplib.IMAP4),
                            (tls["IMAP"], lambda h, p: imaplib.IMAP4_SSL(h, p, ssl_context=context))):
            with box("127.0.0.1", number) as i:
                i.login(user, password)
                while int(i.select("INBOX")[1][0]) < 2 and time.monotonic() < until:
                    time.sleep(0.05)
                equal(i.select("INBOX")[1][0], b"2", "messages in INBOX")
        for number, drop in ((port["POP3"], poplib.POP3),
                             (tls["POP3"], lambda h, p: poplib.POP3_SSL(h, p, context=context))):
            d = drop("127.0.0.1", number)
            d.user(user)
            d.pass_(password)
            equal(d.stat()[0], 2, "messages by POP3")
            d.quit()
        # The command that it shows, with the password asked for.
        command = re.search(r"^    (.*/mansio) -c (\S+) user add (\S+)$", told, re.M).groups()
        subprocess.run([command[0], "-c", command[1], "user", "add", command[2]], check=True,
                       input="another secret\n", text=True, capture_output=True)
        with imaplib.IMAP4("127.0.0.1", port["IMAP"]) as i:
            i.login(command[2], "another secret")
    finally:
        status = end(p, signal.SIGINT)
    equal(status, 0, "exit status after Ctrl-C")
    nothing_left()


@case("two run side by side")
def two():
    first_told, p = serving()
    second_told, q = serving()
    ports = [re.search(r"IMAP +port (\d+)", t).group(1) for t in (first_told, second_told)]
    statuses = [end(p, signal.SIGTERM), end(q, signal.SIGINT)]
    check(ports[0] != ports[1], "both took %s" % ports)
    equal(statuses, [0, 0], "exit statuses")
    nothing_left()


@case("killed, it takes its server with it")
def killed():
    told, p = serving()
    folder = re.search(r"removes (\S+)\.$", told, re.M).group(1)
    p.kill()
    p.communicate()
    for _ in range(100):
        if not os.path.exists(os.path.join(folder, "data", "run", "control.sock")):
            break
        time.sleep(0.1)
    shutil.rmtree(folder)
    nothing_left()


@case("a wrong option is refused with the right ones")
def wrong():
    p = start("--onec")
    out, err = p.communicate(timeout=30)
    equal(p.returncode, 2)
    matches(err, "--once")


run()
