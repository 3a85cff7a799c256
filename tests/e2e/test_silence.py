"""Any user can silence the kernel's process events for all listeners (since 6.6). The agent notices, reports it, ends
the silence, and places the processes that entered meanwhile."""

import os
import unittest

from .support import kernel
from .support.agent import Stopwatch
from .support.case import EndToEndTest
from .support.connector import Silencer
from .support.container import CLASSID
from .support.service_manager import ServiceManager
from .support.waiting import eventually

# An agent subscribes up to 1024 times a second: so deep a hole takes it some seconds, even if others help.
DEEP = 5_000
# When it starts it subscribes 40,960 times, before it goes on like that.
DEEPER = 45_000


class SilenceTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        if not kernel.kernel_is_at_least(6, 6):
            raise unittest.SkipTest(f"Linux {os.uname().release}: only since 6.6 may anybody unsubscribe")

    def count(self, name):
        return self.agent.metrics().value(name)

    def entrant_is_found_by_its_events(self):
        """Not the first, perhaps: the sweep after the silence may be faster."""
        before = self.agent.moves()["exec"]
        self.container.exec_detached("sleep", "1000")
        self.assert_container_placed(self.container, 0x100001)
        return self.agent.moves()["exec"] > before


class SilentBeforeTheStart(SilenceTest):
    def setUp(self):
        super().setUp()
        self.manager = ServiceManager(self.host.work / "notify")
        self.addCleanup(self.manager.close)
        self.make_agent(audit_interval="1h", launcher=("env", f"NOTIFY_SOCKET={self.host.work}/notify"))
        self.silencer = Silencer(self.host)

    def start_container(self):
        self.container = self.make_container("silent", annotations={CLASSID: "10:1"}).start()
        self.assert_container_placed(self.container, 0x100001)

    def test_one_start_suffices(self):
        self.silencer.silence(30)
        self.agent.start()
        self.assertTrue(self.silencer.hears())
        self.assertEqual(self.count("canary_misses_total"), 1)
        self.assertGreater(self.count("resubscriptions_total"), 0)
        log = self.agent.log()
        self.assertLess(log.index("events_silent"), log.index("events_heard_again"))
        self.start_container()
        eventually("an entrant is found by its events", self.entrant_is_found_by_its_events)

    def test_where_it_takes_longer_it_starts_deaf(self):
        self.silencer.silence(DEEPER)
        self.agent.start(wait_ready=False)
        eventually("/readyz says 503", self.says_that_it_is_deaf)
        self.assertEqual(self.count("ready"), 0)
        self.start_container()
        entrant = self.container.exec_detached("sleep", "1000")
        self.assert_container_placed(self.container, 0x100001)
        self.assertEqual(kernel.net_cls_path(entrant), self.container.own_path())
        eventually("systemd goes on", lambda: "READY=1" in self.manager.listen())
        eventually("events are heard again", lambda: self.silencer.hears() and self.agent.is_ready())
        eventually("an entrant is found by its events", self.entrant_is_found_by_its_events)
        self.assertEqual(self.manager.listen().count("READY=1"), 1)

    def says_that_it_is_deaf(self):
        try:
            answer = self.agent.request("GET", "/readyz")
        except OSError:
            return False
        return answer.status == 503 and "process events" in answer.body


class Silenced(SilenceTest):
    def setUp(self):
        super().setUp()
        self.start_agent(audit_interval="1h")
        self.buffer_bytes = self.count("receive_buffer_bytes")
        self.container = self.make_container("silent", annotations={CLASSID: "10:1"}).start()
        self.silencer = Silencer(self.host)
        self.assertTrue(self.silencer.hears())

    def check_healed(self):
        """Events arrive again, with a buffer as large as before, and the entrant of the silence was found."""
        eventually("events are heard again", lambda: self.silencer.hears() and self.agent.is_ready())
        self.assertEqual(self.count("ready"), 1)
        self.assertEqual(self.count("receive_buffer_bytes"), self.buffer_bytes)
        self.assert_container_placed(self.container, 0x100001)
        eventually("an entrant is found by its events", self.entrant_is_found_by_its_events)
        self.assert_container_placed(self.container, 0x100001)
        self.assertEqual(self.agent.request("POST", "/v1/sweep").json["strays"], 0)

    def noticed_silence(self):
        """None if another agent on this machine ended it before ours had noticed."""
        self.silencer.silence(0)
        with Stopwatch() as watch:
            eventually("the silence is noticed or over",
                       lambda: self.count("canary_misses_total") > 0 or self.silencer.hears())
        return watch if self.count("canary_misses_total") > 0 else None

    def test_deafness_is_noticed_and_healed(self):
        noticed = eventually("a missed canary", self.noticed_silence)
        with Stopwatch() as healed:
            eventually("events are heard again", self.silencer.hears)
        print(f"\n    noticed after {noticed.ms:.0f} ms, healed {healed.ms:.0f} ms later", end=" ", flush=True)
        self.assertGreater(self.count("resubscriptions_total"), 0)
        self.check_healed()

    def test_while_it_is_deaf_it_is_not_ready(self):
        with self.agent.stopped():  # so that the entrant is there before anything is noticed
            self.silencer.silence(DEEP)
            entrant = self.container.exec_detached("sleep", "1000")
            self.assertEqual(kernel.net_cls_path(entrant), kernel.own_net_cls_path())
        with Stopwatch() as noticed:
            eventually("/readyz says 503", lambda: self.agent.request("GET", "/readyz").status == 503)
            self.assertIn("process events", self.agent.request("GET", "/readyz").body)
        self.assertEqual(self.count("ready"), 0)
        with Stopwatch() as healed:
            eventually("it is ready again", self.agent.is_ready)
        self.check_healed()
        self.assertEqual(kernel.net_cls_path(entrant), self.container.own_path())
        print(f"\n    {DEEP} below zero: /readyz said 503 after {noticed.ms:.0f} ms, 200 again {healed.ms:.0f} ms later; "
              f"{self.count('canary_misses_total'):.0f} canaries missed, "
              f"{self.count('resubscriptions_total'):.0f} subscriptions", end=" ", flush=True)
