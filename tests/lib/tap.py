# SPDX-License-Identifier: ISC
"""tap - named cases, told in the Test Anything Protocol

A script declares its cases with @case("S01 what is promised") and ends with
tap.run().  A case fails by an exception; it skips itself by raising Skip.
Arguments of the script choose cases by the start of their names.
Exit status: 0 all passed, 1 one failed, 77 all were skipped.
"""
import sys
import time
import traceback

CASES = []


class Skip(Exception):
    """What a case needs is not on this machine or not in this release."""


class Broken(AssertionError):
    """What was promised did not happen."""


def case(name):
    def declare(function):
        CASES.append((name, function))
        return function
    return declare


def check(condition, text):
    if not condition:
        raise Broken(text)


def equal(got, wanted, what=""):
    if got != wanted:
        raise Broken("%s: got %r, wanted %r" % (what or "values differ", got, wanted))


def matches(got, pattern, what=""):
    import re
    if not re.search(pattern, got if isinstance(got, str) else got.decode("latin-1")):
        raise Broken("%s: %r does not match %r" % (what or "answer", got, pattern))


def note(text):
    for line in str(text).splitlines() or [""]:
        print("# " + line, flush=True)


def skip_all(why):
    print("1..0 # SKIP " + why)
    sys.exit(77)


def run(chosen=None, after=None):
    """Runs the cases; after() is called once at the end, and may fail too."""
    names = [a for a in sys.argv[1:] if not a.startswith("-")] if chosen is None else chosen
    todo = [c for c in CASES if not names or any(c[0].startswith(n) for n in names)]
    failed = skipped = 0
    print("1..%d" % len(todo), flush=True)
    for number, (name, function) in enumerate(todo, 1):
        began = time.monotonic()
        try:
            function()
            took = time.monotonic() - began
            print("ok %d - %s" % (number, name) + (" (%.1f s)" % took if took > 2 else ""),
                  flush=True)
        except Skip as why:
            skipped += 1
            print("ok %d - %s # SKIP %s" % (number, name, why), flush=True)
        except KeyboardInterrupt:
            print("Bail out! interrupted", flush=True)
            failed += 1
            break
        except Exception as error:
            failed += 1
            print("not ok %d - %s" % (number, name), flush=True)
            if isinstance(error, Broken):
                note(error)
                where = traceback.extract_tb(error.__traceback__)
                frame = next((f for f in reversed(where) if "/lib/" not in f.filename), where[-1])
                note("at %s:%d" % (frame.filename.rsplit("/", 1)[-1], frame.lineno))
            else:
                note(traceback.format_exc())
    if after is not None:
        try:
            after(failed)
        except Exception:
            failed += 1
            note(traceback.format_exc())
    if failed:
        sys.exit(1)
    sys.exit(77 if todo and skipped == len(todo) else 0)
