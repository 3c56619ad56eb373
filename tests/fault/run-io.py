#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# needs: strace
# seconds: 300
"""Disks that fail or are full, descriptors that run out: 4xx and NO for what
cannot be kept, nothing made up, nothing renumbered, and recovery without a
restart (P7, P8, S41 and X08 of ../shared/reliability.md)."""
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]
import tap
from server import Server, fill_section
from tap import Broken, Skip, case, check, equal, matches
from wire import Closed, Imap, Raw, Smtp, mailbox, wait_for

LONG = os.environ.get("MANSIO_MODE") == "long"
LOST = (OSError, Closed)


def content(token, octets=500):
    return (b"From: <a@remote.example>\r\nX-Token: %s\r\n\r\n" % token.encode() +
            (b"y" * 76 + b"\r\n") * (octets // 78 + 1))


class Injected:
    """strace makes system calls of the living server fail."""

    def __init__(self, server, expression):
        if shutil.which("strace") is None:
            raise Skip("no strace")
        self.trace = os.path.join(server.dir, "trace")
        calls = expression.split(":")[0]
        self.process = subprocess.Popen(
            ["strace", "-f", "-qq", "-e", "trace=" + calls, "-e", "inject=" + expression, "-o", self.trace,
             "-p", str(server.process.pid)], stderr=subprocess.PIPE)
        status = "/proc/%d/status" % server.process.pid
        end = time.monotonic() + 5
        while time.monotonic() < end:
            with open(status) as f:
                if not re.search(r"TracerPid:\s+0\n", f.read()):
                    break
            if self.process.poll() is not None:
                raise Skip("strace may not attach: " + self.process.stderr.read().decode()[:200])
            time.sleep(0.02)
        time.sleep(0.2)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        with open(self.trace) as f:
            return sum("(INJECTED)" in line for line in f)


class Promises:
    """What was said of each message, by SMTP and APPEND."""

    def __init__(self, server):
        self.server, self.n, self.allowed, self.codes = server, 0, {}, []
        self.uids = {}

    def token(self):
        self.n += 1
        return "io%d" % self.n

    def smtp(self, user, octets=500):
        t = self.token()
        self.allowed[t, user] = {0}
        try:
            with Smtp(self.server.port("smtp")) as c:
                for line in ("MAIL FROM:<x@remote.example>", "RCPT TO:<%s>" % user, "DATA"):
                    c.send_line(line)
                    code, text = c.reply()
                    if code >= 400:
                        self.codes.append((code, text))
                        return code
                self.allowed[t, user] = {0, 1}
                c.send(content(t, octets) + b".\r\n")
                code, text = c.reply()
                self.codes.append((code, text))
                self.allowed[t, user] = {1} if code == 250 else {0}
                return code
        except LOST:
            self.codes.append((0, "connection lost"))
            return 0

    def append(self, user, octets=500):
        t = self.token()
        self.allowed[t, user] = {0}
        try:
            with Imap(self.server.port("imap"), user) as c:
                self.allowed[t, user] = {0, 1}
                _, tagged = c.command("APPEND INBOX {}", content(t, octets))
                self.allowed[t, user] = {1} if tagged.startswith("OK") else {0}
                return tagged
        except LOST:
            return "lost"
        except Broken as refused:
            return str(refused)

    def look(self, users):
        """All promises hold, and no UID has changed its message."""
        for user in users:
            with Imap(self.server.port("imap"), user, select="INBOX") as c:
                validity = re.search(rb"UIDVALIDITY (\d+)", b" ".join(c.untagged)).group(1)
                found = {}
                for r in c.ok("UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (X-Token)])"):
                    m, uid = re.search(rb"X-Token: (\S+)", r), re.search(rb"UID (\d+)", r)
                    if m and uid:
                        t = m.group(1).decode()
                        found[t] = found.get(t, 0) + 1
                        was = self.uids.setdefault((user, validity, uid.group(1)), t)
                        equal(t, was, "the message of UID %s" % uid.group(1).decode())
            for (t, u), allowed in self.allowed.items():
                if u == user:
                    n = found.get(t, 0)
                    check(n in allowed, "%s for %s is there %d times, not %s" % (t, u, n, sorted(allowed)))

    def deliver_all(self, seconds=20):
        """What was deferred by the fault is tried again, as an admin would."""
        end = time.monotonic() + seconds
        while self.server.command("queue", "list").strip():
            if time.monotonic() > end:
                raise Broken("mail stays in the queue: " + self.server.command("queue", "list"))
            self.server.command("queue", "retry", "all")
            time.sleep(0.1)


def with_faults(expression, codes):
    users = ["u1@example.org", "u2@example.org"]
    with Server(users=2, edit=lambda t: fill_section(t, "spool", "segment-size = 1MiB")) as s:
        p = Promises(s)
        for u in users:
            equal(p.smtp(u), 250, "before")
            matches(p.append(u), "^OK")
        s.settle()
        p.look(users)
        p.codes.clear()
        fault = Injected(s, expression)
        try:
            for i in range(40):
                p.smtp(users[i % 2], 100 if i % 5 else 200000)
                if i % 4 == 0:
                    answer = p.append(users[i % 2])
                    check(answer.startswith(("OK", "NO")) or answer == "lost" or "BYE" in answer, "APPEND: " + answer)
            with Imap(s.port("imap"), users[0]) as c:
                c.command("SELECT INBOX")
        finally:
            injected = fault.stop()
        told = sorted({(c, t[:5]) for c, t in p.codes})
        tap.note("%d calls failed; replies %s" % (injected, told))
        check(injected > 0, "no call was made to fail")
        check(any(c != 250 for c, _ in p.codes), "nothing was refused")
        for code, text in p.codes:
            check(code in codes, "reply %d %s" % (code, text))
        check(s.is_alive(), "the server died: " + s.log()[-1500:])
        # All is well again, without a restart.
        wait_for(lambda: p.smtp(users[0]) == 250, 10, "mail is still refused: %s" % (p.codes[-1:],))
        wait_for(lambda: p.append(users[1]).startswith("OK"), 10, "APPEND is still refused")
        p.deliver_all()
        p.look(users)
        status, told = s.command("store", "verify", "--deep", check=False)
        equal(status, 0, "store verify: " + told)
        s.kill()		# what the disk has is what was promised
        s.start()
        p.deliver_all()
        p.look(users)
        s.verify()


@case("P8 fdatasync fails with EIO now and then: 451, or no word; nothing lost, made up or renumbered")
def sync_fails():
    with_faults("fdatasync,fsync:error=EIO:when=2+3", (250, 451, 452, 421, 0))


@case("P8 fdatasync fails with EIO always, then no more")
def sync_always_fails():
    with_faults("fdatasync,fsync,msync:error=EIO", (250, 451, 452, 421, 0))


@case("P8 writes fail with EIO now and then")
def write_fails():
    with_faults("pwrite64,pwritev,pwritev2:error=EIO:when=5+4", (250, 451, 452, 421, 0))


@case("S41 writes fail with ENOSPC: 452, or no word")
def no_space():
    with_faults("pwrite64,pwritev,pwritev2,fallocate,ftruncate:error=ENOSPC:when=3+2", (250, 451, 452, 421, 0))


@case("P8 syncs that take long hold up nobody but those who wait for them")
def slow_sync():
    with Server(users=2) as s:
        p = Promises(s)
        p.smtp("u1@example.org")
        s.settle()
        fault = Injected(s, "fdatasync,fsync:delay_enter=300000")
        try:
            began = time.monotonic()
            equal(p.smtp("u1@example.org"), 250, "a message")
            with Imap(s.port("imap"), "u2@example.org", select="INBOX") as c:
                began = time.monotonic()
                c.ok("NOOP")
                c.ok("LIST \"\" *")
                check(time.monotonic() - began < 1, "reading waited %.1f s" % (time.monotonic() - began))
        finally:
            fault.stop()


@case("P8 a start whose sync fails says so and ends; the next one is well")
def start_fails():
    if shutil.which("strace") is None:
        raise Skip("no strace")
    with Server(users=1) as s:
        p = Promises(s)
        p.smtp("u1@example.org")
        s.settle()
        s.kill()
        for nth in range(1, 4):
            s.wrapper = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e",
                         "inject=fdatasync,fsync:error=EIO:when=%d" % nth]
            s.start(wait=False)
            end = time.monotonic() + 3
            while s.process.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
            if s.process.poll() is None:	# it took no harm
                pid = s.pid
                os.kill(pid, 9)
                s.process.wait()
            s.process = None
        s.wrapper = []
        s.start()
        p.deliver_all()
        p.look(["u1@example.org"])
        s.verify()


# ---- a disk that is really full -----------------------------------------------------------

def small_disk(megabytes):
    folder = tempfile.mkdtemp(prefix="mansio-disk.")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm,mode=0755" % megabytes, "tmpfs", folder],
                      stderr=subprocess.DEVNULL).returncode != 0:
        os.rmdir(folder)
        raise Skip("no right to mount a tmpfs")
    return folder


