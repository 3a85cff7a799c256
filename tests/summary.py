"""How a test program of ours ends: its last line is `N passed, N failed, N skipped` (scripts/steps.sh counts these)."""

import sys
import unittest


def report(result):
    """Prints the line for a unittest result. The program's exit status."""
    failed, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    print(f"{max(result.testsRun - failed - skipped, 0)} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not (result.testsRun or skipped) else 0


def run_tests():
    """All tests of the program that calls this."""
    sys.exit(report(unittest.main(exit=False, verbosity=1).result))


def run_class(case):
    """The exit status of one class's tests."""
    return report(unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(case)))
