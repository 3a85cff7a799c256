"""What a hook and the agent do while a container is registered, by the kernel's trace."""

import re
import subprocess
import time

from e2e.support.programs import program

from ..rows.hook_cost import make_states
from ..support.load import Sleepers
from ..support.processes import threads
from ..support.result import percentile
from ..support.table import table
from ..support.tracing import SYSTEM_CALLS, tracing

COOL_DOWN_S = 0.15
SHOWN = 12

_ENTER, _LEAVE = re.compile(r"sys_(\w+)\("), re.compile(r"sys_(\w+) -> ")


def make(session):
    agent, count = session.start_agent(), session.effort.profiled
    loop_thread = agent.pid
    sleepers = Sleepers(session)
    try:
        states = make_states(session, sleepers.more(count))
        with tracing(session, (SYSTEM_CALLS,), threads(loop_thread)) as steps:
            walls_ms = [_register(agent, states.format(round=i)) for i in range(count)]
    finally:
        agent.stop()
        sleepers.close()
    calls = _time_in_calls([step for step in steps if step.tid == loop_thread])
    calls.pop("epoll_wait", None)  # waiting for work
    most = sorted(calls.items(), key=lambda item: -item[1][1])[:SHOWN]
    rows = [(name, f"{made / count:.1f}", f"{total_us / count:,.0f}", f"{longest_us:,.0f}")
            for name, (made, total_us, longest_us) in most]
    return [f"{count} registrations by the hook, {percentile(walls_ms, 50):.1f} ms each (p50, traced), with",
            f"{COOL_DOWN_S * 1000:.0f} ms in between. The agent's loop thread is in these system calls; `write` is",
            "`net_cls.classid`, `cgroup.procs` and the registration's file:", "",
            *table(("system call", "for each registration", "µs in it, for each registration", "the longest, µs"), rows)]


def _register(agent, state):
    time.sleep(COOL_DOWN_S)
    began_at = time.perf_counter()
    with open(state, encoding="ascii") as stdin:
        subprocess.run([program("netclsd-hook"), "--socket", agent.socket, "--spool", agent.spool, "--timeout", "5s",
                        "prestart"], stdin=stdin, check=True, timeout=30)
    return (time.perf_counter() - began_at) * 1000


def _time_in_calls(steps):
    """system call → (how many, µs in all of them, µs in the longest), of one thread"""
    calls, entered_at = {}, None
    for step in steps:
        if _ENTER.match(step.what):
            entered_at = step.at_us
        left = _LEAVE.match(step.what)
        if left and entered_at is not None:
            count, total, longest = calls.get(left[1], (0, 0, 0))
            took = step.at_us - entered_at
            calls[left[1]] = (count + 1, total + took, max(longest, took))
            entered_at = None
    return calls