def drop_disk(folder):
    subprocess.run(["umount", "-l", folder])
    os.rmdir(folder)


@case("P7, S41 a full disk: 452 4.3.1, still readable; room again: mail again, without a restart")
def full():
    disk = small_disk(24)
    s = None
    try:
        s = Server(users=2, start=False, edit=lambda t: fill_section(fill_section(t, "mailbox-lmdb",
                   "retention = 0s"), "spool", "segment-size = 1MiB  free-files = 0"))
        s.stop()
        shutil.copytree(os.path.join(s.dir, "data"), os.path.join(disk, "data"))
        s.edit(lambda t: t.replace(os.path.join(s.dir, "data"), os.path.join(disk, "data")))
        s.facts["pid_file"] = os.path.join(disk, "data", "run", "pid")
        s.start()
        p = Promises(s)
        equal(p.smtp("u1@example.org"), 250, "at first: %s" % p.codes)
        ballast = os.path.join(disk, "ballast")
        free = os.statvfs(disk)
        with open(ballast, "wb") as f:
            f.write(b"x" * max(0, free.f_bavail * free.f_frsize - (8 << 20)))
        refused = 0
        for i in range(400):
            code = p.smtp("u%d@example.org" % (i % 2 + 1), 60000)
            check(code in (250, 451, 452, 421, 0), "reply %s" % (p.codes[-1],))
            if code != 250:
                refused += 1
            if refused > 5:
                break
        tap.note("replies %s" % sorted({(c, t[:5]) for c, t in p.codes}))
        check(refused > 5, "the disk does not get full")
        check(any(c == 452 and t.startswith("4.3.1") for c, t in p.codes), "no 452 4.3.1: %s" % p.codes[-3:])
        answer = p.append("u1@example.org", 2000000)
        matches(answer, r"^NO|lost", "APPEND on a full disk")
        # A peer that is in the midst of its message when the room ends.
        with Imap(s.port("imap"), "u1@example.org", select="INBOX") as c:
            n = len(c.uids())
            check(n > 0, "nothing to read")
            check(c.body(c.uids()[0]) is not None, "a message cannot be read")
            c.ok("UID FETCH 1:* (FLAGS ENVELOPE)")
            _, flagged = c.command("STORE 1 +FLAGS (\\Seen)")
            matches(flagged, "^(OK|NO)")
            _, moved = c.command("STORE 1 +FLAGS (\\Deleted)")
            _, expunged = c.command("EXPUNGE")
            tap.note("full: STORE %s, EXPUNGE %s" % (flagged[:40], expunged[:40]))
        check(s.is_alive(), "the server died: " + s.log()[-1500:])
        os.remove(ballast)
        wait_for(lambda: p.smtp("u2@example.org", 60000) == 250, 15, "mail is still refused: %s" % (p.codes[-1:],))
        wait_for(lambda: p.append("u2@example.org").startswith("OK"), 10, "APPEND is still refused")
        p.deliver_all()
        p.look(["u2@example.org"])
        if LONG:
            expunge_makes_room(s, p, disk)
        s.stop()
        s.verify()
    finally:
        if s is not None:
            s.close()
        drop_disk(disk)


