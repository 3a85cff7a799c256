#!/usr/bin/python3
"""Checks that the runs of which scripts/test.sh makes a whole one have each end-to-end test, and none twice.

    tests/runner/e2e_selection_test.py

The last line is `N passed, N failed, N skipped`.
"""

import os
import subprocess
import sys
import unittest
from collections import Counter
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(REPOSITORY / "tests"))

from summary import run_tests  # noqa: E402  (the path comes first)

RUNS = ("PLAIN_TESTS", "OTHER_PLAIN_TESTS", "ASAN_TESTS", "OF_THE_IMAGE")


def listed(*arguments):
    done = subprocess.run(["tests/e2e/run.py", "--list", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return done.stdout.split()


def arguments_of(run, is_ci):
    script = f'. scripts/common.sh; . scripts/e2e_selection.sh; [[ ${{#{run}[@]}} -eq 0 ]] || printf "%s\\n" "${{{run}[@]}}"'
    done = subprocess.run(["bash", "-euc", script], cwd=REPOSITORY, capture_output=True, text=True, check=True,
                          env={**os.environ, "CI": "true" if is_ci else ""})
    return done.stdout.splitlines()


class Selection(unittest.TestCase):
    def assert_whole(self, is_ci):
        chosen = Counter()
        for run in RUNS:
            arguments = arguments_of(run, is_ci)
            if arguments:
                chosen.update(listed(*arguments))
        self.assertEqual(chosen, Counter(listed()))

    def test_in_ci_each_test_runs_once(self):
        self.assert_whole(is_ci=True)

    def test_for_a_developer_each_test_runs_once(self):
        self.assert_whole(is_ci=False)

    def test_the_parts_are_the_whole(self):
        parts = [listed("test_init", "test_node", "--part", f"{number}/3") for number in range(3)]
        self.assertEqual(Counter(sum(parts, [])), Counter(listed("test_init", "test_node")))
        self.assertEqual(sorted(listed("test_init", "test_node", "--all-but", "1/3")), sorted(parts[0] + parts[2]))

    def test_a_part_that_does_not_exist_is_refused(self):
        for text in ("3/3", "x", "1", "-1/3"):
            done = subprocess.run(["tests/e2e/run.py", "--list", f"--part={text}"], cwd=REPOSITORY, capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, text)


if __name__ == "__main__":
    run_tests()
