"""Where the agent's CPU time goes, sampled by perf: in a storm of forks, and while it sweeps."""

import re
import subprocess
import time

from ..rows.sweep import CONTAINERS, SWEEPS
from ..support.containers import register_sleepers
from ..support.listeners import Netclsd
from ..support.load import Load, Sleepers
from ..support.table import table

FREQUENCY_HZ = 4999
SHOWN = 14
START_MAX_S, SETTLE_S = 10, 0.3

_LINE = re.compile(r"^\s*(?P<share>\d+\.\d+)%\s+(?P<object>\S+)\s+\[(?P<mode>.)\]\s+(?P<symbol>.+?)\s*$")


def storm(session):
    agent = Netclsd(session)
    load = Load(session, "fork")
    try:
        agent.start(load.pid)
        samples = _sampled(session, agent.pid, lambda: load.go(session.effort.profiled_storm_ms))
    finally:
        load.close()
        agent.stop()
    return ["The whole agent in a full storm of forks in a container:", "", *samples]


def sweep(session):
    sleepers = Sleepers(session)
    agent = session.start_agent()
    try:
        register_sleepers(session, agent, sleepers, CONTAINERS)
        sleepers.more(session.effort.sleepers)
        samples = _sampled(session, agent.pid, lambda: [agent.request("POST", "/v1/sweep") for _ in range(SWEEPS)])
    finally:
        agent.stop()
        sleepers.close()
    return [f"The whole agent in {SWEEPS} sweeps over {session.effort.sleepers} sleeping processes:", "", *samples]


def _wait_for(data):
    """perf makes its file just before it begins to sample."""
    deadline = time.monotonic() + START_MAX_S
    while not data.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(SETTLE_S)


def _sampled(session, pid, work):
    """A table of the symbols with most samples while `work()` runs."""
    data = session.host.work / "perf.data"
    data.unlink(missing_ok=True)
    perf = subprocess.Popen(["perf", "record", "--quiet", "--event", "cpu-clock", "--freq", str(FREQUENCY_HZ), "--pid",
                             str(pid), "--output", str(data)], stderr=subprocess.PIPE, text=True)
    _wait_for(data)
    work()
    perf.terminate()
    complaint = perf.communicate(timeout=60)[1]
    report = subprocess.run(["perf", "report", "--stdio", "--sort", "dso,sym", "--input", str(data)],
                            capture_output=True, text=True, timeout=120, check=False).stdout
    found = [match for match in map(_LINE.match, report.splitlines()) if match]
    if not found:
        raise AssertionError(f"perf has no samples: {complaint}")
    in_kernel = sum(float(match["share"]) for match in found if match["mode"] == "k")
    rows = [(f"{match['share']} %", "kernel" if match["mode"] == "k" else match["object"], f"`{match['symbol']}`")
            for match in found[:SHOWN]]
    return [f"{in_kernel:.0f} % of the samples are in the kernel.", "", *table(("CPU time", "where", "function"), rows)]
