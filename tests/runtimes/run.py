"""Tries netclsd on the runtimes that clusters run: see scripts/runtimes.sh, which starts it."""

import argparse
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

from e2e.support.programs import REPOSITORY, program

from . import matrix, packages
from .report import render_counts, render_page

PAGE = REPOSITORY / "docs" / "runtimes.md"
TEMPLATE = Path(__file__).with_name("page.md.in")
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def say(text, end="\n"):
    print(text, end=end, flush=True)


@contextlib.contextmanager
def locked(path):
    """Exclusively, for one row: others may use the machine between two rows."""
    if path is None:
        yield
        return
    with open(path, "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waits for {path} ...", end=" ")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fetch(wanted):
    """(suite, package) → version of all that the rows run."""
    found = {}
    for suite, package in sorted({(row.suite, row.runtime) for row in wanted} | {(row.oci_suite, row.oci_runtime) for row in wanted}):
        found[suite, package] = packages.version(suite, package)[0]
        if package in ("runc", "crun"):
            packages.oci_runtime(suite, package)
        say(f"{matrix.SUITES[suite]}: {package} {found[suite, package]}")
    return found


def run_rows(wanted, lock):
    outcomes = []
    for number, row in enumerate(wanted, 1):
        say(f"[{number}/{len(wanted)}] {row.name} ...", end=" ")
        outcome = row.outcome()
        with locked(lock):
            began = time.monotonic()
            row.run(outcome)
        outcomes.append(outcome)
        cells = " ".join(cell.value for cell in outcome.cells.values())
        verdict = "passed" if outcome.has_passed else "FAILED" if outcome.is_expected else "known not to pass"
        if outcome.has_passed and not outcome.is_expected:
            verdict = "passed, which it was known not to: say so in tests/runtimes/matrix.py"
        say(f"{cells} {verdict} ({time.monotonic() - began:.1f} s)" + (f": {outcome.reason}" if outcome.reason else ""))
    return outcomes


def facts():
    version = subprocess.run([program("netclsd"), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    # Without its commit: this page's own history says it.
    return {"VERSION": version.partition(" (")[0], "KERNEL": os.uname().release.partition("-")[0], "DATE": date.today().isoformat()}


def interrupt(*_):
    raise KeyboardInterrupt


def parse_arguments():
    arguments = argparse.ArgumentParser(add_help=False)
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("--only", action="append", default=[])
    arguments.add_argument("--lock", type=Path)
    return arguments.parse_args()


def main():
    options = parse_arguments()
    wanted = [row for row in matrix.rows() if not options.only or any(each in row.name for each in options.only)]
    if not wanted:
        print(f"no row matches {options.only}", file=sys.stderr)
        return 2
    if options.list:
        say("\n".join(row.name for row in wanted))
        return 0
    for number in INTERRUPTIONS:
        signal.signal(number, interrupt)
    try:
        found = fetch(wanted)
        outcomes = run_rows(wanted, options.lock)
    except packages.FetchFailed as problem:
        print(f"runtimes.sh: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("interrupted; everything is undone, nothing is written")
        return 130
    if not options.only:
        PAGE.write_text(render_page(TEMPLATE.read_text(), outcomes, found, facts()))
        say(f"written: {PAGE.relative_to(REPOSITORY)}")
    say(render_counts(outcomes))
    return 1 if any(each.is_bad for each in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
