"""From the exec of a process that entered a container from outside to the kernel's attaching it to the group."""

import subprocess

from e2e.support.programs import program

from ..support.load import Sleepers, fields
from ..support.result import Result, percentile
from ..support.tracing import first_attached_us, tracing

HOT_PAUSE_MS = 2
COLD_PAUSE_MS = 150  # after so long a pause a write waits for an RCU grace period again
HOT_P50_MAX_US, HOT_P99_MAX_US, COLD_OVER_WRITE_MAX_US = 100, 2000, 200
WHY_HOT = ("Two thirds are the reads of /proc that a safe move needs: who it is by now, and where (docs/architecture.md). The "
           "rest is the wake-up and the write. p99 is a write that happened to be cold.")
WHY_COLD = ("The write waits for an RCU grace period, and how long is chance: ours and the reference's are two draws from "
            "the same distribution, some 40 of each.")
EVENTS = ("sched/sched_process_exec", "cgroup/cgroup_attach_task")


class Probe:
    """An agent with one container, and bench/entrant_latency.cpp to enter it."""

    def __init__(self, session):
        self._session = session
        host = session.host
        self._sleepers = Sleepers(session)
        self.agent = session.start_agent()
        self.group = session.register(self.agent, "entered", self._sleepers.more(1)[0])
        self._reference = host.seen(host.net_cls_mount) / f"{host.tag}-reference"
        self._reference.mkdir(exist_ok=True)

    def run(self, count, pause_ms):
        """(µs until placed, µs of the kernel's own write): one of each for each entrant that its exec's event placed."""
        with tracing(self._session, EVENTS) as steps:
            entrants = self.enter(count, pause_ms)
        placed = [first_attached_us(steps, entrant["pid"], self.group) for entrant in entrants]
        if None in placed:
            raise AssertionError(f"of {count} entrants {placed.count(None)} are not in the kernel's trace")
        # A sweep that is due meanwhile (one is, 50 ms after a registration) may find an entrant before its exec. That
        # is placed, and early, but no time from an event.
        of_events = [each for each in placed if each >= 0]
        if not of_events:
            raise AssertionError(f"none of {count} entrants was placed by the event of its exec")
        return of_events, [entrant["write_ns"] / 1000 for entrant in entrants]

    def enter(self, count, pause_ms):
        done = subprocess.run(
            [program("bench_entrant_latency"), str(self._session.cgroup("entered") / "cgroup.procs"), self.group,
             str(count), str(pause_ms), str(self._reference / "cgroup.procs")],
            capture_output=True, text=True, timeout=60 + count * (pause_ms * 2 + 5500) / 1000)
        entrants = [fields(line) for line in done.stdout.splitlines()]
        if done.returncode != 0 or any(entrant["pid"] == 0 for entrant in entrants):
            raise AssertionError(f"an entrant of {count} was not placed: {done.stderr}")
        return entrants

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
                   samples=placed, note=note, detail={"histogram": histogram}, why_missed=WHY_HOT, profile="placement"),
            Result("event → placed, kernel hot, p99", percentile(placed, 99), "µs", limit=HOT_P99_MAX_US,
                   why_missed=WHY_HOT, profile="placement")]


def _cold(placed, writes):
    ours, kernels = percentile(placed, 50), percentile(writes, 50)
    return [Result("event → placed, kernel cold: p50 less the kernel's own write", ours - kernels, "µs",
                   limit=COLD_OVER_WRITE_MAX_US, why_missed=WHY_COLD, profile="placement",
                   detail={"placed_us": placed, "write_us": writes},
                   note=f"p50 {ours:.0f} µs, p99 {percentile(placed, 99):.0f} µs; the kernel's own write p50 "
                        f"{kernels:.0f} µs, p99 {percentile(writes, 99):.0f} µs; {len(placed)} of each, interleaved")]
