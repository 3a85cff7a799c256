"""Comparing all of /proc with the registrations, and hearing all events meanwhile."""

import threading

from e2e.support.programs import program

from ..support import processes
from ..support.containers import register_sleepers
from ..support.load import Load, Sleepers
from ..support.result import Result, of_median

PER_PROCESS_MAX_US = 6
WHY_MISSED = ("It opens, reads and closes two files of each process; the next row is the kernel's work for these alone. Only stat "
              "reveals a member that has left its container's path (ADR 14).")
CONTAINERS = 50
SWEEPS = 20


def measure(session):
    sleepers = Sleepers(session)
    agent = session.start_agent()
    try:
        register_sleepers(session, agent, sleepers, CONTAINERS)
        sleepers.more(session.effort.sleepers)
        costs, cpu_us, seen, floor = _sweep(session, agent)
        session.say(f"{SWEEPS} sweeps over {seen} processes")
        return [of_median("sweep, for each process on the host", costs, "µs", limit=PER_PROCESS_MAX_US, why_missed=WHY_MISSED, profile="sweep",
                          note=f"{seen} processes, {CONTAINERS} containers; of it {cpu_us:.1f} µs on a CPU"),
                of_median("  of it: opening, reading and closing stat and cgroup, and nothing else", floor, "µs"),
                of_median("  sweep ÷ only reading these files", [a / b for a, b in zip(costs, floor)], "×"),
                *_starvation(session, agent)]
    finally:
        agent.stop()
        sleepers.close()


def _sweep(session, agent):
    """(µs for each process, by sweep; CPU µs for each process; processes; µs of the floor for each, by round)"""
    reports, floor = [], []
    cpu_before = processes.cpu_ns(agent.pid)
    for _ in range(SWEEPS):
        reports.append(agent.request("POST", "/v1/sweep").json)
        floor.append(_only_read(session))
    cpu_us = (processes.cpu_ns(agent.pid) - cpu_before) / 1000
    seen = [report["processes_seen"] for report in reports]
    return [r["duration_ms"] * 1000 / n for r, n in zip(reports, seen)], cpu_us / sum(seen), seen[-1], floor


def _only_read(session):
    """µs for each process."""
    words = session.host.run([program("bench_proc_reader"), 1]).stdout.split()
    numbers = {key: int(value) for key, value in (word.split("=") for word in words)}
    return numbers["ns"] / 1000 / numbers["processes"]


def _starvation(session, agent):
    """Sweeps without a pause while every CPU forks."""
    load = Load(session, "fork")
    is_over = threading.Event()
    sweeps = []

    def sweep_on():
        while not is_over.is_set():
            sweeps.append(agent.request("POST", "/v1/sweep").status)

    before = agent.metrics()
    sweeper = threading.Thread(target=sweep_on)
    sweeper.start()
    try:
        made = load.go(session.effort.round_ms * 2)["made"]
    finally:
        is_over.set()
        sweeper.join()
        load.close()
    after = agent.metrics()
    lost = after.value("events_dropped_total") - before.value("events_dropped_total")
    return [Result("events lost while sweeps and a full storm never stop", lost, "events", limit=0,
                   note=f"{sweeps.count(200)} sweeps, {made} forks")]
