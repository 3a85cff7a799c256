"""Any user can make the kernel's process events fall silent for everybody (since 6.6). The agent notices, says so, makes
them come again, and places whoever came in meanwhile."""

import os
import re
import unittest

from .support import kernel
from .support.agent import Stopwatch
from .support.case import EndToEndTest
from .support.connector import Silencer
from .support.container import CLASSID
from .support.waiting import eventually

# An agent subscribes up to 1024 times a second: so deep a hole takes it some seconds, even if others help.
DEEP = 5_000


class Silenced(EndToEndTest):
    def setUp(self):
        super().setUp()
        release = os.uname().release
        if tuple(map(int, re.match(r"(\d+)\.(\d+)", release).groups())) < (6, 6):
            raise unittest.SkipTest(f"Linux {release}: only since 6.6 may anybody unsubscribe")
        self.start_agent(audit_interval="1h")
        self.buffer_bytes = self.count("receive_buffer_bytes")
        self.container = self.make_container("silent", annotations={CLASSID: "10:1"}).start()
        self.silencer = Silencer(self.host)
        self.assertTrue(self.silencer.hears())

    def count(self, name):
        return self.agent.metrics().value(name)

    def check_healed(self):
        """Events are heard again, with a buffer as large as before, and the entrant of the silence was found."""
        eventually("events are heard again", lambda: self.silencer.hears() and self.agent.is_ready())
        self.assertEqual(self.count("ready"), 1)
        self.assertEqual(self.count("receive_buffer_bytes"), self.buffer_bytes)
        self.assert_container_placed(self.container, 0x100001)
        eventually("an entrant is found by its events", self.entrant_is_found_by_its_events)
        self.assert_container_placed(self.container, 0x100001)
        self.assertEqual(self.agent.request("POST", "/v1/sweep").json["strays"], 0)

    def entrant_is_found_by_its_events(self):
        """Not the first, perhaps: the sweep after the silence may be faster."""
        before = self.agent.moves()["exec"]
        self.container.exec_detached("sleep", "1000")
        self.assert_container_placed(self.container, 0x100001)
        return self.agent.moves()["exec"] > before

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
