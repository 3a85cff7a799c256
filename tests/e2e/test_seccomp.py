"""The hook's seccomp policy, on real hooks. The agent's is in test_sandbox, and every other test here runs under both."""

import subprocess
from pathlib import Path

from .support.case import EndToEndTest
from .support.waiting import eventually_equal

FILTER = 2  # SECCOMP_MODE_FILTER in /proc/PID/status
WITH_WATCHDOG = 2  # threads


def confinement(pid):
    """For each thread of a process: its seccomp mode and no_new_privs."""
    found = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        lines = dict(line.split(":", 1) for line in (thread / "status").read_text().splitlines())
        found.append((int(lines["Seccomp"]), int(lines["NoNewPrivs"])))
    return found


class Hook(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.make_agent()  # not started: what a hook does before it knows of anybody

    def start_waiting_hook(self, *options):
        """It waits for the state, which nobody writes."""
        hook = self.host.popen(self.hook_command("--timeout", "30s", *options), stdin=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        self.addCleanup(hook.kill)
        return hook

    def end(self, hook):
        _, said = hook.communicate("no state at all")
        self.assert_one_line(said)
        self.assertEqual(hook.returncode, 0)  # by its own will, not by SIGSYS

    def test_it_is_confined_with_its_watchdog_before_it_reads_anything(self):
        hook = self.start_waiting_hook()
        eventually_equal("its threads", lambda: confinement(hook.pid), [(FILTER, 1)] * WITH_WATCHDOG)
        self.end(hook)

    def test_log_mode_is_a_filter_too(self):
        hook = self.start_waiting_hook("--seccomp", "log")
        eventually_equal("its threads", lambda: confinement(hook.pid), [(FILTER, 1)] * WITH_WATCHDOG)
        self.end(hook)

    def test_off_is_no_filter(self):
        hook = self.start_waiting_hook("--seccomp", "off")
        eventually_equal("its threads", lambda: confinement(hook.pid), [(0, 0)] * WITH_WATCHDOG)
        self.end(hook)
