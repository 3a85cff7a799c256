#!/usr/bin/python3
"""Checks how the benchmark computes and writes its table. It measures nothing.

    tests/bench/bench_test.py

The last line is `N passed, N failed, N skipped`.
"""

import sys
import unittest
import xml.etree.ElementTree
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(REPOSITORY))
sys.path.insert(0, str(REPOSITORY / "tests"))

from bench.run import ROWS  # noqa: E402  (the path comes first)
from bench.support import plot, report  # noqa: E402
from bench.support.result import Result, of_median, percentile  # noqa: E402
from bench.support.storms import Sample, ratios  # noqa: E402
from bench.support.tracing import first_attached_us, parse  # noqa: E402
from summary import run_tests  # noqa: E402


def sample(made=100, per_second=50.0, cpu_ns=200_000, dropped=0, events=100):
    return Sample(made, per_second, cpu_ns, dropped, events)


class Results(unittest.TestCase):
    def test_a_target_is_met_on_its_own_side_and_on_the_line(self):
        self.assertTrue(Result("a", 1.3, "×", limit=1.3).is_met)
        self.assertFalse(Result("a", 1.31, "×", limit=1.3).is_met)
        self.assertTrue(Result("a", 0.95, "×", limit=0.9, is_at_least=True).is_met)
        self.assertFalse(Result("a", 0.89, "×", limit=0.9, is_at_least=True).is_met)

    def test_a_target_of_zero_is_met_by_zero_alone(self):
        self.assertTrue(Result("a", 0, "moves", limit=0).is_met)
        self.assertFalse(Result("a", 1, "moves", limit=0).is_met)

    def test_context_is_neither_met_nor_missed(self):
        self.assertIsNone(Result("a", 1, "ms").is_met)

    def test_the_median_is_the_value_and_the_spread_is_all(self):
        result = of_median("a", [3, 1, 2], "ms")
        self.assertEqual((result.value, result.spread), (2, (1, 3)))

    def test_a_percentile_is_one_of_the_samples(self):
        self.assertEqual(percentile(range(1, 101), 99), 100)
        self.assertEqual(percentile([7], 100), 7)


def trace(*lines):
    return parse("".join(f"   bench-7   [000] .....  {at:.6f}: {what}\n" for at, what in lines))


class Traces(unittest.TestCase):
    EXEC = "sched_process_exec: filename=/proc/self/exe pid=7 old_pid=7"
    ATTACH = "cgroup_attach_task: dst_root=2 dst_id=9 dst_level=2 dst_path=/g pid=7 comm=bench"

    def test_a_placement_is_timed_from_the_exec(self):
        self.assertAlmostEqual(first_attached_us(trace((1.0, self.EXEC), (1.00008, self.ATTACH)), 7, "/g"), 80, places=3)

    def test_who_was_attached_before_its_exec_was_attached_all_the_same(self):
        self.assertLess(first_attached_us(trace((1.0, self.ATTACH), (1.002, self.EXEC)), 7, "/g"), 0)

    def test_another_process_and_another_group_do_not_count(self):
        steps = trace((1.0, self.EXEC), (1.1, self.ATTACH))
        self.assertIsNone(first_attached_us(steps, 8, "/g"))
        self.assertIsNone(first_attached_us(steps, 7, "/h"))


class Storms(unittest.TestCase):
    def test_ratios_are_taken_round_by_round(self):
        samples = {"a": [sample(per_second=10), sample(per_second=100)],
                   "b": [sample(per_second=20), sample(per_second=200)]}
        self.assertEqual(ratios(samples, "a", "b", lambda s: s.per_second), [0.5, 0.5])

    def test_a_deaf_listeners_sample_is_not_whole(self):
        self.assertFalse(sample(made=100, events=40).is_whole)
        self.assertTrue(sample(made=100, events=40, dropped=60).is_whole)

    def test_what_was_dropped_was_not_seen(self):
        self.assertEqual(sample(made=100, dropped=150).execs_seen, 50)
        self.assertEqual(sample(made=100).execs_seen, 100)


class Reports(unittest.TestCase):
    def markdown(self, result):
        return report._markdown({"kernel": "6.18"}, {"sweep": [result]}, {})

    def test_a_missed_target_stands_out(self):
        text = self.markdown(Result("sweep", 12, "µs", limit=6))
        self.assertIn("| sweep | ≤ 6 µs | 12 µs |  | 2.00 | **no** | `scripts/bench.sh --only sweep` |", text)

    def test_a_row_that_failed_shows_no_number(self):
        self.assertIn("| **sweep could not be measured** | | | | | |",
                      self.markdown(Result("sweep could not be measured", 0, "", has_failed=True)))

    def test_plots_are_well_formed_and_show_their_values(self):
        for svg in (plot.bars("a < b", "µs", {"x & y": 1.25, "z": 0}),
                    plot.lines("a", "µs", "processes", {"netclsd": {1000: 1.25, 10: 3}})):
            text = "".join(xml.etree.ElementTree.fromstring(svg).itertext())
            self.assertIn("1.25", text)


class Rows(unittest.TestCase):
    def test_each_row_is_a_module_that_says_what_it_measures(self):
        modules = {path.stem for path in (REPOSITORY / "bench" / "rows").glob("*.py")} - {"__init__"}
        self.assertEqual(set(ROWS), modules)

    def test_each_row_is_explained(self):
        text = (REPOSITORY / "docs" / "performance.md").read_text()
        self.assertEqual([row for row in ROWS if f"| `{row}` |" not in text], [])


if __name__ == "__main__":
    run_tests()
