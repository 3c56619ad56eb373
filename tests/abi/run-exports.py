#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# needs: binutils
# when: quick
"""What the built plugins, libmansio and the program export and lack."""
import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import case, check, equal, run, skip_all

PLUGINS = os.environ.get("MANSIO_PLUGIN_DIR", "")
BUILD = os.environ.get("MANSIO_BUILD", "")
FOUND = sorted(glob.glob(os.path.join(PLUGINS, "*.so")))
if not FOUND:
    skip_all("MANSIO_PLUGIN_DIR has no plugins")


def symbols(path, *options):
    out = subprocess.run(["nm", *options, path], check=True, capture_output=True,
                         text=True).stdout
    return {line.split()[-1].split("@")[0] for line in out.splitlines()
            if line.split() and not line.endswith(":")}


@case("a plugin exports ms_plugin_entry, and nothing else")
def one_export():
    for path in FOUND:
        equal(symbols(path, "-D", "--defined-only"), {"ms_plugin_entry"},
              os.path.basename(path))


@case("a plugin lacks no symbol of the core")
def no_core_symbol():
    archive = os.path.join(BUILD, "core", "libmansio-core.a")
    core = symbols(archive, "--defined-only", "--extern-only")
    check(len(core) > 100, "%s has %d symbols" % (archive, len(core)))
    for path in FOUND:
        equal(symbols(path, "-D", "--undefined-only") & core, set(), os.path.basename(path))


@case("the program exports nothing that a plugin could lean on")
def program_exports_nothing():
    core = symbols(os.path.join(BUILD, "core", "libmansio-core.a"),
                   "--defined-only", "--extern-only")
    equal(symbols(os.environ["MANSIO"], "-D", "--defined-only") & core, set(), "mansio")


@case("libmansio exports names with ms_ alone")
def library_exports():
    library = os.path.realpath(os.path.join(BUILD, "plugin-api", "lib", "libmansio.so"))
    for name in symbols(library, "-D", "--defined-only"):
        check(name.startswith(("ms_", "MANSIO_")), "libmansio exports " + name)


@case("plugins and program are bound at start, read-only afterwards")
def relro():
    for path in FOUND + [os.environ["MANSIO"]]:
        out = subprocess.run(["readelf", "-dlW", path], check=True, capture_output=True,
                             text=True).stdout
        check("GNU_RELRO" in out and "BIND_NOW" in out, os.path.basename(path))


run()
