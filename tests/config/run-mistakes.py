#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# when: quick
"""A config with mistakes is told all of them at once, each with its place."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import server
from tap import case, check, equal, matches, run

MANSIO = server.program()
WORK = os.environ.get("MANSIO_WORK") or __import__("tempfile").mkdtemp(prefix="mansio-config.")

GOOD = """config-version = 1
hostname       = mail.example.org
data-dir       = "data"

directory-file "people" {}
mailbox-lmdb   "mail"   { retention = 7d }
spool          "spool"  { high-water = 256MiB }
local          "here"   { mailbox = mail }

smtp "mx" {
	listen   = "127.0.0.1:2525"
	max-size = 10MiB
	pipeline = inbound
}
imap "imap" { listen = "127.0.0.1:2143"  mailbox = mail }

pipeline "inbound" { sizelimit { limit = 50MiB }  alias { deliver = here } }
"""
# What is written instead, on which line that is, and what must be said of it.
MISTAKES = [
    ("retention = 7d", "retentoin = 7d", 6, r'unknown option "retentoin".*mean "retention"'),
    ("high-water = 256MiB", "high-water = 256", 7, r"no unit"),
    ('"here"   { mailbox = mail }', '"here"   { mailbox = mial }', 8, r'"mial".*mean "mail"'),
    ("max-size = 10MiB", "max-size = 10MiB;", 12, r'remove the ";"'),
    ("pipeline = inbound", "pipeline = inbuond", 13, r'"inbuond".*mean "inbound"'),
    ('imap "imap"', 'imop "imap"', 15, r'unknown section "imop".*mean "imap"'),
    ("limit = 50MiB", "limit = 50Gib", 17, r"50Gib"),
]


def mansio_check(text, *options, name="test.conf"):
    path = os.path.join(WORK, name)
    with open(path, "w") as f:
        f.write(text)
    r = subprocess.run([MANSIO, "check", path, *options], capture_output=True, text=True,
                       timeout=30)
    return r.returncode, r.stdout, r.stderr, path


@case("a good config is called good, and the exit status is 0")
def good():
    status, out, err, path = mansio_check(GOOD)
    equal((status, out, err), (0, path + ": good\n", ""))


@case("seven mistakes in one file are seven messages, each with file and line")
def seven():
    text = GOOD
    for right, wrong, _, _ in MISTAKES:
        check(text.count(right) == 1, "the test's own text: %r" % right)
        text = text.replace(right, wrong)
    status, out, err, path = mansio_check(text)
    equal(status, 1, "exit status")
    lines = err.splitlines()
    equal(len(lines), len(MISTAKES), "messages:\n" + err)
    for line, (_, _, number, words) in zip(lines, MISTAKES):
        check(line.startswith("%s:%d:" % (path, number)), "not at line %d: %s" % (number, line))
        matches(line, words)


@case("each mistake alone is told alone")
def alone():
    for right, wrong, number, words in MISTAKES:
        status, out, err, path = mansio_check(GOOD.replace(right, wrong))
        equal(status, 1, wrong)
        equal(len(err.splitlines()), 1, wrong + ": messages:\n" + err)
        check(err.startswith("%s:%d:" % (path, number)), err)


@case("programs get the same as JSON")
def as_json():
    right, wrong, number, _ = MISTAKES[0]
    status, out, err, path = mansio_check(GOOD.replace(right, wrong), "--json")
    problems = json.loads(out)["problems"]
    equal((status, len(problems)), (1, 1))
    equal((problems[0]["file"], problems[0]["line"], problems[0]["severity"]),
          (path, number, "error"))
    equal(GOOD.splitlines()[number - 1].find("retention") + 1, problems[0]["column"], "column")


@case("a file that cannot be read is exit status 2")
def unreadable():
    r = subprocess.run([MANSIO, "check", os.path.join(WORK, "absent.conf")],
                       capture_output=True, text=True)
    equal(r.returncode, 2)
    matches(r.stderr, "absent.conf")


@case("a mistake in an included file is told with that file's name and line")
def included():
    with open(os.path.join(WORK, "part.inc"), "w") as f:
        f.write("# a comment\n\nsizelimit { limt = 1MiB }\n")
    status, out, err, path = mansio_check(GOOD.replace(
        "sizelimit { limit = 50MiB }", 'include("*.inc")'))
    equal(status, 1)
    matches(err, r'part\.inc:3:\d+: error: unknown option "limt".*"limit"')
    equal(len(err.splitlines()), 1, err)


@case("an environment variable that is not set is an error")
def environment():
    os.environ.pop("MANSIO_TEST_UNSET", None)
    status, out, err, path = mansio_check(GOOD.replace('"data"', '"${MANSIO_TEST_UNSET}"'))
    equal(status, 1)
    matches(err, r":3:\d+: error: .*MANSIO_TEST_UNSET")


@case("a private key that others can read is an error")
def open_key():
    key = os.path.join(WORK, "key.pem")
    for mode, wanted in ((0o644, 1), (0o600, 0)):
        for name in ("cert.pem", "key.pem"):
            with open(os.path.join(WORK, name), "w") as f:
                f.write("-")
        os.chmod(key, mode)
        status, out, err, path = mansio_check(
            GOOD + '\ntls "default" { cert = "cert.pem"  key = "key.pem" }\n')
        equal(status, wanted, "mode %o: %s" % (mode, err))


@case("a section that is not closed is told with the line that opens it")
def unclosed():
    status, out, err, path = mansio_check(GOOD.replace("\tpipeline = inbound\n}\n",
                                                       "\tpipeline = inbound\n"))
    equal(status, 1)
    matches(err, r"test\.conf:10:")


run()
