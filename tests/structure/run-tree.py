#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# when: quick
"""The rules of the tree that a compiler does not see (README.md, "How the parts fit").

Reads sources alone; with an argument, those below that directory.
"""
import functools
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import case, check, run

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.environ.get("MANSIO_SOURCE") or os.path.dirname(os.path.dirname(HERE))
ROOMS = ["base", "config", "plugin", "net", "auth", "pipeline", "process", "command"]
MAX_LINES = 800

# Names of plugins that are words of everyday English, too.
ORDINARY = {"alias", "local", "spool"}
# A protocol's name that a format prescribes: RFC 3464 2.3.6, diagnostic-type.
PRESCRIBED = ["Diagnostic-Code: smtp;"]
COMMANDS = """EHLO HELO LHLO MAIL RCPT DATA BDAT VRFY EXPN RSET NOOP QUIT ETRN STARTTLS XCLIENT
    STAT LIST RETR DELE TOP UIDL STLS CAPA APOP CAPABILITY AUTHENTICATE LOGOUT ENABLE SELECT
    EXAMINE CREATE DELETE RENAME SUBSCRIBE UNSUBSCRIBE LSUB STATUS APPEND CHECK CLOSE UNSELECT
    EXPUNGE SEARCH FETCH STORE COPY MOVE UID IDLE NAMESPACE SORT THREAD GETQUOTA SETQUOTA""".split()
DANGEROUS = """strcpy strcat sprintf vsprintf strtok atoi atol alloca system popen gets
    tmpnam mktemp scanf sscanf""".split()


