"""Pids are reused several times a second, and still no process of the host ever gets a class."""

import os
import subprocess
import time

from .support.case import EndToEndTest
from .support.pid_max import FewPids
from .support.programs import program
from .support.storms import Entrants, Storms, make_storm
from .support.truth import strangers, wait_until_true
from .support.turns import share_of

CONTAINERS = 6
SAMPLES = share_of(1_000)
PAUSE_S = 0.01  # a thousand samples see some ten seconds of it


class PidsUsedAnew(EndToEndTest):
    def start_burner(self):
        """Unrelated processes of the host, most of whose pids belonged to a container's process a moment ago."""
        burner = subprocess.Popen([program("pid_burner")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(burner.stdout.close)
        self.addCleanup(burner.wait)
        self.addCleanup(burner.stdin.close)
        return burner

    def go_first(self):
        """Gives the sampling process some CPU time, which the other processes of this test would take."""
        os.setpriority(os.PRIO_PROCESS, 0, -10)
        self.addCleanup(os.setpriority, os.PRIO_PROCESS, 0, 0)

    def test_no_process_of_the_host_is_ever_in_a_class(self):
        self.start_agent(audit_interval="1s")
        containers = [make_storm(self, f"reuse{n}", f"10:{n + 1:x}") for n in range(CONTAINERS)]
        pids = FewPids(self.host)
        storms = Storms(containers)
        entrants = Entrants(self.host, containers, pause_us=5_000)
        burner = self.start_burner()
        storms.go(pause_us=10_000)  # most numbers are the burner's: it is strangers that must not be hit
        self.go_first()
        began = time.monotonic()
        wrong = {}
        for sample in range(SAMPLES):
            time.sleep(PAUSE_S)
            wrong.update({(sample, pid): what for pid, what in strangers(self.host, containers).items()})
        took_s = time.monotonic() - began
        entered = entrants.stop()
        forks = storms.calm()
        burned = dict(part.split("=") for part in burner.communicate(timeout=20)[0].split())
        now = self.agent.metrics()
        print(f"\n    {SAMPLES} samples in {took_s:.0f} s with pid_max {pids.now}: the numbers began anew "
              f"{int(burned['wraps']) / took_s:.1f} times a second; {forks} forks in containers, {entered} entrants, "
              f"{burned['forks']} processes of the host; "
              f"{now.value('events_dropped_total'):.0f} events dropped, {now.total('moves_total'):.0f} moves, "
              f"{len(wrong)} strangers seen in a class", end=" ", flush=True)
        self.assertGreaterEqual(int(burned["wraps"]), 5, "too slow a machine: the test shows nothing")
        self.assertEqual(wrong, {})
        wait_until_true(self.host, containers, 10)
        self.assertEqual(self.agent.request("POST", "/v1/sweep").json["strays"], 0)
