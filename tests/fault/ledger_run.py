# SPDX-License-Identifier: ISC
"""ledger_run - one run of the shared ledger against a server that gets killed"""
import json
import os
import shlex
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import server as server_module
from tap import Broken

START_LIMIT = 2.0	# seconds from kill -9 to taking connections again


class Ledger:
    """Runs ../shared/tools/ledger.py; each kill -9 is followed by a start."""

    def __init__(self, server, seconds, users, *options, kill="0.5-4", who="all", crash=None,
                 signal="KILL"):
        self.server, self.seconds, self.users = server, seconds, users
        # A crash point: each start dies at one of its first passes.
        self.crash = crash
        self.options, self.kill, self.who, self.signal = list(options), kill, who, signal
        self.tool = server_module.shared("tools", "ledger.py")
        self.path = os.path.join(server.dir, "ledger.jsonl")
        self.starts = os.path.join(server.dir, "starts")

    def restart_script(self):
        """A script that starts the server anew and notes how long it took."""
        path = os.path.join(self.server.dir, "restart.sh")
        s = self.server
        with open(path, "w") as f:
            f.write("#!/bin/bash\n")
            if self.crash:
                f.write("[ -n \"$UNHARMED\" ] || export MANSIO_CRASH=%s:$((RANDOM %% 40 + 1))\n" % self.crash)
            f.write(
                    "unset MANSIO_PLUGIN_DIR\nexec %s %s --restart %s %s %s %s %s\n" % tuple(shlex.quote(str(w)) for w in (
                        sys.executable, os.path.abspath(__file__), s.program, s.config,
                        s.log_path, s.port("imap"), self.starts)))
        os.chmod(path, 0o755)
        return path

    def run(self):
        """(exit status, output, seconds that starts took)"""
        s = self.server
        hook = "%s %s kill --signal %s --pidfile %s --who %s --restart %s" % tuple(
            shlex.quote(w) for w in (sys.executable, self.tool, self.signal, s.facts["pid_file"], self.who,
                                     self.restart_script()))
        last = "%s %s kill --pidfile %s --who all --restart 'UNHARMED=yes %s'" % tuple(
            shlex.quote(w) for w in (sys.executable, self.tool, s.facts["pid_file"], self.restart_script()))
        command = [sys.executable, self.tool, "run", "--ledger", self.path,
                   "--imap", "127.0.0.1:%d" % s.port("imap"), "--user", s.pattern,
                   "--users", str(self.users), "--password", server_module.PASSWORD,
                   "--duration", str(self.seconds), "--observe", "0.5",
                   "--abort-percent", "3", "--max-dups", "0", "--hook", hook,
                   "--hook-every", self.kill] + self.options
        if self.crash:
            command += ["--before-verify", last]
        r = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           timeout=self.seconds * 3 + 300)
        try:
            with open(self.starts) as f:
                starts = [float(line) for line in f]
        except OSError:
            starts = []
        return r.returncode, r.stdout, starts


def report(output):
    """The ledger's own summary, {"send": {...}, "verify": {...}}."""
    start = output.find("\n{") + 1 if not output.startswith("{") else 0
    try:
        return json.loads(output[start:])
    except ValueError:
        raise Broken("the ledger told nothing: " + output[-2000:])


def restart(program, config, log_path, port, starts):
    import socket
    began = time.monotonic()
    log = open(log_path, "ab")
    p = subprocess.Popen([program, "serve", "-c", config], stdin=subprocess.DEVNULL, stdout=log,
                         stderr=log, start_new_session=True)
    while time.monotonic() < began + 20:
        if p.poll() is not None:
            log.write(b"TEST: the restarted server ended\n")
            return 1
        try:
            socket.create_connection(("127.0.0.1", int(port)), 1).close()
            break
        except OSError:
            time.sleep(0.005)
    with open(starts, "a") as f:
        f.write("%.3f\n" % (time.monotonic() - began))
    return 0


if __name__ == "__main__" and sys.argv[1:2] == ["--restart"]:
    sys.exit(restart(*sys.argv[2:]))
