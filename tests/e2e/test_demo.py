"""scripts/demo.sh shows what it says it shows, and leaves nothing behind, also when it is interrupted."""

import os
import re
import signal
import subprocess
import threading
import unittest
from pathlib import Path

from .support import kernel
from .support.host import end_unmounted_hierarchy
from .support.programs import REPOSITORY, SYSTEM_PATH, program
from .support.waiting import eventually_equal


def left_behind():
    """Directories, groups and processes of a demo. Its mounts live in a namespace that only its processes hold."""
    places = [Path("/tmp"), Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*/")]
    found = {str(path) for place in places for path in place.glob("netclsd-demo[-.]*")}
    for pid in kernel.all_pids():
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if b"NETCLSD_DEMO_WORK=" in environment and kernel.is_alive(pid):
            found.add(f"pid {pid}")
    return found


class Demo(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        end_unmounted_hierarchy()
        self.before = left_behind()

    def start(self):
        return subprocess.Popen(
            [str(REPOSITORY / "scripts" / "demo.sh")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
            env={"PATH": SYSTEM_PATH, "NETCLSD_BIN_DIR": str(Path(program("netclsd")).parent), "HOME": "/root"})

    def assert_nothing_left(self):
        self.assertEqual(kernel.own_net_cls_path(), kernel.NOT_MOUNTED, "a hierarchy lives on")
        eventually_equal("what the demo left", left_behind, self.before)

    def test_shows_the_class_from_init_to_packets(self):
        demo = self.start()
        output, _ = demo.communicate(timeout=120)
        self.assertEqual(demo.returncode, 0, output)
        self.assertRegex(output, r"net_cls(,net_prio)?:/netclsd-demo-")
        self.assertRegex(output, r"net_cls\.classid: 1048577")
        self.assertRegex(output, r"meta cgroup 1048577 counter packets 3 ")
        self.assertRegex(output, r"netclsd_containers 1")
        self.assertNotIn("\x1b", output, "no colors where nobody sees them")
        self.assert_nothing_left()

    def interrupt_after(self, text, how):
        demo = self.start()
        timer = threading.Timer(120, demo.kill)
        timer.start()
        try:
            for line in demo.stdout:
                if re.search(text, line):
                    os.killpg(demo.pid, how)  # as a terminal does it
                    break
            rest = demo.stdout.read()
            code = demo.wait(60)
        finally:
            timer.cancel()
            demo.stdout.close()
        self.assertEqual(code, 128 + how, rest)
        self.assert_nothing_left()

    def test_interrupted_at_the_start_leaves_nothing(self):
        self.interrupt_after("1. The agent", signal.SIGINT)

    def test_interrupted_in_the_middle_leaves_nothing(self):
        self.interrupt_after("4. Packets", signal.SIGINT)

    def test_terminated_leaves_nothing(self):
        self.interrupt_after("3. runc exec", signal.SIGTERM)
