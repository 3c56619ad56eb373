#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The command line beside a server and without one: what waits in the queue,
what is edited by hand, who asks and never listens, a setup that fails."""
import json
import os
import smtplib
import socket
import stat
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib")]
import server
import tap
from server import Server
from tap import case, check, equal


def path(s, name):
    for top, _, files in os.walk(s.dir):
        if name in files and "domains" in files:
            return os.path.join(top, name)
    raise RuntimeError("there is no %s" % name)


def send(s, to, subject="x"):
    with smtplib.SMTP("127.0.0.1", s.port("smtp")) as c:
        c.sendmail("a@example.net", [to], "Subject: %s\r\n\r\nbody\r\n" % subject)


def queued(s):
    return [json.loads(l) for l in s.command("queue", "list", "--json").splitlines() if l.strip()]


def states(s):
    return sorted(r["state"] for r in rows(queued(s)))


def rows(found):
    if len(found) == 1 and isinstance(found[0], list):
        return found[0]
    return found


@case("queue: retry leaves alone what is held, with a server and without; nothing goes on for ever")
def holds():
    with Server(users=2, edit=lambda t: t + 'queue { retry = { 1h } }\n') as s:
        s.command("user", "set", "u2@example.org", "--quota", "10B")
        for i in range(3):
            send(s, "u2@example.org", "n%d" % i)
        time.sleep(1)
        equal(states(s), ["waits"] * 3, "at first")
        s.command("queue", "hold", rows(queued(s))[0]["id"])
        equal(states(s), ["held", "waits", "waits"], "after hold")
        s.command("queue", "retry", "all")
        time.sleep(1)
        equal(states(s), ["held", "waits", "waits"], "after retry all")
        s.stop()
        s.command("queue", "retry", "all")
        s.command("queue", "retry", "all")
        equal(states(s), ["held", "waits", "waits"], "after retry all without a server")
        s.command("queue", "release", "all")
        equal(states(s), ["waits"] * 3, "after release all")
        s.start()
        s.command("user", "set", "u2@example.org", "--quota", "1MiB")
        s.command("queue", "retry", "all")
        s.settle()
        equal(queued(s), [], "after there was room")


@case("directory-file: what was edited by hand and has a mistake is not overwritten, nor believed")
def by_hand():
    with Server(users=2) as s:
        users = path(s, "users")
        with open(users) as f:
            text = f.read()
        with open(users, "w") as f:
            f.write("# my note\n" + text + "this is no entry\n")
        status, out = s.command("user", "add", "u9@example.org", "--password-file",
                                s.password_file, check=False)
        check(status != 0, "an edit over a file with a mistake: %s" % out)
        with open(users) as f:
            check("this is no entry" in f.read(), "it was overwritten")
        time.sleep(2.5)
        send(s, "u2@example.org")
        with open(users, "w") as f:
            f.write("# my note\n" + text)
        os.chmod(users, 0o644)
        s.command("user", "add", "u9@example.org", "--password-file", s.password_file)
        with open(users) as f:
            fresh = f.read()
        check("# my note" in fresh and "u9@example.org" in fresh, "the comment is lost: %s" % fresh)
        equal(stat.S_IMODE(os.stat(users).st_mode), 0o600, "mode after an edit")
        check("chmod 600" in s.log(), "no warning of the mode")
        os.rename(users, users + ".away")
        time.sleep(2.5)
        send(s, "u2@example.org")
        time.sleep(1.2)
        send(s, "u2@example.org")
        os.rename(users + ".away", users)


@case("directory-file: an entry too long to be read again is not written")
def too_long():
    with Server(users=1) as s:
        status, out = s.command("user", "set", "u1@example.org", "--note", "x" * 70000, check=False)
        check(status != 0, "taken: %s" % out[:200])
        s.stop()
        s.start()


@case("control: clients that never speak or listen do not hold up the end")
def silent():
    with Server(users=1) as s:
        control = [os.path.join(top, "control.sock") for top, _, files in os.walk(s.dir)
                   if "control.sock" in files][0]
        equal(stat.S_IMODE(os.stat(os.path.dirname(control)).st_mode) & 0o007, 0, "mode of run")
        clients = []
        for i in range(40):
            c = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            c.setblocking(False)
            c.connect(control)
            if i % 2:
                c.send(b'{"noun":"queue"')
            clients.append(c)
        time.sleep(0.5)
        began = time.monotonic()
        equal(s.stop(), 0, "exit status")
        check(time.monotonic() - began < 5, "it took %.1f s" % (time.monotonic() - began))


@case("control: garbage gets an answer")
def garbage():
    with Server(users=1) as s:
        control = [os.path.join(top, "control.sock") for top, _, files in os.walk(s.dir)
                   if "control.sock" in files][0]
        for junk in (b"\n", b"[]\n", b"{\"noun\":1,\"verb\":{}}\n", b"\xff\x00\n", b"[" * 5000 + b"\n",
                     b'{"noun":"user","verb":"add","fields":[["",""]]}\n'):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as c:
                c.settimeout(5)
                c.connect(control)
                c.sendall(junk)
                check(b'"end":-' in c.recv(65536), "for %r" % junk[:20])
        check(s.is_alive(), "it died")


@case("setup: what fails leaves no config behind, what is there is kept, wrong answers are refused")
def setups():
    with tempfile.TemporaryDirectory() as top:
        where = os.path.join(top, "m")
        word = os.path.join(top, "password")
        with open(word, "w") as f:
            f.write("secret\n")

        def setup(*options):
            r = subprocess.run([server.program(), "setup", "--dir", where, "--port-base", "20000",
                                "--password-file", word, "--yes", *options],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
            return r.returncode, r.stdout

        config = os.path.join(where, "mansio.conf")
        for bad in (["--domain", "a b", "--user", "x@a b"], ["--domain", "example.org", "--user", "x"],
                    ["--domain", "example.org", "--user", "x@example.net"],
                    ["--domain", "example.org", "--user", "x@example.org", "--hostname", 'h"\n']):
            check(setup(*bad)[0] != 0, "%s is taken" % bad)
            check(not os.path.exists(config), "%s leaves a config" % bad)
        good = ["--domain", "example.org", "--user", "x@example.org"]
        equal(setup(*good)[0], 0, "setup")
        status, out = setup(*good)
        check(status == 2 and "there already" in out, "a second time: %s" % out)
        os.unlink(config)
        equal(setup(*good)[0], 0, "over the data of an earlier one")


@case("a second server on one data directory says who is there")
def second():
    with Server(users=1) as s:
        r = subprocess.run([s.program, "serve", "-c", s.config], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=10, env=s.environment)
        equal(r.returncode, 2, "exit status")
        check("another process works on" in r.stdout, r.stdout)
        check(s.is_alive(), "the first died")


server.program()
tap.run()
