"""A fork whose inheritance is proven costs no move and no look into /proc."""

from ..support import processes
from ..support.listeners import Netclsd
from ..support.load import Load
from ..support.result import Result

# What else makes the agent read: the timer each second, with the spool and the canary; and execs of strangers anywhere
# on this machine, each of which is looked at (at most two files, each read to its end).
READS_A_SECOND = 16
READS_AN_EXEC = 6


def measure(session):
    load = Load(session, "fork")
    listener = Netclsd(session)
    listener.start(load.pid)
    try:
        before, reads_before = listener.agent.metrics(), processes.read_calls(listener.pid)
        made = load.go(session.effort.round_ms)
        reads = processes.read_calls(listener.pid) - reads_before
        after = listener.agent.metrics()
    finally:
        load.close()
        listener.stop()
    return _results(made, before, after, reads)


def _results(made, before, after, reads):
    forks, execs, moves, lost = (
        int(after.value(name, **labels) - before.value(name, **labels)) for name, labels in
        (("events_total", {"event": "fork"}), ("events_total", {"event": "exec"}), ("moves_total", {"cause": "fork"}),
         ("events_dropped_total", {})))
    explained = READS_A_SECOND * (made["elapsed_ns"] / 1e9 + 1) + READS_AN_EXEC * execs
    note = f"{made['made']} forks in a container"
    # Forks that were reported in between the two looks, or the storm was none.
    if forks < made["made"]:
        raise AssertionError(f"{made['made']} processes were made, and the agent heard of {forks}")
    return [
        Result("moves for forks of placed processes", moves, "moves", limit=0, note=note),
        Result("/proc reads for forks of placed processes", max(0, round(reads - explained)), "reads", limit=0,
               note=f"{note}; {reads} reads in all, with the timer's and those for {execs} execs of others"),
        Result("events lost meanwhile", lost, "events", limit=0, note=note),
    ]
