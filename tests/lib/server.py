# SPDX-License-Identifier: ISC
"""server - a mansio of one's own, in a directory of its own, on free ports

    with Server(users=3) as s:
        s.port("imap"); s.command("store", "verify"); s.kill(); s.start()

MANSIO is the program to be tested.  The directory goes away at the end,
unless KEEP is in the environment; the log is told if the test failed.
"""
import atexit
import functools
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PASSWORD = "secret"
DOMAIN = "example.org"
OFFSETS = (24, 25, 110, 143, 465, 587, 993, 995, 1, 2, 3, 4)	# 1 to 4: for tests' own listeners


def port_base(text):
    """Of a configuration: ports 1 to 4 above it are for a test's own listeners."""
    return int(re.search(r'(?m)^smtp\s+"mx"[^}]*?127\.0\.0\.1:(\d+)', text).group(1)) - 25


def fill_section(text, keyword, body):
    """For edit=: gives options to a section that setup writes empty."""
    new, n = re.subn(r'(?m)^(%s\s+"[^"]*"\s*)\{\s*\}' % re.escape(keyword), lambda m: m.group(1) + "{\n" + body + "\n}", text)
    if n != 1:
        raise RuntimeError("setup writes no empty section " + keyword)
    return new


def add_options(text, keyword, title, body):
    """For edit=: puts options at the head of a section."""
    new, n = re.subn(r'(?m)^(%s\s+"%s"\s*\{)' % (re.escape(keyword), re.escape(title)),
                     lambda m: m.group(1) + " " + body + "\n", text)
    if n != 1:
        raise RuntimeError("setup writes no %s %s" % (keyword, title))
    return new


def tls_only(text):
    """For edit=: passwords only over TLS, as a server that is not for trying out has it."""
    if "plain = loopback" not in text:
        raise RuntimeError("setup does not say plain = loopback")
    return text.replace("plain = loopback", "plain = tls-only")


def program():
    path = os.environ.get("MANSIO")
    if not path or not os.access(path, os.X_OK):
        print("1..0 # SKIP MANSIO does not name the program")
        sys.exit(77)
    return path


def build(name):
    """The program of a further build, which the head of a script asks for."""
    folder = os.environ.get("MANSIO_BUILD_" + name.upper().replace("-", "_"), "")
    path = os.path.join(folder, "core", "mansio")
    return path if folder and os.access(path, os.X_OK) else None


@functools.lru_cache(None)
def is_sanitized():
    """With a sanitizer memory and time tell little."""
    with open(program(), "rb") as f:
        data = f.read()
    return b"__asan_init" in data or b"__tsan_init" in data


def shared(*parts):
    """A path in the folder of shared test material, or None."""
    root = os.environ.get("MANSIO_SHARED", "")
    path = os.path.join(root, *parts)
    return path if root and os.path.exists(path) else None


def free_base():
    """A number whose sums with all offsets are ports that nobody has; below
    the range from which the kernel takes ports for connections."""
    for _ in range(200):
        base = random.randrange(10000, 31000)
        held = []
        try:
            for offset in OFFSETS:
                s = socket.socket()
                held.append(s)
                s.bind(("127.0.0.1", base + offset))
            return base
        except OSError:
            continue
        finally:
            for s in held:
                s.close()
    raise RuntimeError("no free ports")


