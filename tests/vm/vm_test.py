#!/usr/bin/python3
"""What scripts/vm.sh reads and writes. It boots nothing."""

import re
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests"))

from summary import run_tests  # noqa: E402
from vm import initramfs, kernels, machine, report, run  # noqa: E402
from vm.architectures import ARCHITECTURES  # noqa: E402
from vm.boots import BOOTS  # noqa: E402
from vm.report import Outcome, Reader, Verdict  # noqa: E402

OLD, NEW = "6.1.0-50-cloud-amd64", "7.2.12+deb14-cloud-amd64"
AMD64, ARM64 = ARCHITECTURES["amd64"], ARCHITECTURES["arm64"]
SINCE_6_6 = "only since 6.6 may anybody unsubscribe"
TESTS = """[==========] Running 3 tests from 1 test suite.
[ RUN      ] A.Works
1048576 bytes hold 1170 events: 896 bytes each
[       OK ] A.Works (1500 ms)
[ RUN      ] A.Skips
/src/a_test.cpp:7: Skipped
only since 6.6 may anybody unsubscribe

[  SKIPPED ] A.Skips (1 ms)
[ RUN      ] A.Fails
/src/a_test.cpp:9: Failure
Expected: 1
  Actual: 2
[  FAILED  ] A.Fails (2 ms)
[==========] 3 tests from 1 test suite ran. (4 ms total)
[  FAILED  ] A.Fails
"""


def reported(lines="", tests="", release=NEW, boot="usual", console="", architecture="amd64"):
    outcome = Outcome("forky", release, boot, architecture)
    reader = Reader(outcome)
    for line in [*(f"gtest\t{line}" for line in tests.splitlines()), *lines.splitlines()]:
        reader.take(line)
    reader.finish(console)
    return outcome


def verdicts(results):
    return [each.verdict for each in results]


