"""CPU of the agent while nothing is forked: the canary, the timers and the audit."""

import time

from ..support import processes
from ..support.containers import register_sleepers
from ..support.load import Sleepers
from ..support.result import Result

IDLE_MAX_PERCENT = 0.1
CONTAINERS = 50


def measure(session):
    sleepers = Sleepers(session)
    agent = session.start_agent()
    try:
        register_sleepers(session, agent, sleepers, CONTAINERS)
        time.sleep(1)
        before, cpu_before, began_at = agent.metrics(), processes.cpu_ns(agent.pid), time.monotonic()
        time.sleep(session.effort.idle_s)
        cpu_ns, elapsed_s = processes.cpu_ns(agent.pid) - cpu_before, time.monotonic() - began_at
        after = agent.metrics()
    finally:
        agent.stop()
        sleepers.close()
    events, audits = (int(after.total(name) - before.total(name)) for name in ("events_total", "sweeps_total"))
    return [Result(f"idle cost with {CONTAINERS} containers", cpu_ns / 1e9 / elapsed_s * 100, "% of one CPU",
                   limit=IDLE_MAX_PERCENT,
                   note=f"in {elapsed_s:.0f} s, {audits} audits among it; {events} events came all the same, the canary's "
                        "included")]
