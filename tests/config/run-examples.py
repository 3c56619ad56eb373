#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# when: quick
"""The shipped configs are right, and etc/full.conf shows every option as it is."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import server
from tap import case, check, equal, run

MANSIO = server.program()
TOP = os.environ.get("MANSIO_SOURCE") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..")
WORK = os.environ.get("MANSIO_WORK") or tempfile.mkdtemp(prefix="mansio-config.")
COMMENTED = re.compile(r"^(\s*)#(?=[a-z][a-z0-9-]* = )", re.M)


def example(name):
    """The text of an example, with its certificate in a place of ours."""
    with open(os.path.join(TOP, "etc", name)) as f:
        text = f.read()
    for file in ("cert.pem", "key.pem"):
        path = os.path.join(WORK, file)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write("-")
        text = text.replace("/etc/mansio/tls/" + file, path)
    return text


def mansio(text, *words):
    path = os.path.join(WORK, "example.conf")
    with open(path, "w") as f:
        f.write(text)
    return subprocess.run([MANSIO, *words, "-c", path], capture_output=True, text=True)


def options(text):
    """{("smtp mx", "tls", "mode"): value} of a config as full.conf is written."""
    found, path = {}, []
    for line in text.splitlines():
        line = re.sub(r'\s+#.*', "", line).strip()
        while line.startswith("}"):
            path.pop()
            line = line[1:].strip()
        opened = re.match(r'([a-z0-9-]+)(?:\s+"([^"]*)")?\s*\{(?!.*\}$)\s*$', line)
        value = re.match(r'([a-z0-9-]+)\s*=\s*(.*)$', line)
        if opened:
            path.append(" ".join(filter(None, opened.groups())))
        elif value:
            found[tuple(path) + (value.group(1),)] = re.sub(r'["\s]', "", value.group(2))
        else:
            # A section on one line.
            one = re.match(r'([a-z0-9-]+)(?:\s+"([^"]*)")?\s*\{\s*(.*?)\s*\}$', line)
            if one:
                head = tuple(path) + (" ".join(filter(None, one.groups()[:2])),)
                for m in re.finditer(r'([a-z0-9-]+) = (\{[^}]*\}|"[^"]*"|\S+)', one.group(3)):
                    found[head + (m.group(1),)] = re.sub(r'["\s]', "", m.group(2))
    return found


def keywords(path):
    return tuple(p.split(" ")[0] for p in path)


@case("etc/minimal.conf is good")
def minimal():
    r = mansio(example("minimal.conf"), "check")
    equal((r.returncode, r.stderr), (0, ""))


@case("etc/full.conf is good")
def full():
    r = mansio(example("full.conf"), "check")
    equal((r.returncode, r.stderr), (0, ""))


@case("etc/full.conf is good with everything in it that is commented out")
def uncommented():
    text, n = COMMENTED.subn(r"\1", example("full.conf"))
    check(n > 60, "only %d options are commented out" % n)
    r = mansio(text, "check")
    equal((r.returncode, r.stderr), (0, ""))


@case("etc/full.conf names every option of the core and of every plugin")
def complete():
    shown = options(mansio(example("full.conf"), "config", "show", "--all").stdout)
    check(len(shown) > 100, "only %d options are shown" % len(shown))
    there = {keywords(p) for p in options(COMMENTED.sub(r"\1", example("full.conf")))}
    # What all protocols share, and all filters, is told once.
    anywhere = {p[1:] for p in there}
    common = [("listen",), ("pipeline",), ("proxy-from",), ("max-connections",),
              ("per-client",), ("tls", "use"), ("tls", "mode")]
    missing = sorted({" ".join(keywords(p)) for p in shown if keywords(p) not in there and
                      not (keywords(p)[1:] in common and keywords(p)[1:] in anywhere)})
    equal(missing, [])
    plugins = [line.split()[0] for line in subprocess.run(
        [MANSIO, "plugin", "list"], check=True, capture_output=True,
        text=True).stdout.splitlines()[1:]]
    check(len(plugins) >= 10, "plugins: %r" % plugins)
    used = {k for p in there for k in p}
    equal([p for p in plugins if p not in used], [], "plugins that are not shown")


@case("what etc/full.conf shows as a default is the default")
def defaults():
    shown = options(mansio(example("full.conf"), "config", "show", "--all").stdout)
    only = "\n".join(m for m in example("full.conf").splitlines())
    active = options(only)
    for path, value in options(COMMENTED.sub(r"\1", only)).items():
        if path not in active:
            check(path in shown, "no such option: %r" % (path,))
            equal(value, shown[path], " ".join(path))


@case("mansio setup writes what mansio check calls good")
def templates():
    for extra in ([], ["--port-base", "20000"]):
        folder = tempfile.mkdtemp(dir=WORK)
        password = os.path.join(folder, "password")
        with open(password, "w") as f:
            f.write("secret")
        subprocess.run([MANSIO, "setup", "--yes", "--dir", os.path.join(folder, "d"), "--domain",
                        "example.org", "--hostname", "mail.example.org", "--user",
                        "ann@example.org", "--password-file", password, *extra], check=True,
                       stdout=subprocess.DEVNULL)
        r = subprocess.run([MANSIO, "check", os.path.join(folder, "d", "mansio.conf")],
                           capture_output=True, text=True)
        equal((r.returncode, r.stderr), (0, ""))


run()
