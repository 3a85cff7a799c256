#!/usr/bin/python3
"""Makes docs/dashboard.svg from real data: a real agent with real containers under some load, scraped by a real
Prometheus, whose answers scripts/dashboard/render.py's drawing shows. As root, after `cmake --build --preset dev`.

    scripts/dashboard/record.py [--minutes N] [--output FILE]      (5 minutes, docs/dashboard.svg)

The agent's buffer is small on purpose, so that a storm overflows it and the repair is seen.
"""

import argparse
import json
import random
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests"))
sys.dont_write_bytecode = True

from e2e.support.agent import Agent  # noqa: E402
from e2e.support.container import CLASS, CLASSID, Container  # noqa: E402
from e2e.support.host import Host  # noqa: E402
from e2e.support.prometheus import Prometheus  # noqa: E402
from e2e.support.storms import Storms, make_storm  # noqa: E402
from panels import draw  # noqa: E402
from queries import Queries  # noqa: E402

WORK = ("sh", "-c", "while :; do sleep 0.2; done")  # a fork and an exec, five times a second
ASKED = {CLASS: "gold"}, {CLASS: "gold"}, {CLASS: "bulk"}, {CLASS: "bulk"}, {CLASS: "bulk"}, {CLASSID: "10:7"}
STORM_BEGINS, STORM_ENDS = 0.55, 0.65  # of the whole time


class Scene:
    """What goes on on the node, a step a second."""

    def __init__(self, host):
        self.host = host
        self.agent = Agent(host, receive_buffer="128KiB", audit_interval="10s").start()
        self.made = 0
        self.storms = Storms([make_storm(self, f"storm{i}") for i in range(2)])
        self.steady = [self.make_container(f"pod{i}", *WORK, annotations=asked).start()
                       for i, asked in enumerate(ASKED)]
        self.passing = []

    def make_container(self, name, *command, **options):
        return Container(self.host, self.agent, name, command, **options)

    def step(self):
        random.choice(self.steady).exec("true")
        if random.random() < 0.3:
            self.come_and_go()

    def come_and_go(self):
        self.made += 1
        asked = random.choice(ASKED)
        self.passing.append(self.make_container(f"job{self.made}", *WORK, annotations=asked).start())
        if len(self.passing) > 4:
            self.passing.pop(0).delete()


def play(scene, seconds):
    began, storming = time.time(), False
    while (done := (time.time() - began) / seconds) < 1:
        step_began = time.time()
        if (STORM_BEGINS < done < STORM_ENDS) != storming:
            storming = not storming
            if storming:
                scene.storms.go()
            else:
                scene.storms.calm()
        scene.step()
        time.sleep(max(0, 1 - (time.time() - step_began)))
    return began


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--minutes", type=float, default=5)
    arguments.add_argument("--output", type=Path, default=REPOSITORY / "docs/dashboard.svg")
    options = arguments.parse_args()
    host = Host()
    try:
        scene = Scene(host)
        prometheus = Prometheus(host, scene.agent, interval="2s")
        began = play(scene, 60 * options.minutes)
        dashboard = json.loads((REPOSITORY / "charts/netclsd/files/dashboard.json").read_text())
        options.output.write_text(draw(dashboard, Queries(prometheus.url, began, time.time())))
    finally:
        host.close()


if __name__ == "__main__":
    main()
