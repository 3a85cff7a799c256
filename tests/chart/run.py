#!/usr/bin/python3
"""Tests of the Helm chart, its alerts and its dashboard: tests/chart/run.py [PATTERN...]

A PATTERN selects the tests whose name contains it. The last line is `N passed, N failed, N skipped`. They need what
`scripts/install-deps.sh chart` installs, and neither root nor a cluster.
"""

import sys
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(TESTS))

from summary import report  # noqa: E402  (the path comes first)


def main():
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{word}*" for word in sys.argv[1:]] or None
    suite = loader.discover(str(TESTS / "chart"), top_level_dir=str(TESTS))
    return report(unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite))


if __name__ == "__main__":
    sys.exit(main())
