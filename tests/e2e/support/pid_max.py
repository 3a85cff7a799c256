"""Few pids for the whole machine, so that pids are reused several times a second."""

import os
import subprocess
from pathlib import Path

from .programs import SYSTEM_PATH

_PID_MAX = Path("/proc/sys/kernel/pid_max")
_SPARE = 1_500


class FewPids:
    """A separate process restores the value, however this one ends."""

    def __init__(self, host, at_least=1_500):
        self.before = _PID_MAX.read_text().strip()
        self._guard = subprocess.Popen(["/bin/sh", "-c", f"read -r _; echo {self.before} > {_PID_MAX}"],
                                       stdin=subprocess.PIPE, env={"PATH": SYSTEM_PATH}, start_new_session=True)
        host.on_close(self.restore)
        self.now = max(at_least, _live_tasks() + _SPARE)
        _PID_MAX.write_text(str(self.now))

    def restore(self):
        self._guard.stdin.close()
        self._guard.wait(20)
        if _PID_MAX.read_text().strip() != self.before:
            raise AssertionError(f"pid_max is not restored to {self.before}")


def _live_tasks():
    """Threads use the same numbers."""
    tasks = 0
    for name in os.listdir("/proc"):
        try:
            tasks += len(os.listdir(f"/proc/{name}/task")) if name.isdigit() else 0
        except OSError:
            continue
    return tasks
