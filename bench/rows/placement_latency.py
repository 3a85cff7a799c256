"""From the exec event's kernel time stamp to the finished move, of a process that entered a container from outside."""

import subprocess
import time

from e2e.support.programs import program

from ..support.load import Sleepers, fields
from ..support.result import Result, percentile

HOT_PAUSE_MS = 2
COLD_PAUSE_MS = 150  # after so long a pause a write waits for an RCU grace period again
USABLE_MIN = 0.9
TRIES, PAUSE_S = 5, 4
HOT_P50_MAX_US, HOT_P99_MAX_US, COLD_OVER_WRITE_MAX_US = 100, 2000, 200


class Probe:
    """An agent with one container, and bench/entrant_latency.cpp to enter it."""

    def __init__(self, session):
        self._session = session
        host = session.host
        self._sleepers = Sleepers(session)
        self.agent = session.start_agent()
        self._group = session.register(self.agent, "entered", self._sleepers.more(1)[0])
        self._reference = host.seen(host.net_cls_mount) / f"{host.tag}-reference"
        self._reference.mkdir(exist_ok=True)

    def run(self, count, pause_ms):
        """(µs until placed, µs of the kernel's own write): one of each for each entrant."""
        for _ in range(TRIES):
            done = self._run(count, pause_ms)
            if done.returncode == 0:
                break
            self._session.say(f"{done.stderr.strip()}; again")  # anybody can silence the connector for a while
            time.sleep(PAUSE_S)
        answers = [fields(line) for line in done.stdout.splitlines()]
        # The kernel's time stamps may run backwards between CPUs by milliseconds, rarely: such a sample says nothing.
        answers = [answer for answer in answers if min(answer.values()) > 0]
        if done.returncode != 0 or len(answers) < count * USABLE_MIN:
            raise AssertionError(f"of {count} entrants only {len(answers)} were placed: {done.stderr}")
        return [a["placed_ns"] / 1000 for a in answers], [a["write_ns"] / 1000 for a in answers]

    def _run(self, count, pause_ms):
        return subprocess.run(
            [program("bench_entrant_latency"), str(self._session.cgroup("entered") / "cgroup.procs"), self._group,
             str(count), str(pause_ms), str(self._reference / "cgroup.procs")],
            capture_output=True, text=True, timeout=60 + count * (pause_ms * 2 + 5500) / 1000)

    def close(self):
        self.agent.stop()
        self._sleepers.close()


def measure(session):
    probe = Probe(session)
    try:
        before = probe.agent.metrics().histogram("move_latency_seconds")
        hot, hot_writes = probe.run(session.effort.hot_entrants, HOT_PAUSE_MS)
        after = probe.agent.metrics().histogram("move_latency_seconds")
        session.say(f"hot: p50 {percentile(hot, 50):.0f} µs, p99 {percentile(hot, 99):.0f} µs")
        cold, cold_writes = probe.run(session.effort.cold_entrants, COLD_PAUSE_MS)
    finally:
        probe.close()
    histogram = {f"≤ {bound * 1e6:g} µs": n - m for (bound, n), (_, m) in zip(after, before) if n > m}
    return _hot(hot, hot_writes, histogram) + _cold(cold, cold_writes)


def _hot(placed, writes, histogram):
    note = f"{len(placed)} entrants; the kernel's own write {percentile(writes, 50):.0f} µs; the agent's own histogram: " \
           + ", ".join(f"{name}: {n}" for name, n in histogram.items())
    return [Result("event → placed, kernel hot, p50", percentile(placed, 50), "µs", limit=HOT_P50_MAX_US,
                   samples=placed, note=note, detail={"histogram": histogram}),
            Result("event → placed, kernel hot, p99", percentile(placed, 99), "µs", limit=HOT_P99_MAX_US)]


def _cold(placed, writes):
    ours, kernels = percentile(placed, 50), percentile(writes, 50)
    return [Result("event → placed, kernel cold: p50 less the kernel's own write", ours - kernels, "µs",
                   limit=COLD_OVER_WRITE_MAX_US, detail={"placed_us": placed, "write_us": writes},
                   note=f"p50 {ours:.0f} µs, p99 {percentile(placed, 99):.0f} µs; the kernel's own write p50 "
                        f"{kernels:.0f} µs, p99 {percentile(writes, 99):.0f} µs; {len(placed)} of each, interleaved")]