class Results(unittest.TestCase):
    def test_a_breakpoint_of_the_kernel_before_anything_ran_is_a_flaw_of_the_emulator(self):
        oops = "[    1.5] Oops: int3: 0000 [#1] SMP NOPTI\n"
        self.assertTrue(reported(console=oops).is_flaw_of_the_emulator())
        self.assertFalse(reported("begin\n", console=oops).is_flaw_of_the_emulator())
        self.assertFalse(reported(console="[    1.5] Oops: general protection fault\n").is_flaw_of_the_emulator())
        self.assertFalse(reported("begin\nend\n").is_flaw_of_the_emulator())

    def test_a_check_has_its_verdict_and_why(self):
        outcome = reported("result\tpassed\t1.250\tit works\t\nresult\tfailed\t0.100\tit does not\tno  such\nfact\tspeed\t7\nend\n",
                           boot="cgroup_no_v1")
        self.assertEqual(verdicts(outcome.results), [Verdict.PASSED, Verdict.FAILED, Verdict.PASSED])
        self.assertEqual((outcome.results[0].seconds, outcome.results[1].text), (1.25, "no  such".replace("  ", " ")))
        self.assertEqual(outcome.facts, {"speed": "7"})

    def test_kernel_tests_are_read_from_what_they_print(self):
        outcome = reported("end", TESTS, OLD)
        self.assertEqual([each.name for each in outcome.kernel_tests], ["A.Works", "A.Skips", "A.Fails"])
        self.assertEqual(verdicts(outcome.kernel_tests), [Verdict.PASSED, Verdict.IMPOSSIBLE, Verdict.FAILED])
        self.assertEqual(outcome.kernel_tests[1].text, SINCE_6_6)
        self.assertEqual(outcome.kernel_tests[2].text, "Expected: 1 Actual: 2")
        self.assertEqual(outcome.facts, {"bytes of one event in the receive buffer": "896"})

    def test_a_reason_that_this_kernel_disproves_is_a_skip(self):
        self.assertIs(reported("end", TESTS, NEW).kernel_tests[1].verdict, Verdict.SKIPPED)
        self.assertIs(reported(f"result\tskipped\t0\tsilence\t{SINCE_6_6}", release=OLD).results[0].verdict, Verdict.IMPOSSIBLE)
        self.assertIs(reported("result\tskipped\t0\tsilence\tno mood", release=OLD).results[0].verdict, Verdict.SKIPPED)

    def test_netkit_may_be_missing_only_before_6_7(self):
        for release, verdict in ((OLD, Verdict.IMPOSSIBLE), ("6.6.9", Verdict.IMPOSSIBLE), ("6.7.1", Verdict.SKIPPED)):
            line = "result\tskipped\t0\tnetkit\tonly since 6.7 is there netkit"
            self.assertIs(reported(line, release=release).results[0].verdict, verdict)

    def test_tests_that_do_not_come_to_their_end_have_failed(self):
        broken = TESTS.partition("[ RUN      ] A.Fails")[0]
        self.assertEqual(verdicts(reported("end", broken, OLD).kernel_tests)[-1], Verdict.FAILED)
        self.assertEqual(verdicts(reported("end", "", OLD).kernel_tests), [Verdict.FAILED])

    def test_a_machine_that_does_not_come_to_its_end_has_failed(self):
        self.assertIs(reported("end", TESTS).results[-1].verdict, Verdict.PASSED)
        last = reported("", TESTS).results[-1]
        self.assertIs(last.verdict, Verdict.FAILED)
        self.assertIn("did not come to its end", last.text)

    def test_what_the_kernel_complains_of_is_a_failure(self):
        for line in ("[    9.1] BUG: kernel NULL pointer dereference, address: 0000000000000000",
                     "[    9.1] WARNING: CPU: 1 PID: 7 at kernel/cgroup/cgroup.c:7", "rcu: INFO: rcu_sched self-detected stall on CPU",
                     "[    9.1] Kernel panic - not syncing: Fatal exception"):
            self.assertIs(reported("end", TESTS, console=f"fine\n{line}\n").results[-1].verdict, Verdict.FAILED, line)
        fine = "Kernel command line: console=ttyS0 panic=-1 oops=panic\nno debug"
        self.assertIs(reported("end", TESTS, console=fine).results[-1].verdict, Verdict.PASSED)

    def test_the_last_line_counts_all_but_what_is_known_to_be_impossible(self):
        outcomes = [reported("result\tpassed\t0\ta\t\nresult\tskipped\t0\tb\tno mood\nend\n", TESTS, OLD), reported("end", TESTS, NEW)]
        self.assertEqual(report.render_counts(outcomes), "5 passed, 2 failed, 2 skipped")


