"""Decode and track, the pure decision about one event: time by Google Benchmark, instructions by callgrind."""

from ..support import micro
from ..support.result import Result, of_median

DECISION_MAX_NS = 60


def measure(session):
    times = micro.run("decode|decide|member_fork_and_forget|claim_by_path|plan_sweep")
    results = [of_median("decode and track, storm of forks and execs in and out of containers, 1,000 processes tracked",
                         times["decide/all/1000"], "ns", limit=DECISION_MAX_NS)]
    results += [of_median(f"  of it: {name}", samples, "ns") for name, samples in sorted(times.items())
                if name != "decide/all/1000"]
    instructions = micro.instructions_per_event()
    if instructions is None:
        session.say("no instruction counts: valgrind is not installed (scripts/install-deps.sh bench)")
    else:
        results.append(Result("  instructions of it, by callgrind", instructions, "instructions"))
    return results
