"""A scrape of /metrics with many containers, and whether it delays the loop."""

import subprocess
import sys
import time

from .. import REPOSITORY
from ..support.containers import register_sleepers
from ..support.load import Sleepers
from ..support.result import Result, of_median, percentile
from .placement_latency import HOT_PAUSE_MS, Probe

SCRAPE_MAX_MS = 5
DELAY_MAX = 1.5  # of the hot latency while somebody scrapes without a pause, beside the same without; noise included
CONTAINERS = 1000
SCRAPES = 100

# In a process of its own: it shall not share an interpreter with who measures.
_SCRAPE_ON = """
import sys
from e2e.support.unix_http import request
while True: request(sys.argv[1], "GET", "/metrics")
"""


def measure(session):
    sleepers, probe = Sleepers(session), Probe(session)
    try:
        last_ms = register_sleepers(session, probe.agent, sleepers, CONTAINERS)
        times_ms = [_scrape_ms(probe.agent) for _ in range(SCRAPES)]
        alone, _ = probe.run(session.effort.hot_entrants, HOT_PAUSE_MS)
        during = _while_scraping(probe, session.effort.hot_entrants)
    finally:
        probe.close()
        sleepers.close()
    p50s = percentile(alone, 50), percentile(during, 50)
    return [of_median(f"metrics scrape with {CONTAINERS:,} containers", times_ms, "ms", limit=SCRAPE_MAX_MS,
                      note="over the Unix socket, the client's own time included"),
            Result(f"  registering the last of {CONTAINERS:,} containers", last_ms, "ms"),
            Result("hot placement (p50) while metrics are scraped without a pause ÷ without", p50s[1] / p50s[0], "×",
                   limit=DELAY_MAX, note=f"{p50s[0]:.0f} µs → {p50s[1]:.0f} µs")]


def _scrape_ms(agent):
    began_at = time.perf_counter_ns()
    answer = agent.request("GET", "/metrics")
    if answer.status != 200:
        raise AssertionError(f"no metrics: {answer}")
    return (time.perf_counter_ns() - began_at) / 1e6


def _while_scraping(probe, count):
    scraper = subprocess.Popen([sys.executable, "-c", _SCRAPE_ON, str(probe.agent.socket)],
                               env={"PYTHONPATH": str(REPOSITORY / "tests")}, stdout=subprocess.DEVNULL)
    try:
        return probe.run(count, HOT_PAUSE_MS)[0]
    finally:
        scraper.kill()
        scraper.wait()