def expunge_makes_room(s, p, disk):
    """Segments are given back a minute or two after they were emptied."""
    for _ in range(1000):
        if p.smtp("u1@example.org", 200000) != 250:
            break
    p.deliver_all()
    with Imap(s.port("imap"), "u1@example.org", select="INBOX") as c:
        c.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)")
        c.ok("EXPUNGE")
    p.allowed = {k: {0} if k[1] == "u1@example.org" else v for k, v in p.allowed.items()}
    wait_for(lambda: time.sleep(2) or p.smtp("u1@example.org", 200000) == 250, 200, "EXPUNGE makes no room")


@case("X08 out of descriptors: no busy loop, who is connected is served, and all is well later")
def descriptors():
    with Server(users=1) as s:
        with Imap(s.port("imap"), "u1@example.org", select="INBOX") as c:
            limit = s.descriptors() + 12
            resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
            held = []
            for _ in range(80):
                try:
                    held.append(Raw(s.port("smtp"), timeout=5))
                except OSError:
                    break
            time.sleep(0.5)
            before = s.cpu()
            time.sleep(2)
            used = s.cpu() - before
            check(used < 0.3, "%.2f s of processor time in 2 s" % used)
            c.ok("NOOP")
            for h in held:
                h.close()
            check(s.is_alive(), "the server died")

            def works():
                try:
                    with Smtp(s.port("smtp"), timeout=2) as m:
                        m.message("u1@example.org", content("late"))
                    return True
                except (OSError, Broken):
                    return False
            wait_for(works, 10, "no connection is served any more")
        s.settle()
        s.stop()
        s.verify()


@case("X06 a second server on the same data refuses to start")
def second():
    with Server(users=1) as s:
        r = subprocess.run([s.program, "serve", "-c", s.config], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           timeout=10, env=s.environment, text=True)
        check(r.returncode != 0, "it started")
        matches(r.stdout, r"(?i)(already|another process)", "what it says")
        check(s.is_alive(), "the first one died")
        with Smtp(s.port("smtp")) as c:
            c.message("u1@example.org", content("x"))


tap.run()