class Server:
    def __init__(self, users=2, domain=DOMAIN, edit=None, directory=None, environment=None,
                 binary=None, start=True, user="u%d", hostname=None, password=PASSWORD):
        self.program = binary or program()
        self.own_directory = directory is None
        self.dir = directory or tempfile.mkdtemp(prefix="mansio-test.")
        self.domain = domain
        self.password = password
        self.environment = dict(os.environ)
        if binary:	# it finds its own plugins
            self.environment.pop("MANSIO_PLUGIN_DIR", None)
        self.environment.update(environment or {})
        self.process = None
        self.pattern = user if "@" in user else user + "@" + domain
        self.base = free_base()
        self.wrapper = []
        atexit.register(self.close)
        self.config = os.path.join(self.dir, "mansio.conf")
        self.log_path = os.path.join(self.dir, "log")
        self.setup(users, hostname)
        if edit is not None:
            self.edit(edit)
        if start:
            self.start()

    # ---- making it ----

    def setup(self, users, hostname):
        password = os.path.join(self.dir, "password")
        with open(password, "w") as f:
            f.write(self.password)
        extra = ["--hostname", hostname] if hostname else []
        subprocess.run([self.program, "setup", "--dir", self.dir, "--domain", self.domain,
                        "--user", self.user(1), "--password-file", password, "--port-base",
                        str(self.base), "--yes"] + extra, check=True, stdout=subprocess.DEVNULL,
                       env=self.environment)
        with open(os.path.join(self.dir, "facts.json")) as f:
            self.facts = json.load(f)
        self.password_file = password
        for i in range(2, users + 1):
            self.add_user(self.user(i))

    def add_user(self, address, *options):
        self.command("user", "add", address, "--password-file", self.password_file, *options)

    def user(self, i=1):
        return self.pattern % i if "%" in self.pattern else self.pattern

    def edit(self, change):
        """change: text -> text, of the configuration."""
        with open(self.config) as f:
            text = f.read()
        with open(self.config, "w") as f:
            f.write(change(text))

    # ---- its life ----

    def port(self, name):
        return self.facts["ports"][name]

    @property
    def pid(self):
        with open(self.facts["pid_file"]) as f:
            return int(f.read())

    def start(self, timeout=10, port="imap", wait=True):
        """Starts it and waits until it takes connections; seconds it took."""
        began = time.monotonic()
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(self.wrapper + [self.program, "serve", "-c", self.config],
                                        stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                        env=self.environment, cwd=self.dir)
        log.close()
        if wait:
            self.wait_ready(timeout, port)
        return time.monotonic() - began

    def wait_ready(self, timeout=10, port="imap"):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.process is not None and self.process.poll() is not None:
                raise RuntimeError("the server ended with %s\n%s" %
                                   (self.process.returncode, self.log()[-3000:]))
            try:
                socket.create_connection(("127.0.0.1", self.port(port)), 1).close()
                return
            except OSError:
                time.sleep(0.01)
        raise RuntimeError("the server does not answer\n" + self.log()[-3000:])

    def kill(self):
        """As a power switch does it to a process."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stray(self):
        """Of a server that a script restarted: its process, or None."""
        try:
            pid = self.pid
            with open("/proc/%d/cmdline" % pid) as f:
                return pid if self.config in f.read().split("\0") else None
        except (OSError, ValueError):
            return None

    def stop_stray(self, timeout=15):
        """Ends it in order."""
        pid = self.stray()
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + timeout
        while self.stray() is not None:
            if time.monotonic() > end:
                raise RuntimeError("the server did not stop on SIGTERM")
            time.sleep(0.02)

    def stop(self, timeout=15):
        """Asks it to end; its exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise RuntimeError("the server did not stop on SIGTERM")
        status, self.process = self.process.returncode, None
        return status

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None
        stray = self.stray()
        if stray:
            os.kill(stray, signal.SIGKILL)
        if self.own_directory and not os.environ.get("KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- asking it ----

    def command(self, *words, check=True):
        """Runs a verb; its output.  check=False: (status, output)."""
        r = subprocess.run([self.program, "-c", self.config, *words], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=60, env=self.environment)
        if not check:
            return r.returncode, r.stdout
        if r.returncode != 0:
            raise RuntimeError("mansio %s: %d %s" % (" ".join(words), r.returncode, r.stdout))
        return r.stdout

    def log(self):
        try:
            with open(self.log_path, errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def memory(self):
        """Resident octets; of a sanitizer's build none, as they are its own."""
        if is_sanitized():
            return 0
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) * 1024

    def cpu(self):
        """Seconds of processor time so far."""
        with open("/proc/%d/stat" % self.process.pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return used / 20 if is_sanitized() else used

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def settle(self, timeout=10):
        """Waits until nothing is queued."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if not self.command("queue", "list").strip():
                return
            time.sleep(0.02)
        raise RuntimeError("mail stays in the queue: " + self.command("queue", "list"))

    def verify(self):
        """The store and the spool agree with themselves."""
        return self.command("store", "verify", "--deep") + self.command("spool", "verify")
