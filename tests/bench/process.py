# SPDX-License-Identifier: ISC
"""Processes of a server: their CPU time, also of those that have ended, and
their memory.

A server runs under a keeper: a small process that is the reaper of all its
descendants, so that the time of a child that has exited is counted in its
parent or, if that is gone, in the keeper.  Needs no rights and no cgroup.
"""
import ctypes
import os
import signal
import subprocess
import sys
import time

TICK = os.sysconf('SC_CLK_TCK')
PR_SET_CHILD_SUBREAPER = 36


def keep(command, cwd):
    """Runs in the keeper: starts the command and reaps until it is told to end."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    null = os.open(os.devnull, os.O_RDWR)
    subprocess.Popen(command, cwd=cwd, stdin=null, stdout=null, stderr=null)
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return              # the last of them has gone


class Keeper:
    def __init__(self, command, cwd='/'):
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            try:
                keep(command, cwd)
            finally:
                os._exit(0)

    def members(self):
        """All descendants, by their parents' lists of children."""
        found, todo = [], [self.pid]
        while todo:
            pid = todo.pop()
            try:
                for task in os.listdir('/proc/%d/task' % pid):
                    with open('/proc/%d/task/%s/children' % (pid, task)) as f:
                        new = [int(x) for x in f.read().split()]
                    found += new
                    todo += new
            except OSError:
                pass
        return found

    def cpu(self):
        """Seconds of user and system time of all, gone ones included."""
        total = self.ended_cpu(self.pid)
        for pid in self.members():
            try:
                # The clock of a process: nanoseconds, ended threads included.
                total += time.clock_gettime(((~pid) << 3) | 2)
            except OSError:
                pass
            total += self.ended_cpu(pid)
        return total

    @staticmethod
    def ended_cpu(pid):
        try:
            with open('/proc/%d/stat' % pid) as f:
                fields = f.read().rsplit(')', 1)[1].split()
            return (int(fields[13]) + int(fields[14])) / TICK
        except OSError:
            return 0.0

    def memory(self):
        """KiB of proportional memory: anonymous, of files, processes."""
        anon = files = n = 0
        for pid in self.members():
            try:
                with open('/proc/%d/smaps_rollup' % pid) as f:
                    for line in f:
                        if line.startswith('Pss_Anon:'):
                            anon += int(line.split()[1])
                        elif line.startswith(('Pss_File:', 'Pss_Shmem:')):
                            files += int(line.split()[1])
                n += 1
            except OSError:
                pass
        return anon, files, n

    def stop(self):
        for sig, wait in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
            for pid in self.members():
                try:
                    os.kill(pid, sig)
                except OSError:
                    pass
            end = time.monotonic() + wait
            while time.monotonic() < end:
                if os.waitpid(self.pid, os.WNOHANG)[0] != 0:
                    return
                time.sleep(0.05)
        sys.stderr.write('a server does not end\n')