class Page(unittest.TestCase):
    def outcomes(self):
        old, new = (reported(f"result\t{silence}\nresult\tpassed\t2\ta|b\t\nend", TESTS, release) for silence, release in (
            (f"skipped\t0\tsilence\t{SINCE_6_6}", OLD), ("passed\t0\tsilence\t", NEW)))
        old.kernel = "bookworm"
        return [old, new, reported("result\tpassed\t1\tit ends\t\nend", boot="cgroup_no_v1")]

    def test_no_cell_is_empty(self):
        for line in report.render_tables(self.outcomes()).splitlines():
            self.assertNotRegex(line, r"\|\s*\|")

    def test_each_way_to_boot_has_a_table_with_its_kernels(self):
        lines = report.render_tables(self.outcomes()).splitlines()
        self.assertIn("| booted as it is | 6.1.0 amd64 | 7.2.12+deb14 amd64 |", lines)
        self.assertIn("| silence | – (1) | ✓ |", lines)
        self.assertIn(f"| {report.KERNEL_TESTS} | 1 of 3 (1) (2) | 1 of 3 (1) (2) |", lines)
        self.assertIn("| bytes of one event in the receive buffer | 896 | 896 |", lines)
        self.assertIn("| booted `cgroup_no_v1=all` | 7.2.12+deb14 amd64 |", lines)
        self.assertEqual(lines[-2:], [f"1. {SINCE_6_6}", "2. Expected: 1 Actual: 2"])

    def test_the_same_version_for_two_architectures_has_two_columns(self):
        other = reported("result\tfailed\t0\tsilence\tdeaf\nend", TESTS, OLD, architecture="arm64")
        other.kernel = "other"
        lines = report.render_tables([self.outcomes()[0], other]).splitlines()
        self.assertIn("| booted as it is | 6.1.0 amd64 | 6.1.0 arm64 |", lines)
        self.assertIn("| silence | – (1) | ✗ (3) |", lines)

    def test_the_rest_of_the_page_stays(self):
        page = "# Head\n<!-- written by scripts/vm.sh -->\nold\n<!-- end -->\nTail\n"
        self.assertEqual(report.replace_generated(page, "\nnew\n"), page.replace("old", "new"))
        with self.assertRaises(ValueError):
            report.replace_generated("# Head\n", "new")

    def test_the_page_has_the_marks_and_a_table_of_every_way_to_boot(self):
        text = run.PAGE.read_text()
        report.replace_generated(text, "")
        for boot in BOOTS.values():
            self.assertIn(f"| booted {boot.title} |", text)
        for architecture in ARCHITECTURES:
            self.assertRegex(text, rf"\| booted as it is .*\d {architecture} \|")


class Machines(unittest.TestCase):
    def test_kernel_and_init_know_the_ports_that_qemu_gives_them(self):
        for architecture, console, results in ((AMD64, "ttyS0", "ttyS1"), (ARM64, "ttyAMA0", "ttyS0")):
            words = machine.command(architecture, "image", "initramfs", "more=1", "file")
            self.assertIn("file:file", words)
            parameters = words[words.index("-append") + 1].split()
            self.assertLessEqual({f"console={console}", f"netclsd.results={results}", "more=1"}, set(parameters))

    def test_each_architecture_has_programs_of_its_own(self):
        options = run.parse_arguments(["--programs", "a", "--tests-arm64", "b"])
        built = run.builds(options)
        self.assertEqual(list(built), list(ARCHITECTURES))
        self.assertEqual((built["amd64"][0], built["arm64"][1]), (Path("a"), Path("b")))
        self.assertEqual(built["arm64"][0], REPOSITORY / "build/release-arm64/bin")

    def test_machines_run_at_a_time_and_their_outcomes_stay_in_order(self):
        second_has_ended = threading.Event()

        def boot(_, kernel, way):
            if kernel == "first":
                self.assertTrue(second_has_ended.wait(20))
            else:
                second_has_ended.set()
            return kernel, way
        with tempfile.TemporaryDirectory() as directory, mock.patch.object(kernels, "TOP", Path(directory)), \
                mock.patch.multiple(run.Run, prepare=lambda *_: None, boot=boot), mock.patch.dict("os.environ", JOBS="2"):
            wanted = [("first", "usual"), ("second", "usual")]
            self.assertEqual(run.boot_all(wanted, None), wanted)

    def test_the_script_is_told_which_architectures_are_wanted(self):
        for kernel in kernels.read_table():
            said = subprocess.run([sys.executable, "-m", "vm.run", "--architectures", kernel.name], cwd=REPOSITORY / "tests",
                                  capture_output=True, text=True, check=True).stdout
            self.assertEqual(said, f"{kernel.architecture.name}\n")

    def test_a_program_comes_with_its_loader_and_libraries(self):
        with tempfile.TemporaryDirectory() as directory:
            tree = initramfs.Tree(AMD64, Path(directory) / "tree")
            tree.add_tool("bash")
            tree.add_busybox()
            for place in ("usr/bin/bash", "lib64/ld-linux-x86-64.so.2", "usr/bin/busybox", "usr/bin/sleep"):
                self.assertTrue((tree.directory / place).is_file(), place)
            self.assertTrue(list(tree.directory.glob("usr/lib/*/libc.so.6")))
            with self.assertRaises(FileNotFoundError):
                tree.add_tool("no-such-tool")


