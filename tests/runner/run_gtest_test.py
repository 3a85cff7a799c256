#!/usr/bin/python3
"""Checks that scripts/run_gtest.py counts and names what a GoogleTest program does, also one that dies.

    tests/runner/run_gtest_test.py

Builds a program whose tests do what tests do, and runs some of them at a time. The last line is
`N passed, N failed, N skipped`.
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(REPOSITORY / "tests"))

from summary import run_tests  # noqa: E402  (the path comes first)


SOURCE = r"""
#include <gtest/gtest.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
namespace {
bool has(const char* what) { return std::getenv(what) != nullptr; }
TEST(First, Passes) { std::printf("no end of line"); }
TEST(First, Skips) { GTEST_SKIP() << "no reason"; }
TEST(Second, Fails) { if (has("FAIL")) FAIL() << "two and two"; }
TEST(Second, Dies) { if (has("DIE")) std::abort(); }
TEST(Second, Leaves) { if (has("LEAVE")) std::_Exit(0); }
TEST(Second, Hangs) { if (has("HANG")) ::pause(); }
TEST(Second, LeavesAnErrorForTheEnd) { if (has("LEAK")) std::atexit([] { std::_Exit(23); }); }
class Each : public testing::TestWithParam<const char*> {};
TEST_P(Each, HasAParameter) { EXPECT_FALSE(has("FAIL") && GetParam()[0] == 'b'); }
INSTANTIATE_TEST_SUITE_P(All, Each, testing::Values("a", "b: (1 ms)"));
}
"""


class Runs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.program = Path(cls.directory.name) / "odd_tests"
        subprocess.run(["g++", "-x", "c++", "-", "-o", cls.program, "-lgtest", "-lgtest_main"], input=SOURCE, text=True, check=True)

    def run_it(self, *conditions, program=None, options=()):
        """Returns (its exit code, the last line, all that it wrote)."""
        command = [REPOSITORY / "scripts" / "run_gtest.py", program or self.program, "--shards", "2", *options]
        done = subprocess.run(command, env={condition: "yes" for condition in conditions}, capture_output=True, text=True)
        return done.returncode, done.stdout.splitlines()[-1], done.stdout

    def test_tests_that_pass_and_skip_are_counted(self):
        status, summary, text = self.run_it()
        self.assertEqual((status, summary), (0, "8 passed, 0 failed, 1 skipped"))
        self.assertIn("First.Skips: skipped", text)
        self.assertIn("no reason", text)

    def test_a_failed_test_is_named_with_its_words(self):
        status, summary, text = self.run_it("FAIL")
        self.assertEqual((status, summary), (1, "6 passed, 2 failed, 1 skipped"))
        self.assertIn("Second.Fails: failed", text)
        self.assertIn("two and two", text)
        self.assertIn("All/Each.HasAParameter/1: failed", text)

    def test_a_test_that_ends_its_process_has_failed_and_all_others_run(self):
        for condition, name, end in (("DIE", "Second.Dies", "signal 6"), ("LEAVE", "Second.Leaves", "in the middle")):
            status, summary, text = self.run_it(condition)
            self.assertEqual((status, summary), (1, "7 passed, 1 failed, 1 skipped"), condition)
            self.assertIn(f"{name}: failed", text)
            self.assertIn(end, text)

    def test_another_program_can_run_it(self):
        """As an emulator does. A test's process inherits what that sets."""
        status, summary, _ = self.run_it(options=("--by", "env FAIL=yes"))
        self.assertEqual((status, summary), (1, "6 passed, 2 failed, 1 skipped"))

    def without(self, text, *conditions, options=()):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(text)
            file.flush()
            return self.run_it(*conditions, options=("--without", file.name, *options))

    def test_tests_that_are_left_out_are_named_with_the_reason_and_not_counted(self):
        status, summary, text = self.without("# a comment\n\nSecond.Dies  it needs a king\n*/Each.*  no parameters\n", "DIE")
        self.assertEqual((status, summary), (0, "5 passed, 0 failed, 1 skipped"))
        self.assertIn("Second.Dies: 1 not run: it needs a king", text)
        self.assertIn("*/Each.*: 2 not run: no parameters", text)

    def test_a_left_out_test_that_is_not_there_is_an_error(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("Third.*  was there once\n")
            file.flush()
            command = [REPOSITORY / "scripts" / "run_gtest.py", self.program, "--without", file.name]
            done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (1, "run_gtest.py: no test is called Third.*\n"))

    def test_a_part_of_the_program_need_not_have_it(self):
        status, summary, text = self.without("Third.*  elsewhere\nSecond.Dies  it needs a king\n", options=("--part",))
        self.assertEqual((status, summary), (0, "7 passed, 0 failed, 1 skipped"))
        self.assertNotIn("Third", text)
        self.assertIn("Second.Dies: 1 not run", text)

    def test_each_of_many_that_die_is_counted(self):
        status, summary, _ = self.run_it("DIE", "LEAVE", "FAIL")
        self.assertEqual((status, summary), (1, "4 passed, 4 failed, 1 skipped"))

    def test_a_test_that_hangs_has_failed(self):
        status, summary, text = self.run_it("HANG", options=("--seconds", "1"))
        self.assertEqual((status, summary), (1, "7 passed, 1 failed, 1 skipped"))
        self.assertIn("Second.Hangs: its process did not end in 1 s", text)

    def test_an_error_at_the_end_is_a_failure_though_all_tests_passed(self):
        status, summary, text = self.run_it("LEAK")
        self.assertEqual((status, summary), (1, "8 passed, 1 failed, 1 skipped"))
        self.assertIn("ended with 23 after its last test", text)

    def test_a_program_that_runs_fewer_than_it_lists_has_failed(self):
        program = Path(self.directory.name) / "lazy"
        program.write_text("#!/bin/sh\ncase $1 in --gtest_list_tests) printf 'Suite.\\n  One\\n  Two\\n' ;; esac\n")
        program.chmod(0o755)
        status, summary, text = self.run_it(program=program)
        self.assertEqual((status, summary), (1, "0 passed, 2 failed, 0 skipped"))
        self.assertIn("Suite.Two: failed, it never ran", text)

    def test_a_program_without_tests_has_failed(self):
        self.assertEqual(self.run_it(program=Path("/bin/true"))[:2], (1, "0 passed, 1 failed, 0 skipped"))


if __name__ == "__main__":
    run_tests()
