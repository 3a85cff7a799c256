"""Events that the kernel dropped: counted to the last one, and repaired without help as soon as it is calm."""

import time

from .support import kernel
from .support.agent import Stopwatch
from .support.case import EndToEndTest
from .support.storms import Entrants, Storms, make_storm
from .support.truth import socket_drops, wait_until_true
from .support.turns import share_of
from .support.waiting import eventually, eventually_equal

CONTAINERS = share_of(20)
STORM_S = 5.0
STOPPED_S = 5.0
DEADLINE_S = 30  # of what takes a second at most, where the machine has nothing else to do


class Overrun(EndToEndTest):
    def storm(self, in_the_middle):
        """Containers fork and exec, others enter them; then it is calm. Returns the containers."""
        containers = [make_storm(self, f"storm{n}", f"10:{n + 1:x}") for n in range(CONTAINERS)]
        wait_until_true(self.host, containers, DEADLINE_S)
        storms = Storms(containers)
        entrants = Entrants(self.host, containers)
        storms.go()
        time.sleep(STORM_S / 2)
        in_the_middle()
        time.sleep(STORM_S / 2)
        entered = entrants.stop()
        forks = storms.calm()
        with Stopwatch() as watch:
            truth = wait_until_true(self.host, containers, DEADLINE_S)
        now = self.agent.metrics()
        print(f"\n    {forks} forks in containers, {entered} entered, {truth.members} members live at the end; "
              f"{now.value('events_dropped_total'):.0f} events dropped in {now.value('overruns_total'):.0f} overruns, "
              f"{now.value('sweeps_total', cause='overrun'):.0f} sweeps repaired "
              f"{now.value('strays_repaired_total'):.0f} strays; "
              f"no stray {watch.ms:.0f} ms after it was calm", end=" ", flush=True)
        return containers

    def check_counts(self):
        """Nothing the kernel dropped is missing in our count. The comparison needs one socket all along."""
        self.assertEqual(self.agent.metrics().value("resubscriptions_total"), 0)
        eventually_equal("drops of the socket that are not counted",
                         lambda: socket_drops(self.agent.pid) - self.agent.metrics().value("events_dropped_total"), 0)

    def check_repaired(self, containers):
        self.assertEqual(self.agent.request("POST", "/v1/sweep").json["strays"], 0)
        for n, container in enumerate(containers):
            self.assertEqual(kernel.classid(container.own_group()), 0x100000 + n + 1)
        wait_until_true(self.host, containers, DEADLINE_S)

    def test_small_buffer_overruns_and_is_repaired(self):
        self.start_agent(receive_buffer="8KiB", audit_interval="1h")
        containers = self.storm(lambda: None)
        self.check_counts()
        now = self.agent.metrics()
        self.assertGreater(now.value("events_dropped_total"), 0)
        self.assertGreater(now.value("overruns_total"), 0)
        self.assertGreater(now.value("sweeps_total", cause="overrun"), 0)
        self.check_repaired(containers)

    def test_agent_stopped_for_five_seconds_catches_up(self):
        self.start_agent(audit_interval="1h")
        before = self.agent.metrics()

        def stop_and_continue():
            with self.agent.stopped():
                time.sleep(STOPPED_S)
        containers = self.storm(stop_and_continue)
        eventually("it is ready", self.agent.is_ready)
        self.check_counts()
        events = self.agent.metrics().total("events_total") - before.total("events_total")
        self.assertGreater(events, 0)
        self.assertEqual(self.agent.metrics().value("canary_misses_total"), 0, "to be stopped is not to be deaf")
        print(f"({events:.0f} events received)", end=" ", flush=True)
        self.check_repaired(containers)
