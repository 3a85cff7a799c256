#!/usr/bin/python3
"""Tests of the Helm chart, its alerts and its dashboard: tests/chart/run.py [PATTERN...]

A PATTERN selects the tests whose name contains it. The last line is `N passed, N failed, N skipped`. They need what
`scripts/install-deps.sh chart` installs, and neither root nor a cluster.
"""

import sys
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def main():
    sys.dont_write_bytecode = True
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{word}*" for word in sys.argv[1:]] or None
    suite = loader.discover(str(TESTS / "chart"), top_level_dir=str(TESTS))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    failed, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    print(f"{max(result.testsRun - failed - skipped, 0)} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
