#!/usr/bin/python3
"""What scripts/install-deps.sh calls the packages on each distribution. Installs nothing.

    tests/runner/install_deps_test.py

The last line is `N passed, N failed, N skipped`.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(REPOSITORY / "tests"))

from summary import run_class  # noqa: E402  (the path comes first)

DEBIAN_12 = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n'
DEBIAN_13 = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nVERSION_CODENAME=trixie\nID=debian\n'
UNSTABLE = 'PRETTY_NAME="Debian GNU/Linux forky/sid"\nVERSION_CODENAME=forky\nID=debian\n'
UBUNTU = 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n'
FEDORA = 'NAME="Fedora Linux"\nID=fedora\nVERSION_ID=44\nPRETTY_NAME="Fedora Linux 44"\n'
OLD = 'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nVERSION_ID="11"\nID=debian\n'


def install_deps(os_release, *words):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(os_release)
        file.flush()
        return subprocess.run([REPOSITORY / "scripts" / "install-deps.sh", *words], capture_output=True, text=True,
                              env={**os.environ, "OS_RELEASE": file.name})


def names(os_release, *words):
    return set(install_deps(os_release, "--list", *words).stdout.splitlines())


class InstallDeps(unittest.TestCase):
    def test_boost_has_its_version_in_its_name_on_debian_12_alone(self):
        for os_release, name in ((DEBIAN_12, "libboost1.81-dev"), (DEBIAN_13, "libboost-dev"), (UNSTABLE, "libboost-dev"),
                                 (UBUNTU, "libboost-dev")):
            self.assertEqual({each for each in names(os_release, "build") if "boost" in each}, {name})

    def test_names_that_are_the_same_everywhere_are_the_same(self):
        self.assertEqual(names(DEBIAN_12, "build") - {"libboost1.81-dev"}, names(UNSTABLE, "build") - {"libboost-dev"})

    def test_without_words_it_is_all_of_them(self):
        words = ("build", "image", "run", "unit", "test", "lint", "fuzz", "bench", "chart")
        self.assertEqual(names(DEBIAN_12), set().union(*(names(DEBIAN_12, word) for word in words)))

    def test_another_distribution_is_told_what_is_needed_and_not_refused(self):
        for os_release, name in ((FEDORA, "Fedora Linux 44"), (OLD, "Debian GNU/Linux 11 (bullseye)")):
            answer = install_deps(os_release, "build", "unit")
            self.assertEqual((answer.returncode, answer.stdout), (0, ""))
            self.assertIn(name, answer.stderr)
            for package in ("libboost-dev (1.81 or newer)", "libseccomp-dev", "libgtest-dev"):
                self.assertIn(f"\n  {package}\n", answer.stderr)

    def test_an_unknown_word_is_wrong_usage(self):
        self.assertEqual(install_deps(DEBIAN_12, "everything").returncode, 2)


if __name__ == "__main__":
    sys.exit(run_class(InstallDeps))
