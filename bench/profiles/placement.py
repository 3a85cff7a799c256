"""The stages of one placement, by the kernel's trace."""

from ..rows.placement_latency import COLD_PAUSE_MS, HOT_PAUSE_MS, Probe
from ..support.result import percentile
from ..support.table import table
from ..support.tracing import SYSTEM_CALLS, tracing

EVENTS = (SYSTEM_CALLS, "sched/sched_waking", "sched/sched_switch", "sched/sched_process_exec",
          "cgroup/cgroup_attach_task")


def make(session):
    probe = Probe(session)
    try:
        hot = _stages_of_many(session, probe, HOT_PAUSE_MS)
        cold = _stages_of_many(session, probe, COLD_PAUSE_MS)
    finally:
        probe.close()
    rows = [(name, *_numbers(hot, name), *_numbers(cold, name)) for name in hot[0]]
    return ["From the exec to the finished move. All system calls of the agent and of the entrants are traced, which",
            "costs each of them some microseconds.", "",
            *table(("stage", "hot p50, µs", "hot p90, µs", "cold p50, µs", "cold p90, µs"), rows)]


def _numbers(stages, name):
    values = [each[name] for each in stages]
    return [f"{percentile(values, p):,.0f}" for p in (50, 90)]


def _stages_of_many(session, probe, pause_ms):
    count = session.effort.profiled
    with tracing(session, EVENTS) as steps:
        entrants = probe.enter(count, pause_ms)
    found = [_stages(steps, entrant["pid"], probe.agent.pid) for entrant in entrants]
    found = [each for each in found if each]
    if len(found) < count / 2:
        raise AssertionError(f"of {count} entrants only {len(found)} are whole in the kernel's trace")
    return found


def _stages(steps, pid, agent):
    """stage → µs; None where the trace does not have all of them."""
    after = _after(steps, lambda step: step.what.startswith("sched_process_exec:") and f" pid={pid} " in step.what)
    times = [after[0].at_us] if after else []
    for is_next in (
            lambda step: "sched_waking:" in step.what and f"pid={agent} " in step.what,
            lambda step: step.tid == agent,
            lambda step: step.tid == agent and step.what.startswith("sys_openat("),
            lambda step: step.tid == agent and step.what.startswith("sys_write("),
            lambda step: "cgroup_attach_task:" in step.what and f" pid={pid} " in step.what):
        after = _after(after, is_next)
        if not after:
            return None
        times.append(after[0].at_us)
    names = ("the kernel wakes the agent up", "the agent gets a CPU", "it receives the event",
             "it reads cgroup, stat, cgroup, and whether more events came", "the kernel's write to cgroup.procs")
    return {**{name: b - a for name, a, b in zip(names, times, times[1:])}, "**all of it**": times[-1] - times[0]}


def _after(steps, is_it):
    return next((steps[i:] for i, step in enumerate(steps) if is_it(step)), [])
