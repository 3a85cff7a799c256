"""Makes the kernel's proc connector silent, for all listeners of this machine, and always makes it speak again."""

import subprocess

from .programs import program


class Silencer:
    """tests/support/silencer.cpp: it works without any privilege."""

    def __init__(self, host):
        self._taken = 0
        host.on_close(self.restore)

    def silence(self, depth):
        """Drives the listener counter `depth` below zero. Each new subscription raises it by one."""
        done = self._run("silence", depth)
        self._taken += int(done.stdout.rpartition("=")[2])

    def restore(self):
        """Also what there was before: the next one that unsubscribes politely must not silence everybody."""
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
