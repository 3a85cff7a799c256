"""Silences the kernel's proc connector for all listeners of this machine, and always ends the silence again."""

import subprocess

from .programs import program


class Silencer:
    """tests/support/silencer.cpp: needs no privilege."""

    def __init__(self, host):
        self._taken = 0
        host.on_close(self.restore)

    def silence(self, depth):
        """Drives the listener counter `depth` below zero. Each new subscription raises it by one."""
        done = self._run("silence", depth)
        self._taken += int(done.stdout.rpartition("=")[2])

    def restore(self):
        """Also what was there before: the next program that unsubscribes correctly must not silence all listeners."""
        taken, self._taken = self._taken, 0
        self._run("restore", taken)
        if not self.hears():
            raise AssertionError("the proc connector is still silent")

    def hears(self):
        return subprocess.run([program("silencer"), "hears"], timeout=20).returncode == 0

    @staticmethod
    def _run(*arguments):
        return subprocess.run([program("silencer"), *map(str, arguments)], timeout=20, check=True,
                              capture_output=True, text=True)
