#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# needs: man-db
# when: quick
"""Manual pages without a warning; pages that are in step with what they tell of."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import server
from tap import Skip, case, check, equal, run

MANSIO = server.program()
TOP = os.environ.get("MANSIO_SOURCE") or os.path.realpath(os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.environ.get("MANSIO_BUILD") or os.path.dirname(os.path.dirname(MANSIO))
WORK = os.environ.get("MANSIO_WORK") or tempfile.mkdtemp(prefix="mansio-manual.")


def text(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as f:
        return f.read()


def told(*words):
    return subprocess.run([MANSIO, *words], check=True, capture_output=True, text=True).stdout


def verbs_of_core():
    """("user", "add") and ("status", "") of what --help lists."""
    return [(noun, verb) for noun, verb in re.findall(
        r"^  ([a-z]+) {1,8}([a-z]*)", told("--help"), re.M)]


def generated():
    path = os.path.join(BUILD, "docs", "mansio.conf.5")
    if not os.path.exists(path):
        raise Skip("%s was not built" % path)
    return path


def rendered(path):
    if shutil.which("groff") is None:
        raise Skip("groff is not installed")
    r = subprocess.run(["groff", "-ww", "-man", "-Tutf8", "-P-c", path], capture_output=True,
                       text=True)
    equal((r.returncode, r.stderr), (0, ""), path)
    if shutil.which("man"):
        r = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", path], capture_output=True,
                           text=True, env=dict(os.environ, MANPAGER="cat", MANWIDTH="80"))
        equal((r.returncode, r.stderr), (0, ""), path)
    return re.sub(r".\x08", "", subprocess.run(
        ["groff", "-man", "-Tutf8", "-P-c", path], check=True, capture_output=True,
        text=True).stdout)


@case("mansio(8) is a manual page without a warning")
def mansio_8():
    check("MANSIO(8)" in rendered(os.path.join(TOP, "docs/man/mansio.8")), "no head")


@case("mansio.conf(5) is made from the plugins' declarations, without a warning")
def mansio_conf_5():
    page = rendered(generated())
    for line in told("plugin", "list").splitlines()[1:]:
        name = line.split()[0]
        check(re.search(r"^%s$" % re.escape(name), page, re.M), name + " has no section")
    with open(generated()) as f:
        equal(f.read(), told("plugin", "manual"), "the built page")


@case("mansio(8) tells of every verb of the command line and of the shipped plugins")
def verbs():
    page = " ".join(rendered(os.path.join(TOP, "docs/man/mansio.8")).split())
    core = verbs_of_core()
    check(len(core) > 20, "found %r" % core)
    names = {" ".join(v).strip() for v in core}
    for path in glob.glob(os.path.join(TOP, "plugins", "*", "*", "*.c")):
        with open(path) as f:
            names |= {" ".join(v) for v in re.findall(
                r'\.noun = "([a-z-]+)", \.verb = "([a-z-]+)"', f.read())}
    check("store verify" in names, "the verbs of plugins were not found")
    equal(sorted(n for n in names if n not in page), [], "verbs that are not told of")


@case("docs/limits.md has every limit of mansio/limits.h, with its value")
def limits():
    page = dict(re.findall(r"^\| `(MS_MAX_\w+)` \| (\d+) \|", text("docs/limits.md"), re.M))
    header = {}
    for name, value in re.findall(r"^#define (MS_\w+)\s+([\d (*)]+)",
                                  text("plugin-api/include/mansio/limits.h"), re.M):
        product = 1
        for number in re.findall(r"\d+", value):
            product *= int(number)
        header[name] = str(product)
    check(len(header) > 15, "found %r" % header)
    equal(page, header)


@case("docs/limits.md tells the defaults of options as they are")
def option_limits():
    rows = re.findall(r"^\| `([a-z][\w.-]+)` \| (\S+) \|", text("docs/limits.md"), re.M)
    check(len(rows) > 20, "found %r" % rows)
    for name, value in rows:
        first = told("config", "explain", name).splitlines()[0]
        default = re.search(r"default ([^,\s]+)", first)
        equal(value, default.group(1) if default else None, name)


@case("what the documents name is there")
def links():
    for path in ["README.md"] + sorted(os.path.relpath(p, TOP) for p in
                                       glob.glob(os.path.join(TOP, "docs", "*.md")) +
                                       glob.glob(os.path.join(TOP, "*", "README.md"))):
        here = os.path.dirname(path)
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text(path)):
            if "://" not in target:
                check(os.path.exists(os.path.join(TOP, here, target)),
                      "%s names %s" % (path, target))


@case("commands and options in the documents exist")
def commands():
    nouns = {noun: set() for noun, _ in verbs_of_core()}
    for noun, verb in verbs_of_core():
        nouns[noun].add(verb)
    nouns.update({"store": {"verify", "stats", "compact"}, "spool": {"verify", "status"}})
    found = 0
    for path in ["README.md"] + glob.glob(os.path.join(TOP, "docs", "*.md")):
        for line in re.findall(r"(?:^    |`)(?:\S+ )*?mansio (?:-c \S+ )?([a-z].*?)(?:`|$)",
                               text(path), re.M):
            words = line.split()
            found += 1
            check(words[0] in nouns, "%s: mansio %s" % (path, line))
            if "" not in nouns[words[0]]:
                check(len(words) > 1 and words[1] in nouns[words[0]],
                      "%s: mansio %s" % (path, line))
    check(found > 10, "only %d commands were found" % found)


@case("meson install puts program, plugins, pages and unit where they belong")
def install():
    if not os.path.exists(os.path.join(BUILD, "build.ninja")):
        raise Skip("MANSIO_BUILD is no build directory")
    dest = os.path.join(WORK, "dest")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", dest],
                   check=True, stdout=subprocess.DEVNULL)
    there = {os.path.relpath(os.path.join(d, f), dest) for d, _, files in os.walk(dest)
             for f in files}
    prefix = "usr/local/"
    for wanted in ("bin/mansio", "lib/systemd/system/mansio.service", "lib/sysusers.d/mansio.conf",
                   "lib/tmpfiles.d/mansio.conf", "share/man/man8/mansio.8",
                   "share/man/man5/mansio.conf.5", "share/mansio/setup-server.conf",
                   "share/doc/mansio/full.conf", "share/doc/mansio/first-steps.md",
                   "include/mansio/plugin.h"):
        check(prefix + wanted in there, wanted + " is not installed")
    for path in glob.glob(os.path.join(BUILD, "plugins", "*.so")):
        name = "/mansio/plugins/" + os.path.basename(path)
        check(any(t.endswith(name) for t in there), name + " is not installed")
    with open(os.path.join(dest, prefix, "lib/systemd/system/mansio.service")) as f:
        unit = f.read()
    check("ExecStart=/usr/local/bin/mansio serve" in unit and "@" not in
          unit.replace("@system-service", "").replace("@privileged", "").replace("@resources", ""),
          unit)


run()
