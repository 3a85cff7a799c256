#!/usr/bin/python3
"""Runs the end-to-end tests one by one and says how each went.

    tests/e2e/run.py [--list] [--no-skips] [--all] [PATTERN...]

A PATTERN selects the tests whose name (test_init.FirstInstruction.test_…) contains it. Without one, those that disturb
the whole machine (see DISTURBING) are left out, unless --all is given. The last line is
`N passed, N failed, N skipped`. NETCLSD_BIN_DIR names the directory of the programs.
"""

import argparse
import sys
import time
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# Storms, a silenced connector, a lowered pid_max: they take minutes and disturb every other agent on the machine.
# docs/reliability.md has their results.
DISTURBING = ("test_bad_files", "test_by_hand", "test_crash", "test_disk_full", "test_overrun", "test_pid_reuse",
              "test_silence")


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
    if options.patterns:
        return any(pattern in name for pattern in options.patterns)
    return options.all or not name.startswith(DISTURBING)


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
    arguments.add_argument("--all", action="store_true", help="also those that disturb the whole machine")
    arguments.add_argument("patterns", nargs="*", metavar="PATTERN")
    options = arguments.parse_args()
    tests = [test for test in all_tests() if is_selected(name_of(test), options)]
    if options.list:
        print("\n".join(name_of(test) for test in tests))
        return 0
    if not tests:
        print(f"no test matches {options.patterns}", file=sys.stderr)
        return 2
    counts = {"passed": 0, "FAILED": 0, "skipped": 0}
    for number, test in enumerate(tests, 1):
        print(f"[{number}/{len(tests)}] {name_of(test)} ...", end=" ", flush=True)
        outcome = Outcome()
        began = time.monotonic()
        test.run(outcome)
        verdict, why = outcome.verdict()
        if verdict == "skipped" and options.no_skips:
            verdict, why = "FAILED", f"skips, and nothing may skip here: {why}"
        counts[verdict] += 1
        print(f"{verdict} ({time.monotonic() - began:.1f} s)" + (f": {why}" if why else ""), flush=True)
    print(f"{counts['passed']} passed, {counts['FAILED']} failed, {counts['skipped']} skipped")
    return 1 if counts["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main())
