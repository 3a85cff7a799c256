"""Does an event cost the same with more containers, and with more processes?"""

from statistics import median

from ..support import micro
from ..support.containers import register_sleepers
from ..support.load import Load, Sleepers
from ..support.listeners import Netclsd
from ..support.plot import lines
from ..support.result import Result
from ..support.storms import measure_load

WHY_MISSED = "A larger table falls out of the CPU's own caches: each look-up waits for memory (ADR 12)."
FLAT_MAX = 1.25  # what still counts as flat: the largest beside the smallest, with the noise of a shared machine


def measure(session):
    return [_containers(session), _processes(session), _decision(session)]


class GrowingAgent(Netclsd):
    """Stays while its containers and processes grow."""

    def __init__(self, session):
        super().__init__(session)
        self.load = Load(session, "fork")
        self.sleepers = Sleepers(session)
        self.start(self.load.pid)

    def cost_us(self):
        samples = [measure_load(self, self.load, self.session.effort.round_ms) for _ in range(3)]
        return median(sample.cpu_us_per_event for sample in samples)

    def close(self):
        self.load.close()
        self.stop()
        self.sleepers.close()


def _containers(session):
    agent, costs, registered = GrowingAgent(session), {}, 0
    try:
        for count in session.effort.growth_containers:
            register_sleepers(session, agent.agent, agent.sleepers, count - registered, first=registered)
            registered = count
            costs[count] = agent.cost_us()
            session.say(f"{count} containers: {costs[count]:.2f} µs for each event")
    finally:
        agent.close()
    session.plot("growth_containers", lines("CPU of the agent per event, full storm of forks", "µs", "containers",
                                            {"netclsd, whole process": costs}))
    return _flat("cost per event with containers", costs)


def _processes(session):
    agent, costs, made = GrowingAgent(session), {}, 0
    try:
        session.register(agent.agent, "crowd", agent.sleepers.pid)  # whatever it makes is tracked
        for count in session.effort.growth_processes:
            agent.sleepers.more(count - made)
            made = count
            costs[count] = agent.cost_us()
            session.say(f"{count} processes: {costs[count]:.2f} µs for each event")
    finally:
        agent.close()
    session.plot("growth_processes", lines("CPU of the agent per event, full storm of forks", "µs",
                                           "tracked processes", {"netclsd, whole process": costs}))
    return _flat("cost per event with tracked processes", costs)


def _decision(session):
    times = micro.run("decode|decide|member_fork_and_forget|claim_by_path|plan_sweep")
    costs = {count: median(times[f"decide/all/{count}"]) for count in (1000, 10_000, 100_000)}
    session.plot("growth_decision", lines("Decode and track per event", "ns", "tracked processes (simulated)",
                                          {"pure decision": costs}))
    return _flat("cost of the pure decision with tracked processes (simulated)", costs, unit="ns")


def _flat(what, costs, unit="µs"):
    smallest, largest = min(costs), max(costs)
    return Result(f"growth of the {what}, {smallest:,} → {largest:,}", costs[largest] / costs[smallest], "×",
                  limit=FLAT_MAX, detail=costs, why_missed=WHY_MISSED, profile="storm",
                  note=", ".join(f"{count:,}: {cost:.3g} {unit}" for count, cost in costs.items()))
