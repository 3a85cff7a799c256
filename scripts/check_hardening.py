#!/usr/bin/python3
"""Checks that programs were built with the properties that make an attack hard.

    scripts/check_hardening.py PROGRAM…

Examines the programs themselves (readelf, objdump), because flags may have no effect. The programs must have their symbols,
as in build/release/bin. docs/adr/0025-what-ci-looks-for.md describes each property. The last line is `N passed, N failed, N skipped`.
"""

import re
import subprocess
import sys
from pathlib import Path

# Programs in which nothing copies into an array of unknown length: no call for _FORTIFY_SOURCE to bound.
WITHOUT_COPIES = ("netclsd-hook-stub",)


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Program:
    def __init__(self, path):
        self.name = Path(path).name
        self.headers = output_of("readelf", "--wide", "--file-header", "--program-headers", path)
        self.dynamic = output_of("readelf", "--wide", "--dynamic", path)
        self.is_arm64 = re.search(r"Machine: +AArch64", self.headers) is not None
        objdump = "aarch64-linux-gnu-objdump" if self.is_arm64 else "objdump"
        self.calls, self.probes = read_code(output_of(objdump, "-d", "--no-show-raw-insn", path))

    def segments(self, kind):
        """The flags ("R E") of the segments of that kind."""
        return re.findall(rf"^ +{kind} +(?:0x\w+ +){{5}}([RWE ]+?) +0x\w+$", self.headers, re.MULTILINE)


def read_code(listing):
    """What our own functions call, and how many of their stack pages they touch; a static program has libc's, too."""
    calls, probes, is_ours = set(), 0, False
    for line in listing.splitlines():
        if head := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            is_ours = head[1] == "main" or "7netclsd" in head[1]
        elif is_ours and (call := re.search(r"\b(?:call|bl)\s+\w+ <([^@>+]+)", line)):
            calls.add(call[1])
        elif is_ours and re.search(r"\bor[lq] +\$0x0,.*\(%rsp", line):
            probes += 1
    return calls, probes


def is_position_independent(program):
    return re.search(r"Type: +DYN", program.headers) and re.search(r"FLAGS_1.*\bPIE\b", program.dynamic)


def has_read_only_relocations(program):
    return program.segments("GNU_RELRO") and re.search(r"\(FLAGS(_1)?\).*NOW", program.dynamic)


def has_no_executable_stack(program):
    return program.segments("GNU_STACK") == ["RW"]


def has_no_writable_code(program):
    return program.segments("LOAD") and not any("W" in flags and "E" in flags for flags in program.segments("LOAD"))


def has_no_library_path(program):
    return not re.search(r"\((RPATH|RUNPATH)\)", program.dynamic)


def has_no_text_relocations(program):
    return not re.search(r"TEXTREL", program.dynamic)


def has_stack_protector(program):
    return "__stack_chk_fail" in program.calls


# On arm64 the compiler counts on a guard of 64 KiB below the stack, and touches only the pages of larger frames: there are none.
def has_stack_clash_protection(program):
    return program.is_arm64 or program.probes > 0


def has_bounded_copies(program):
    return program.name in WITHOUT_COPIES or any(
        re.fullmatch(r"__(?!stack_)\w+_chk", call) for call in program.calls)


CHECKS = (is_position_independent, has_read_only_relocations, has_no_executable_stack, has_no_writable_code,
          has_no_library_path, has_no_text_relocations, has_stack_protector, has_stack_clash_protection,
          has_bounded_copies)


def missing(path):
    """The names of what the program at `path` does not have."""
    program = Program(path)
    return [check.__name__ for check in CHECKS if not check(program)]


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    failed = 0
    for path in sys.argv[1:]:
        lacks = missing(path)
        for check in CHECKS:
            verdict = "FAILED" if check.__name__ in lacks else "passed"
            print(f"{Path(path).name} {check.__name__.replace('_', ' ')} ... {verdict}")
        failed += len(lacks)
    print(f"{len(CHECKS) * (len(sys.argv) - 1) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