@functools.lru_cache(maxsize=None)
def files(*suffixes):
    """Tracked and new files, or all of them where there is no git."""
    try:
        names = subprocess.run(["git", "-C", TOP, "ls-files", "-co", "--exclude-standard"],
                               check=True, capture_output=True, text=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        names = []
    if not names:
        for folder, folders, found in os.walk(TOP):
            folders[:] = [f for f in folders if not f.startswith(("build", ".git"))]
            names += [os.path.relpath(os.path.join(folder, f), TOP) for f in found]
    return sorted(n for n in names if (not suffixes or n.endswith(suffixes)) and
                  os.path.isfile(os.path.join(TOP, n)))


@functools.lru_cache(maxsize=None)
def text(name):
    with open(os.path.join(TOP, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def sources(*folders):
    return [n for n in files(".c", ".h") if n.startswith(folders)]


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


@functools.lru_cache(maxsize=None)
def code(name, strings=False):
    """Without comments, and without what is in strings; lines stay lines."""
    def blank(m):
        t = m.group(0)
        if t[0] == '"' and strings:
            return t
        return re.sub(r"[^\n]", " ", t)
    return TOKEN.sub(blank, text(name))


def line_of(content, place):
    return content.count("\n", 0, place) + 1


def none(found, rule):
    check(not found, rule + ":\n" + "\n".join(found[:20]))


def plugin_names():
    """As each plugin's meson.build declares them."""
    names = []
    for n in files("meson.build"):
        if n.startswith("plugins/"):
            names += re.findall(r"'name' : '([^']+)'", "\n".join(
                l for l in text(n).splitlines() if not l.startswith("#")))
    return names


def plugin_folder(name):
    return "/".join(name.split("/")[:3]) + "/"


@case("the core names no plugin")
def core_names_no_plugin():
    names = set(plugin_names()) - ORDINARY
    check(len(names) >= 5, "the list of plugins was not found: %r" % names)
    word = re.compile(r"(?<![\w-])(%s)(?![\w-])" % "|".join(map(re.escape, sorted(names))))
    found = []
    for n in sources("core/"):
        content = text(n)
        for p in PRESCRIBED:
            content = content.replace(p, " " * len(p))
        for m in word.finditer(content):
            found.append("%s:%d: %s" % (n, line_of(content, m.start()), m.group(0)))
    none(found, "a plugin's name in the core")


@case("the core knows no command of a protocol")
def core_knows_no_command():
    word = re.compile(r'"(%s)(?=["\s\\])' % "|".join(COMMANDS))
    found = []
    for n in sources("core/"):
        content = code(n, strings=True)
        for m in word.finditer(content):
            found.append("%s:%d: %s" % (n, line_of(content, m.start()), m.group(1)))
    none(found, "a protocol's command in the core")


@case("a plugin includes public headers, libraries' and its own, and nothing else")
def plugins_include():
    found = []
    for n in sources("plugins/"):
        for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', text(n), re.M):
            kind, name = m.groups()
            here = os.path.normpath(os.path.join(os.path.dirname(n), name))
            if kind == '"':
                good = here.startswith(plugin_folder(n)) and here in files(".h")
            elif name.startswith("mansio/"):
                good = "plugin-api/include/" + name in files(".h")
            else:
                good = ".." not in name and not name.startswith(tuple(r + "/" for r in ROOMS)) \
                    and "core/" not in name
            if not good:
                found.append("%s includes %s" % (n, name))
    none(found, "a plugin reaches outside its floor")


@case("a room of the core includes only what stands to its left")
def rooms_include():
    found = []
    for n in sources("core/"):
        parts = n.split("/")
        if len(parts) != 3:
            continue
        check(parts[1] in ROOMS, "%s is in no room" % n)
        for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', text(n), re.M):
            room = m.group(1).split("/")[0] if "/" in m.group(1) else parts[1]
            if room not in ROOMS or ROOMS.index(room) > ROOMS.index(parts[1]):
                found.append("%s includes %s" % (n, m.group(1)))
    none(found, "a room looks to its right")


@case("libmansio and the public headers include nothing of core and plugins")
def api_includes():
    found = []
    for n in sources("plugin-api/"):
        public = n.startswith("plugin-api/include/")
        for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', text(n), re.M):
            kind, name = m.groups()
            here = os.path.normpath(os.path.join(os.path.dirname(n), name))
            if (kind == '"' and (public or here not in files(".h"))) or ".." in name:
                found.append("%s includes %s" % (n, name))
    none(found, "plugin-api reaches up")


@case("every source says under which licence it is")
def licensed():
    found = []
    for n in files(".c", ".h", ".py", ".sh", ".bash", "meson.build", "meson_options.txt") + \
            ["check", "quickstart", ".ci/run"]:
        lines = text(n).splitlines()
        if lines and lines[0].startswith("#!"):
            lines = lines[1:]
        if not lines or "SPDX-License-Identifier: ISC" not in lines[0]:
            found.append(n)
    none(found, "no SPDX line at the top")


@case("no file has more than %d lines" % MAX_LINES)
def short():
    found = ["%s: %d" % (n, text(n).count("\n")) for n in files(".c", ".h", ".py", ".sh")
             if text(n).count("\n") > MAX_LINES]
    none(found, "too long")


@case("dangerous calls are absent")
def no_dangerous_calls():
    word = re.compile(r"(?<![\w.>])(%s)[ \t]*\(" % "|".join(DANGEROUS))
    found = []
    for n in sources("core/", "plugins/", "plugin-api/"):
        content = code(n)
        for m in word.finditer(content):
            found.append("%s:%d: %s" % (n, line_of(content, m.start()), m.group(1)))
    none(found, "a dangerous call")


@case("nothing is left to be done later by its own words")
def nothing_left():
    word = re.compile(r"\b(%s)\b" % "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3 + "(?=[: ])"]))
    found = []
    for n in sources("core/", "plugins/", "plugin-api/", "tests/"):
        for m in word.finditer(text(n)):
            found.append("%s:%d: %s" % (n, line_of(text(n), m.start()), m.group(1)))
    none(found, "a note to oneself")


@case("a plugin reads no clock and no chance but the host's")
def no_own_clock():
    word = re.compile(r"(?<![\w.>])(clock_gettime|gettimeofday|time|rand|random|getrandom|"
                      r"arc4random|getentropy|syslog)[ \t]*\(")
    found = []
    for n in sources("plugins/"):
        content = code(n)
        for m in word.finditer(content):
            if re.search(r"\b(static|struct)\b[^;{]*$", content[:m.start()].rsplit("\n", 1)[-1]):
                continue
            found.append("%s:%d: %s" % (n, line_of(content, m.start()), m.group(1)))
    none(found, "a service was passed by")


@case("every header guards itself")
def headers_guarded():
    found = []
    for n in [f for f in files(".h") if f.startswith(("core/", "plugins/", "plugin-api/"))]:
        if not re.search(r"^#ifndef (\w+)\n#define \1\b", code(n), re.M):
            found.append(n)
    none(found, "no include guard")


if len(sys.argv) > 1 and os.path.isdir(sys.argv[1]):
    TOP = os.path.abspath(sys.argv.pop(1))
run()
