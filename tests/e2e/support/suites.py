"""containerd of other Debian suites, at its usual place: nobody can tell that it is not installed."""

import functools
import os
import subprocess
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

from .host import AS_IT_IS, Host
from .programs import REPOSITORY, tool

ONE = "trixie"  # containerd 1.7
TWO = "forky"   # containerd 2; it moves, so the tests print the version
SUITES = (ONE, TWO)
NRI_SOCKET = "/run/nri/nri.sock"  # where containerd 2 listens by itself
PROGRAMS = ("containerd", "containerd-shim-runc-v2", "ctr")

_lock = threading.Lock()


def _unpack(suite):
    directory = REPOSITORY / "build" / "suites" / suite
    done = subprocess.run([REPOSITORY / "scripts/unpack-packages.sh", suite, directory, "containerd"],
                          capture_output=True, text=True)
    if done.returncode != 0:
        return done.stderr
    print(f"({suite}: {done.stdout.strip()})", end=" ", flush=True)
    return directory / "usr/bin"


@functools.cache
def _unpack_all():
    with ThreadPoolExecutor(len(SUITES)) as pool:
        return dict(zip(SUITES, pool.map(_unpack, SUITES)))


def programs_of(suite):
    """The directory of the suite's programs. Without a network the test cannot run."""
    with _lock:
        found = _unpack_all()[suite]
    if isinstance(found, str):
        raise unittest.SkipTest(found)
    return found


class SuiteHost(Host):
    """This machine's own root, with a suite's containerd in the place of Debian 12's, and directories of its own where
    a runtime and the hook have theirs."""

    PRIVATE = ("/opt", "/etc/containers", "/etc/containerd", "/usr/share/containers")

    def __init__(self):
        super().__init__(AS_IT_IS)

    def _hold_namespace(self, script):
        return super()._hold_namespace(script + "".join(
            f"mkdir -p {directory}\nmount -t tmpfs -o mode=755 tmpfs {directory}\n"
            for directory in (*self.PRIVATE, os.path.dirname(NRI_SOCKET))))

    def places(self):
        return [self.seen(directory) for directory in self.PRIVATE]

    def use(self, suite):
        """The suite's programs at /usr/bin. Those of the suite before stay below: a process may run them."""
        for name in PROGRAMS:
            self.run([tool("mount"), "--bind", programs_of(suite) / name, tool(name)]).check_returncode()
        return self.run([tool("containerd"), "--version"]).stdout.split()[2]
