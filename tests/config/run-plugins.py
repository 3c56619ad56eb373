#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# when: quick
"""Writing a section opens its plugin; without the section the file stays shut."""
import glob
import json
import os
import re
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import server
from tap import case, check, equal, matches, run

PLUGINS = os.environ.get("MANSIO_PLUGIN_DIR") or os.path.join(
    os.path.dirname(server.program()), "..", "plugins")


def mapped(pid):
    """Names of plugins that a process has mapped."""
    with open("/proc/%d/maps" % pid) as f:
        paths = {line.split(None, 5)[5].strip() for line in f if line.count(" ") > 4 and
                 line.rstrip().endswith(".so")}
    there = {os.path.realpath(p) for p in glob.glob(os.path.join(PLUGINS, "*.so"))}
    return {os.path.basename(p)[:-3] for p in paths if os.path.realpath(p) in there}


def without_pop3(text):
    changed = re.sub(r'^pop3 "pop"(.|\n)*?\n *mailbox = mail }\n', "", text, flags=re.M)
    check("pop3" not in changed and changed != text, "the section was not taken out:\n" + changed)
    return changed


@case("every plugin of the config is opened, and no other")
def opened():
    with server.Server(users=1) as s:
        with open(s.config) as f:
            text = f.read()
        names = {os.path.basename(p)[:-3] for p in glob.glob(os.path.join(PLUGINS, "*.so"))}
        used = {n for n in names if re.search(r'(^|[\s{])%s\s*("[\w-]+"\s*)?\{' % re.escape(n), text)}
        check(len(used) >= 8, "found in the config: %r" % used)
        equal(mapped(s.process.pid), used)


@case("with the section of pop3 taken out its file is not even opened")
def unopened():
    with server.Server(users=1, edit=without_pop3) as s:
        check("pop3" not in mapped(s.process.pid), "pop3.so is mapped")
        check("imap" in mapped(s.process.pid), "imap.so is not mapped: the test sees nothing")
        with socket.socket() as c:
            check(c.connect_ex(("127.0.0.1", s.port("pop3"))) != 0, "the port still answers")


@case("a config works with the file of an unused plugin gone")
def file_gone():
    work = os.environ.get("MANSIO_WORK") or server.tempfile.mkdtemp(prefix="mansio-config.")
    few = os.path.join(work, "few")
    os.makedirs(few, exist_ok=True)
    for p in glob.glob(os.path.join(PLUGINS, "*.so")):
        if os.path.basename(p) != "pop3.so":
            os.symlink(os.path.realpath(p), os.path.join(few, os.path.basename(p)))
    # setup checks its own template, which has pop3: it needs all of them.
    with server.Server(users=1, edit=without_pop3, start=False) as s:
        s.environment["MANSIO_PLUGIN_DIR"] = few
        s.start()
        check("pop3" not in mapped(s.process.pid), "pop3.so is mapped")
        equal(s.stop(), 0, "exit status")
    with server.Server(users=1, start=False) as s:
        s.environment["MANSIO_PLUGIN_DIR"] = few
        status, out = s.command("check", check=False)
        equal(status, 1, out)
        matches(out, r"pop3")


@case("what a plugin says of itself is JSON for programs and text for people")
def described():
    for path in glob.glob(os.path.join(PLUGINS, "*.so")):
        name = os.path.basename(path)[:-3]
        told = json.loads(subprocess.run([server.program(), "plugin", "show", name, "--json"],
                                         check=True, capture_output=True, text=True).stdout)
        equal(told["name"], name)
        check(told["kinds"] and told["license"] == "ISC", str(told))
        text = subprocess.run([server.program(), "plugin", "show", name, "--all"], check=True,
                              capture_output=True, text=True).stdout
        for option in told["options"]:
            check(option["help"], "%s.%s has no help" % (name, option["name"]))
            matches(text, r"(?m)^    %s( \{|:)" % re.escape(option["name"]), name)


@case("the config shown is a config that means the same")
def shown():
    with server.Server(users=1, start=False) as s:
        shown = s.command("config", "show")
        path = os.path.join(s.dir, "shown.conf")
        with open(path, "w") as f:
            f.write(shown)
        r = subprocess.run([s.program, "check", path], capture_output=True, text=True)
        equal(r.returncode, 0, shown + r.stderr)
        again = subprocess.run([s.program, "config", "show", "-c", path], check=True,
                               capture_output=True, text=True).stdout
        equal(again, shown)


run()
