#!/usr/bin/python3
"""Checks that scripts/beside.sh runs its jobs in order, and that none that fails, or never ran, is taken for a success.

    tests/runner/beside_test.py

The last line is `N passed, N failed, N skipped`.
"""

import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(REPOSITORY / "tests"))

from summary import run_tests  # noqa: E402  (the path comes first)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Beside(unittest.TestCase):
    def run_script(self, script):
        """The exit code and the output of a script that has sourced both files."""
        with tempfile.TemporaryDirectory() as logs:
            done = subprocess.run(["bash", "-c", f"set -euo pipefail; logs={logs}; . scripts/steps.sh; . scripts/beside.sh\n{script}"],
                                  cwd=REPOSITORY, capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout + done.stderr

    def test_jobs_run_in_order_and_their_tests_are_counted(self):
        code, output = self.run_script("""
            beside first sh -c 'sleep 0.3; echo begun >"$0"' "$logs/first-file"
            beside second sh -c 'cat "$0"; echo "2 passed, 0 failed, 0 skipped"' "$logs/first-file"
            begin_beside; built first; tested second; finish""")
        self.assertEqual(code, 0, output)
        self.assertIn("begun", output)
        self.assertTrue(output.endswith("2 passed, 0 failed, 0 skipped\n"), output)

    def test_the_table_says_how_much_of_a_processor_a_job_took(self):
        code, output = self.run_script("""
            beside busy python3 -c 'import time; [0 for _ in iter(lambda: time.process_time() < 1.5, False)]
print("1 passed, 0 failed, 0 skipped")'
            beside idle sh -c 'sleep 1.3; echo "1 passed, 0 failed, 0 skipped"'
            begin_beside; tested busy; tested idle; finish""")
        self.assertEqual(code, 0, output)
        self.assertRegex(output, r"busy, beside the tests \([1-9] of a processor\)")
        self.assertIn("idle, beside the tests (0 of a processor)", output)

    def test_lanes_do_not_wait_for_each_other(self):
        code, output = self.run_script("""
            beside waits sh -c 'until [ -e "$0" ]; do sleep 0.05; done; echo "1 passed, 0 failed, 0 skipped"' "$logs/made"
            beside after echo '1 passed, 0 failed, 0 skipped'
            lane
            beside makes sh -c 'echo >"$0"; echo "1 passed, 0 failed, 0 skipped"' "$logs/made"
            begin_beside; tested waits; tested after; tested makes; finish""")
        self.assertEqual(code, 0, output)
        self.assertTrue(output.endswith("3 passed, 0 failed, 0 skipped\n"), output)

    def test_a_build_that_fails_ends_the_run_and_shows_why(self):
        code, output = self.run_script("""
            beside broken sh -c 'echo no such file; exit 3'
            begin_beside; built broken; echo went on; finish""")
        self.assertEqual(code, 1, output)
        self.assertIn("no such file", output)
        self.assertNotIn("went on", output)

    def test_tests_that_fail_are_counted_and_the_jobs_after_them_run(self):
        code, output = self.run_script("""
            beside bad sh -c 'echo "1 passed, 1 failed, 0 skipped"; exit 1'
            beside good echo '1 passed, 0 failed, 0 skipped'
            begin_beside; tested bad; tested good; finish""")
        self.assertEqual(code, 1, output)
        self.assertTrue(output.endswith("2 passed, 1 failed, 0 skipped\n"), output)

    def test_tests_without_a_summary_have_failed(self):
        code, output = self.run_script("beside mute true; begin_beside; tested mute; finish")
        self.assertEqual(code, 1, output)
        self.assertTrue(output.endswith("0 passed, 1 failed, 0 skipped\n"), output)

    def test_what_never_ran_has_failed(self):
        code, output = self.run_script("""
            beside ends echo '1 passed, 0 failed, 0 skipped'
            begin_beside; tested ends; sleep 0.5; built forgotten; finish""")
        self.assertEqual(code, 1, output)

    def test_the_jobs_end_with_the_script(self):
        with tempfile.TemporaryDirectory() as directory:
            pid_file = Path(directory) / "pid"
            self.run_script("beside short true; lane\n"
                            f"beside long sh -c 'echo $$ >{pid_file}; exec sleep 1000'; begin_beside\n"
                            f"until [[ -s {pid_file} ]]; do sleep 0.05; done")
            pid = pid_file.read_text().strip()
            deadline = time.monotonic() + 10  # it was sent a signal, and has to be run to end of it
            while is_running(pid):
                self.assertLess(time.monotonic(), deadline, "it still runs")
                time.sleep(0.05)


if __name__ == "__main__":
    run_tests()
