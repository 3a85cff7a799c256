#!/usr/bin/python3
"""Checks that scripts/check_hardening.py notices each property that a program lacks.

    tests/hardening/hardening_test.py

Builds a small program again and again, each time without one of the flags. CXX names another compiler than g++. The last
line is `N passed, N failed, N skipped`.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(REPOSITORY / "scripts"))
sys.path.insert(0, str(REPOSITORY / "tests"))

import check_hardening  # noqa: E402  (the path comes first)
from summary import run_tests  # noqa: E402

SOURCE = """
#include <cstring>
#include <unistd.h>
namespace netclsd {
[[gnu::noinline]] int copy(const char* text) {
  char page[8192], little[16];
  std::strcpy(little, text);
  return ::read(0, page, sizeof page) + page[0] + little[0];
}
}
int main(int, char** arguments) { return netclsd::copy(arguments[0]); }
"""

COMPILER = os.environ.get("CXX", "g++")
HARDENED = ("-O2", "-fPIE", "-D_FORTIFY_SOURCE=3", "-fstack-protector-strong", "-fstack-clash-protection")
LINKED = ("-pie", "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack")


class Hardening(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def missing(self, *flags):
        """What a program lacks that is built with all flags, and then these."""
        source, program = self.directory / "program.cpp", self.directory / "program"
        source.write_text(SOURCE)
        subprocess.run([COMPILER, "-U_FORTIFY_SOURCE", *HARDENED, *LINKED, *flags, "-o", program, source], check=True,
                       capture_output=True)
        return check_hardening.missing(str(program))

    def assembly(self, text):
        path = self.directory / "odd.s"
        path.write_text(text + '\n.section .note.GNU-stack,"",@progbits\n')
        return str(path)

    def test_nothing_is_missing_with_all_flags(self):
        self.assertEqual(self.missing(), [])

    def test_nothing_is_missing_in_a_static_program(self):
        self.assertEqual(self.missing("-static-pie"), [])

    def test_a_fixed_address_is_noticed(self):
        self.assertEqual(self.missing("-no-pie"), ["is_position_independent"])

    def test_lazy_binding_is_noticed(self):
        self.assertEqual(self.missing("-Wl,-z,lazy"), ["has_read_only_relocations"])

    def test_writable_relocations_are_noticed(self):
        self.assertEqual(self.missing("-Wl,-z,norelro"), ["has_read_only_relocations"])

    def test_an_executable_stack_is_noticed(self):
        self.assertEqual(self.missing("-Wl,-z,execstack"), ["has_no_executable_stack"])

    def test_writable_code_is_noticed(self):
        self.assertEqual(self.missing(self.assembly('.section .odd,"awx",@progbits\n.quad 0')), ["has_no_writable_code"])

    def test_a_library_path_is_noticed(self):
        for kind in ("--enable-new-dtags", "--disable-new-dtags"):
            self.assertEqual(self.missing(f"-Wl,{kind},-rpath,/tmp"), ["has_no_library_path"])

    def test_relocations_in_code_are_noticed(self):
        odd = self.assembly(".text\n.globl odd\nodd: .quad odd")
        self.assertEqual(self.missing(odd, "-Wl,-z,notext"), ["has_no_text_relocations"])

    def test_an_unguarded_stack_is_noticed(self):
        self.assertEqual(self.missing("-fno-stack-protector"), ["has_stack_protector"])

    def test_the_guards_of_a_static_libc_do_not_count(self):
        self.assertEqual(self.missing("-static-pie", "-fno-stack-protector"), ["has_stack_protector"])

    def test_untouched_stack_pages_are_noticed(self):
        """On arm64 none needs to be touched."""
        expected = [] if COMPILER.startswith("aarch64") else ["has_stack_clash_protection"]
        self.assertEqual(self.missing("-fno-stack-clash-protection"), expected)

    def test_unbounded_copies_are_noticed(self):
        self.assertEqual(self.missing("-U_FORTIFY_SOURCE"), ["has_bounded_copies"])


if __name__ == "__main__":
    run_tests()
