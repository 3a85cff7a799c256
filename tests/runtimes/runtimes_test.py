#!/usr/bin/python3
"""Checks how scripts/runtimes.sh reads versions, judges its rows and writes its table. It runs no runtime.

    tests/runtimes/runtimes_test.py

The last line is `N passed, N failed, N skipped`.
"""

import subprocess
import sys
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(REPOSITORY / "tests"))

from runtimes import matrix, report, run  # noqa: E402  (the path comes first)
from runtimes.report import CELLS, REASON_MAX, Cell, Outcome  # noqa: E402
from summary import run_tests  # noqa: E402


def outcome(*cells, reason="", **fields):
    fields = {"runtime": "podman 5.4.2", "oci_runtime": "runc 1.1.15", "way": "hook install", "layout": "v1", **fields}
    made = Outcome(**fields, reason=reason)
    made.cells.update(zip(CELLS, cells))
    return made


ALL = (Cell.PASSED,) * len(CELLS)


class Verdicts(unittest.TestCase):
    def test_a_row_passes_if_nothing_failed_and_something_was_examined(self):
        self.assertTrue(outcome(*ALL).has_passed)
        self.assertTrue(outcome(*ALL[:-1], Cell.NOTHING).has_passed)
        self.assertFalse(outcome(*ALL[:-1], Cell.FAILED).has_passed)
        self.assertFalse(outcome().has_passed)
        self.assertFalse(outcome(*ALL, reason="hook status ended with 3").has_passed)

    def test_only_a_row_that_is_expected_to_pass_is_bad(self):
        self.assertTrue(outcome(Cell.FAILED).is_bad)
        self.assertFalse(outcome(Cell.FAILED, is_expected=False).is_bad)
        self.assertFalse(outcome(*ALL, is_expected=False).is_bad)

    def test_the_first_reason_counts_and_is_one_short_line(self):
        row = outcome()
        row.fail(AssertionError("first\n  and its second line"))
        row.fail("second")
        self.assertEqual(row.reason, "first and its second line")
        long = report.one_line("task: " + "x " * 500 + "no such file")
        self.assertEqual(len(long), REASON_MAX)
        self.assertRegex(long, "^task: x.*….*x no such file$", "a runtime names the cause at the end")

    def test_counts_name_those_that_were_known(self):
        rows = [outcome(*ALL), outcome(Cell.FAILED), outcome(*ALL, is_expected=False), outcome(Cell.FAILED, is_expected=False)]
        self.assertEqual(report.render_counts(rows), "2 of 4 passed, 1 known not to")
        self.assertEqual(report.render_counts(rows[:3]), "2 of 3 passed")


class Versions(unittest.TestCase):
    def test_lines_of_packages_are_read(self):
        self.assertEqual(report.parse_versions("runc 1.1.15+ds1-2+b4\nzlib1g 1:1.3.dfsg-3\n\n"),
                         {"runc": "1.1.15+ds1-2+b4", "zlib1g": "1:1.3.dfsg-3"})
        self.assertEqual(report.parse_versions(""), {})

    def test_a_line_that_is_something_else_is_refused(self):
        with self.assertRaisesRegex(ValueError, "E: no such package"):
            report.parse_versions("runc 1.1.15\nE: no such package\n")

    def test_upstreams_version_is_what_is_shown(self):
        for debian, upstream in (("1.7.24~ds1-6+deb13u1", "1.7.24"), ("5.4.2+ds1-2+b2", "5.4.2"), ("1.28-1", "1.28"),
                                 ("1:1.3.dfsg-3", "1.3"), ("4.3.1+ds1-8+deb12u1+b3", "4.3.1")):
            self.assertEqual(report.upstream(debian), upstream)
        with self.assertRaises(ValueError):
            report.upstream("unknown")


class Table(unittest.TestCase):
    def test_a_row_has_its_cells_and_the_number_of_its_reason(self):
        lines = report.render_table([
            outcome(*ALL), outcome(Cell.FAILED, reason="a|b <c>", oci_runtime=""), outcome(reason="other"),
            outcome(Cell.FAILED, Cell.FAILED, reason="a|b <c>", layout="v2")]).splitlines()
        self.assertEqual(lines[0].count("|"), lines[2].count("|"))
        self.assertEqual(lines[2], "| podman 5.4.2 | runc 1.1.15 | hook install | v1 | ✓ | ✓ | ✓ | ✓ | ✓ |  |")
        self.assertEqual(lines[3], "| podman 5.4.2 |  | hook install | v1 | ✗ | · | · | · | · | (1) |")
        self.assertTrue(lines[4].endswith("| (2) |"))
        self.assertTrue(lines[5].endswith("| v2 | ✗ | ✗ | · | · | · | (1) |"), "the same reason is told once")
        self.assertEqual(lines[6:], ["", r"1. a\|b \<c>", "2. other"])

    def test_a_table_without_reasons_ends_with_its_rows(self):
        self.assertEqual(report.render_table([outcome(*ALL)]).count("\n"), 2)

    def test_the_page_has_no_placeholder_left(self):
        page = report.render_page(run.TEMPLATE.read_text(), [outcome(*ALL)], {("trixie", "podman"): "5.4.2+ds1-2+b2"},
                                  {"VERSION": "netclsd 1", "KERNEL": "6.1", "DATE": "2026-01-01"})
        self.assertNotIn("{{", page)
        self.assertIn("2026-01-01, netclsd 1, Linux 6.1: 1 of 1 passed.", page)
        self.assertIn("| trixie | podman | 5.4.2+ds1-2+b2 |", page)

    def test_a_placeholder_that_nobody_fills_is_a_mistake(self):
        with self.assertRaises(KeyError):
            report.render_page("{{NOBODY}}", [], {}, {})


class Matrix(unittest.TestCase):
    def test_names_are_unique_and_say_all(self):
        names = [row.name for row in matrix.rows()]
        self.assertEqual(len(names), len(set(names)))
        for name in ("containerd-trixie/runc-forky/NRI/v2", "podman-forky/crun-forky/--hooks-dir/v1",
                     "containerd-bookworm/runc-bookworm/hook-install/v1", "crun-trixie/createRuntime/v2"):
            self.assertIn(name, names)

    def test_containerd_1_6_has_no_nri(self):
        self.assertFalse([row for row in matrix.rows() if row.way == "NRI" and row.suite == "bookworm"])

    def test_the_script_says_what_it_does_and_refuses_the_rest(self):
        script = REPOSITORY / "scripts" / "runtimes.sh"
        shown = subprocess.run([script, "--help"], capture_output=True, text=True, check=True).stdout
        self.assertIn("scripts/runtimes.sh [--only PATTERN]", shown)
        self.assertEqual(subprocess.run([script, "--nothing"], capture_output=True, check=False).returncode, 2)
        listed = subprocess.run([script, "--list", "--only", "podman"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(listed.split(), [row.name for row in matrix.rows() if "podman" in row.name])
        self.assertEqual(subprocess.run([script, "--list", "--only", "nobody"], capture_output=True, check=False).returncode, 2)


if __name__ == "__main__":
    run_tests()
