"""The hook's seccomp policy, on real hooks. The agent's is in test_sandbox, and every other test here runs under both."""

import itertools
import subprocess
from pathlib import Path

from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.programs import need_fault_points
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


class ForbiddenCall(EndToEndTest):
    """The hook makes a system call that its policy does not have: instead of connecting to the agent."""

    def setUp(self):
        need_fault_points("netclsd-hook")
        super().setUp()
        self.host.use_default_parent()  # the hook makes its group there
        self.make_agent()  # not started
        self.log = self.host.work / "hook.log"
        self.numbers = itertools.count()

    def run_with(self, *options):
        container = self.make_container(f"c{next(self.numbers)}", "cat", "/proc/self/cgroup", annotations={CLASSID: "10:1"},
                                        hook_options=("--log-file", str(self.log), *options), stages=("prestart",),
                                        hook_faults="agent_connect=forbidden_call")
        return container, container.run(check=False)

    def assert_logged(self, what_happens_now):
        line = self.log.read_text()
        self.assert_one_line(line)
        self.assertIn("(refused by the hook's seccomp filter, see --seccomp)", line)
        self.assertTrue(line.endswith(f"; {what_happens_now}\n"), line)

    def test_with_allow_the_container_starts_and_the_log_tells(self):
        container, done = self.run_with()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_shows_group(done.stdout, container)  # the hook placed init itself
        self.assert_logged("the container starts")

    def test_with_deny_the_hook_is_killed(self):
        _, done = self.run_with("--on-failure", "deny")
        self.assertIn("bad system call", done.stderr)
        self.assertFalse(self.log.exists())

    def test_either_can_be_asked_for(self):
        _, done = self.run_with("--seccomp", "kill")
        self.assertIn("bad system call", done.stderr)
        _, done = self.run_with("--on-failure", "deny", "--seccomp", "refuse")
        self.assertNotEqual(done.returncode, 0)
        self.assert_logged("the container is refused")


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