class Files(unittest.TestCase):
    def test_a_line_is_a_kernel(self):
        table = kernels.parse_table("# comment\none  trixie  arm64  linux-image-arm64  usual,cgroup_no_v1 # more\n\n")
        self.assertEqual(table, [kernels.Kernel("one", "trixie", ARM64, "linux-image-arm64", ("usual", "cgroup_no_v1"))])
        for bad in ("one trixie amd64 usual", "one trixie amd64 linux-image-amd64 unknown", "one trixie vax linux-image-vax usual"):
            with self.assertRaises(ValueError):
                kernels.parse_table(bad)

    def test_every_recipe_that_the_machines_run_is_in_the_page(self):
        wanted = " ".join(re.findall(r"apply_recipes ([a-z0-9 -]+) \|\|", (initramfs.GUEST / "carry.sh").read_text())).split()
        self.assertLess({"htb", "htb-by-fw"}, set(wanted))
        for name in wanted:
            self.assertIn(f"<!-- recipe: {name} -->\n```sh\n", initramfs.RECIPES.read_text())

    def test_a_reason_of_a_script_is_known(self):
        for script in initramfs.GUEST.glob("*.sh"):
            for reason in re.findall(r'because "([^"]+)"\n +return 77', script.read_text()):
                self.assertIn(reason, report.KNOWN_REASONS, script.name)

    def test_every_script_of_a_boot_is_there(self):
        for boot in BOOTS.values():
            self.assertTrue((initramfs.GUEST / boot.script).is_file())

    def test_modules_come_after_those_that_they_need(self):
        text = "k/a-b.ko.xz: k/c.ko.xz k/d.ko.xz\nk/c.ko.xz: k/d.ko.xz\nk/d.ko.xz:\nk/other.ko.xz:\n"
        self.assertEqual(kernels.load_order(text, ("a_b", "built_in", "c")), ["k/d.ko.xz", "k/c.ko.xz", "k/a-b.ko.xz"])

    def test_libraries_are_those_that_the_loader_finds(self):
        text = "\tlinux-vdso.so.1 (0x7f)\n\tlibc.so.6 => /lib/libc.so.6 (0x7f)\n\t/lib64/ld-linux-x86-64.so.2 (0x7f)\n"
        self.assertEqual(initramfs.parse_list(text), ["/lib/libc.so.6", "/lib64/ld-linux-x86-64.so.2"])
        with self.assertRaises(FileNotFoundError):
            initramfs.parse_list("\tlibx.so.1 => not found\n")

    def test_kernels_and_boots_are_chosen_by_name(self):
        table = kernels.parse_table("a s amd64 p usual\nb s arm64 p usual,favordynmods\n")
        self.assertEqual(run.select(table, [], None, None),
                         [(table[0], "usual"), (table[1], "usual"), (table[1], "favordynmods")])
        self.assertEqual(run.select(table, ["b"], None, ["favordynmods"]), [(table[1], "favordynmods")])
        self.assertEqual(run.select(table, [], ["amd64"], None), [(table[0], "usual")])
        with self.assertRaises(ValueError):
            run.select(table, ["c"], None, None)

    def test_the_script_says_what_it_does_and_refuses_the_rest(self):
        script = REPOSITORY / "scripts" / "vm.sh"
        shown = subprocess.run([script, "--help"], capture_output=True, text=True, check=True).stdout
        self.assertIn("scripts/vm.sh [OPTION]", shown)
        self.assertEqual(subprocess.run([script, "--nothing"], capture_output=True, check=False).returncode, 2)
        listed = subprocess.run([script, "--list"], capture_output=True, text=True, check=True).stdout
        self.assertEqual([line.partition(":")[0] for line in listed.splitlines()], [each.name for each in kernels.read_table()])


if __name__ == "__main__":
    run_tests()
