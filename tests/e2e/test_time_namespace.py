"""Start times depend on the reader's time namespace; events have the initial one's. Programs that live in another one."""

import unittest
from pathlib import Path

from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.programs import program

IN_ANOTHER_TIME = ("unshare", "--time", "--boottime", "1000000", "--monotonic", "1000000", "--fork", "--kill-child")


@unittest.skipUnless(Path("/proc/self/ns/time").exists(), "this kernel has no time namespaces")
class TimeNamespace(EndToEndTest):
    def test_an_agent_in_one_ends_with_one_line_that_says_so(self):
        self.make_agent(launcher=IN_ANOTHER_TIME)
        self.agent.start(wait_ready=False)
        self.assertEqual(self.agent.wait_end(), 1)
        self.assert_one_line(self.agent.log())
        self.assertIn("the agent runs in a time namespace of its own (time:[", self.agent.log())

    def test_a_hook_in_one_is_believed(self):
        self.start_agent()
        container = self.make_container("elsewhen", "sh", "-c", "sleep 1000 & wait", annotations={CLASSID: "10:1"},
                                        hook_options=("--on-failure", "deny"))
        container.run_by(IN_ANOTHER_TIME)
        container.start()
        container.exec_detached("sleep", "1000")
        self.assert_container_placed(container, 0x100001)

    def test_one_that_the_hook_left_in_the_spool_is_taken_up(self):
        self.start_agent()
        self.agent.stop()
        container = self.make_container("spooled", annotations={CLASSID: "10:1"})
        container.run_by(IN_ANOTHER_TIME)
        container.start()
        self.agent.start()
        self.assertEqual(set(self.agent.containers()), {container.id})
        self.assertEqual(self.agent.spool_files(), set())

    def test_register_by_hand_works_and_doctor_says_where_it_runs(self):
        self.start_agent()
        container = self.make_container("by-hand", stages=()).start()
        done = self.host.run([program("netclsctl"), "--socket", self.agent.socket, "register", container.id, "--pid",
                              container.pid, "--class", "gold"], launcher=IN_ANOTHER_TIME)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_container_placed(container, 0x100001)
        done = self.host.run([program("netclsctl"), "--socket", self.agent.socket, "doctor"], launcher=IN_ANOTHER_TIME)
        self.assertIn("a time namespace of its own (time:[", done.stdout)
