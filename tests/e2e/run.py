#!/usr/bin/python3
"""Runs the end-to-end tests one by one and says how each went.

    tests/e2e/run.py [--list] [--no-skips] [--without PATTERN]... [--part K/N | --all-but K/N] [PATTERN...]

A PATTERN selects the tests whose name (test_init.FirstInstruction.test_…) contains it, --without those that do not. --part
takes every Nth of these, from the Kth on (0/3, 1/3, 2/3), --all-but the others. The last line is `N passed, N failed, N skipped`. NETCLSD_BIN_DIR names the directory of the programs. SIGINT and SIGTERM end
the run after the current test has cleaned up.
"""

import argparse
import signal
import sys
import time
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# Storms, a silenced connector, a lowered pid_max: the longest tests, and those that other agents on the machine notice.
# docs/reliability.md has their results.
LAST = ("test_bad_files", "test_by_hand", "test_disk_full", "test_security_exhaustion", "test_overrun",
        "test_silence", "test_pid_reuse", "test_crash")

INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def all_tests():
    sys.dont_write_bytecode = True
    tests = REPOSITORY / "tests"
    suites = [unittest.defaultTestLoader.discover(str(tests / "e2e"), top_level_dir=str(tests))]
    while suites:
        each = suites.pop(0)
        if isinstance(each, unittest.TestSuite):
            suites = list(each) + suites
        else:
            yield each


def name_of(test):
    return test.id().removeprefix("e2e.")


def is_selected(name, options):
    is_wanted = not options.patterns or any(pattern in name for pattern in options.patterns)
    return is_wanted and not any(pattern in name for pattern in options.without)


def part(text):
    """"1/3" as (1, 3)"""
    number, _, count = text.partition("/")
    if not (number.isdigit() and count.isdigit() and int(number) < int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is not K/N with K below N")
    return int(number), int(count)


def in_part(tests, options):
    if options.part:
        number, count = options.part
        return tests[number::count]
    if options.all_but:
        number, count = options.all_but
        return [test for at, test in enumerate(tests) if at % count != number]
    return tests


def place(test):
    """For sorting: the others stay in the order they are found in, before LAST."""
    module = name_of(test).partition(".")[0]
    return LAST.index(module) if module in LAST else -1


def run(test):
    """unittest passes an interruption on at once, before the test has undone anything."""
    outcome = Outcome()
    try:
        test.run(outcome)
    except KeyboardInterrupt:
        for number in INTERRUPTIONS:
            signal.signal(number, signal.SIG_IGN)
        print("interrupted, cleaning up", flush=True)
        test.doCleanups()
        raise
    return outcome


def interrupt(*_):
    raise KeyboardInterrupt


class Outcome(unittest.TestResult):
    """One test's: the first thing that went wrong decides."""

    def verdict(self):
        problems = self.failures + self.errors
        if problems:
            return "FAILED", "\n".join(f"{test.id()}\n{trace}" for test, trace in problems)
        if self.skipped:
            return "skipped", self.skipped[0][1]
        if self.unexpectedSuccesses:
            return "FAILED", "was expected to fail, and did not"
        return "passed", ""


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--list", action="store_true", help="only name the tests")
    arguments.add_argument("--no-skips", action="store_true", help="a test that skips has failed")
    arguments.add_argument("--without", action="append", default=[], metavar="PATTERN")
    parts = arguments.add_mutually_exclusive_group()
    parts.add_argument("--part", type=part, metavar="K/N")
    parts.add_argument("--all-but", type=part, metavar="K/N")
    arguments.add_argument("patterns", nargs="*", metavar="PATTERN")
    options = arguments.parse_args()
    tests = sorted((test for test in all_tests() if is_selected(name_of(test), options)), key=place)
    tests = in_part(tests, options)
    if options.list:
        print("\n".join(name_of(test) for test in tests))
        return 0
    if not tests:
        print(f"no test matches {options.patterns}", file=sys.stderr)
        return 2
    for number in INTERRUPTIONS:
        signal.signal(number, interrupt)
    counts = {"passed": 0, "FAILED": 0, "skipped": 0}
    for number, test in enumerate(tests, 1):
        print(f"[{number}/{len(tests)}] {name_of(test)} ...", end=" ", flush=True)
        began = time.monotonic()
        try:
            verdict, why = run(test).verdict()
        except KeyboardInterrupt:
            return 130
        if verdict == "skipped" and options.no_skips:
            verdict, why = "FAILED", f"skips, and nothing may skip here: {why}"
        counts[verdict] += 1
        print(f"{verdict} ({time.monotonic() - began:.1f} s)" + (f": {why}" if why else ""), flush=True)
    print(f"{counts['passed']} passed, {counts['FAILED']} failed, {counts['skipped']} skipped")
    return 1 if counts["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main())
