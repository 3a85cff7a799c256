"""What the agent reports to systemd (Type=notify, WatchdogSec)."""

import signal

from .support.case import EndToEndTest
from .support.service_manager import ServiceManager
from .support.waiting import eventually

BEATS = 3


class Notify(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.listen_at(self.host.work / "notify")

    def listen_at(self, address):
        self.manager = ServiceManager(address)
        self.addCleanup(self.manager.close)
        self.make_agent(launcher=("env", "NOTIFY_SOCKET=" + str(address).replace("\0", "@")))

    def test_an_abstract_address_is_reached_too(self):
        self.listen_at("\0" + self.host.tag)
        self.agent.start()
        eventually("its heart beats", lambda: self.manager.listen().count("WATCHDOG=1") >= BEATS)
        self.assertIn("READY=1", self.manager.told)

    def test_ready_alive_and_stopping_in_this_order(self):
        self.agent.start()
        eventually("it says that it is ready", lambda: "READY=1" in self.manager.listen())
        eventually("its heart beats", lambda: self.manager.listen().count("WATCHDOG=1") >= BEATS)
        self.agent.stop()
        told = self.manager.listen()
        self.assertEqual(told.count("READY=1"), 1)
        self.assertEqual(told[-1], "STOPPING=1")
        self.assertEqual(set(told), {"READY=1", "WATCHDOG=1", "STOPPING=1"})

    def test_a_loop_that_stands_still_is_not_alive(self):
        self.agent.start()
        eventually("it says that it is ready", lambda: "READY=1" in self.manager.listen())
        with self.agent.stopped():
            before = len(self.manager.listen())
            with self.assertRaises(AssertionError):
                eventually("a beat", lambda: len(self.manager.listen()) > before, deadline_s=2.5)

    def test_not_ready_while_the_first_sweep_fails(self):
        self.agent.start(wait_ready=False, faults="proc_slice=ENOMEM@1+")
        eventually("its heart beats", lambda: self.manager.listen().count("WATCHDOG=1") >= BEATS)
        self.assertNotIn("READY=1", self.manager.listen())
        self.agent.stop(signal.SIGTERM)
