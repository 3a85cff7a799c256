"""What the agent has in memory: with nothing to do, and for each process that it tracks."""

import subprocess
import time

from e2e.support.programs import program

from ..support import processes
from ..support.load import fields
from ..support.result import Result

IDLE_MAX_MIB, ENTRY_MAX_BYTES, FULL_MAX_MIB = 12, 64, 24
PROCESSES = 100_000
MIB = 1 << 20


def measure(session):
    agent = session.start_agent()
    try:
        time.sleep(2)  # its first canary and its first look at who lives are behind it
        agent.metrics()
        resident, proportional = processes.resident_bytes(agent.pid), processes.proportional_bytes(agent.pid)
    finally:
        agent.stop()
    table = table_memory(PROCESSES)
    return [
        Result("memory of the agent with nothing to do (resident)", resident / MIB, "MiB", limit=IDLE_MAX_MIB,
               note=f"{proportional / MIB:.1f} MiB without what it shares with others (PSS)"),
        Result(f"memory of the table for each of {PROCESSES:,} tracked processes", table["heap_bytes"] / PROCESSES,
               "bytes", limit=ENTRY_MAX_BYTES),
        Result(f"memory of the agent with {PROCESSES:,} tracked processes",
               (resident + table["resident_bytes"]) / MIB, "MiB", limit=FULL_MAX_MIB,
               note="simulated: the idle agent and a tracker filled by as many fork events"),
    ]


def table_memory(count):
    done = subprocess.run([program("bench_table_memory"), str(count)], capture_output=True, text=True, check=True)
    return fields(done.stdout)
