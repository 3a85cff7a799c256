"""Boots real kernels and tries netclsd on them: see scripts/vm.sh, which starts it."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from . import initramfs, kernels, machine
from .architectures import ARCHITECTURES
from .boots import BOOTS
from .report import Outcome, Reader, Verdict, render_counts, render_tables, replace_generated

PAGE = kernels.REPOSITORY / "docs" / "kernels.md"
LOGS = kernels.TOP / "logs"
_SIGNS = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.SKIPPED: "skipped", Verdict.IMPOSSIBLE: "not possible"}
ATTEMPTS_MAX = 3  # to boot a machine that the emulator ended


def say(text, end="\n"):
    sys.stdout.write(text + end)  # at once: several machines talk
    sys.stdout.flush()


@contextlib.contextmanager
def timed(text):
    say(f"{text} ...", end=" ")
    began = time.monotonic()
    yield
    say(f"done ({time.monotonic() - began:.0f} s)")


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--architectures", action="store_true")  # for scripts/vm.sh: only says which are wanted
    parser.add_argument("--architecture", choices=ARCHITECTURES, action="append")
    parser.add_argument("--boot", choices=BOOTS, action="append")
    parser.add_argument("--deadline", type=int, default=300)
    for suffix, programs, tests in (("", "release", "dev"), ("-arm64", "release-arm64", "tests-arm64")):
        parser.add_argument(f"--programs{suffix}", type=Path, default=kernels.REPOSITORY / "build" / programs / "bin")
        parser.add_argument(f"--tests{suffix}", type=Path, default=kernels.REPOSITORY / "build" / tests)
    parser.add_argument("kernels", nargs="*")
    return parser.parse_args(arguments)


def builds(options):
    """The name of each architecture → the directory of its programs, and the build with its tests."""
    return {"amd64": (options.programs, options.tests), "arm64": (options.programs_arm64, options.tests_arm64)}


def select(table, names, architectures, boots):
    """(kernel, boot) of all that shall be booted."""
    if unknown := set(names) - {each.name for each in table}:
        raise ValueError(f"no such kernel: {' '.join(sorted(unknown))}; there are {' '.join(each.name for each in table)}")
    return [(kernel, boot) for kernel in table if not names or kernel.name in names
            if not architectures or kernel.architecture.name in architectures
            for boot in kernel.boots if not boots or boot in boots]


class Run:
    def __init__(self, work, options):
        self.work, self.options = work, options
        self._unpacked = {}

    def prepare(self, wanted):
        for kernel in dict.fromkeys(kernel for kernel, _ in wanted):
            say(f"{kernel.name}: {kernel.package} of {kernel.suite} ...", end=" ")
            self._unpacked[kernel] = unpacked = kernels.Unpacked(kernel)
            say(unpacked.version)
            tree = self.work / f"{kernel.name}.tree"
            (tree / "modules").mkdir(parents=True)
            unpacked.write_modules(tree / "modules")
            initramfs.pack(tree, self.work / f"{kernel.name}.cpio")
        for architecture in dict.fromkeys(kernel.architecture for kernel, _ in wanted):
            root = self.work / f"root.{architecture.name}"
            with timed(f"initramfs for {architecture.name}"):
                initramfs.make_tree(architecture, root, *builds(self.options)[architecture.name])
                initramfs.pack(root, self.work / f"root.{architecture.name}.cpio")

    def boot(self, kernel, boot):
        began = time.monotonic()
        outcome = self._boot_until_it_runs(kernel, boot)
        say(f"{kernel.name}, booted {BOOTS[boot].title}, {outcome.release}: {render_counts([outcome])}, "
            f"{outcome.count(Verdict.IMPOSSIBLE)} not possible there ({time.monotonic() - began:.0f} s)")
        return outcome

    def _boot_until_it_runs(self, kernel, boot):
        for _ in range(ATTEMPTS_MAX):
            outcome = self._boot_once(kernel, boot)
            if not outcome.is_flaw_of_the_emulator():
                break
            say(f"{kernel.name}: booted again, since before anything of ours ran the emulator failed: {outcome.results[-1].text}")
        self._show(outcome, outcome.results[-1])
        return outcome

    def _boot_once(self, kernel, boot):
        outcome = Outcome(kernel.name, self._unpacked[kernel].version, boot, kernel.architecture.name)
        joined = self.work / f"{kernel.name}-{boot}.cpio"
        initramfs.join([self.work / f"root.{kernel.architecture.name}.cpio", self.work / f"{kernel.name}.cpio"], joined)
        console = LOGS / f"{kernel.name}-{boot}.console"
        console.write_bytes(b"")
        reader = Reader(outcome)
        parameters = f"{BOOTS[boot].parameters} netclsd.script={BOOTS[boot].script}"
        with open(LOGS / f"{kernel.name}-{boot}.results", "w", encoding="utf-8") as log:
            for line in machine.boot(kernel.architecture, self._unpacked[kernel].image, joined, parameters, console,
                                     self.options.deadline):
                log.write(line + "\n")
                if (result := reader.take(line)) is not None:
                    self._show(outcome, result)
        joined.unlink()
        reader.finish(console.read_text(errors="replace"))
        return outcome

    @staticmethod
    def _show(outcome, result):
        """Of the kernel tests only what did not pass."""
        is_test = result in outcome.kernel_tests
        if not is_test or result.verdict is not Verdict.PASSED:
            boot = "" if outcome.boot == "usual" else f" {outcome.boot}"
            say(f"{outcome.kernel}{boot}: {_SIGNS[result.verdict]} {result.name} ({result.seconds:.1f} s)"
                + (f": {result.text}" if result.text else ""))


def facts(architecture, programs):
    version = subprocess.run([*architecture.emulator, programs / "netclsd", "--version"], capture_output=True, text=True,
                             check=True).stdout.strip()
    return f"{date.today().isoformat()}, {version.partition(' (')[0]}: "  # without its commit


def boot_all(wanted, options):
    """As many at a time as there are processors: most of the time a machine keeps one of its two busy."""
    with tempfile.TemporaryDirectory(dir=kernels.TOP, prefix="work.") as work:
        run = Run(Path(work), options)
        run.prepare(wanted)
        pool = ThreadPoolExecutor(int(os.environ.get("JOBS") or os.cpu_count()))
        try:
            return list(pool.map(lambda each: run.boot(*each), wanted))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    options = parse_arguments(sys.argv[1:])
    table = kernels.read_table()
    try:
        wanted = select(table, options.kernels, options.architecture, options.boot)
    except ValueError as problem:
        print(f"vm.sh: {problem}", file=sys.stderr)
        return 2
    if options.list:
        say("\n".join(f"{each.name}: {each.package} of {each.suite}, booted {', '.join(each.boots)}" for each in table))
        return 0
    if options.architectures:
        say(" ".join(dict.fromkeys(kernel.architecture.name for kernel, _ in wanted)))
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    LOGS.mkdir(parents=True, exist_ok=True)
    try:
        outcomes = boot_all(wanted, options)
    except (kernels.FetchFailed, FileNotFoundError) as problem:
        print(f"vm.sh: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        os._exit(130)  # does not wait for the machines, which end with us
    counts = render_counts(outcomes)
    if options.write:
        architecture = wanted[0][0].architecture
        PAGE.write_text(replace_generated(PAGE.read_text(), f"{facts(architecture, builds(options)[architecture.name][0])}{counts}.\n{render_tables(outcomes)}"))
        say(f"written: {PAGE.relative_to(kernels.REPOSITORY)}")
    say(f"Logs: {LOGS.relative_to(kernels.REPOSITORY)}\n{counts}")
    return 1 if any(each.count(Verdict.FAILED) for each in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
