"""The quick run: does the benchmark work, and do the counts hold that hold on any machine, however slow? No times."""

import subprocess
import traceback

from e2e.support.programs import program

from ..profiles import PROFILES
from ..rows import hook_cost, inherited_forks, memory, placement_latency, pod_start, sweep
from . import storms
from .listeners import CountingReader, Netclsd, Nobody
from .session import Effort

QUICK = Effort(rounds=1, round_ms=500, full_storm_s=1, idle_s=1, hot_entrants=5, cold_entrants=1, hooks=2,
               container_starts=1, pod_starts=1, sleepers=100, profiled=4, profiled_storm_ms=500,
               growth_containers=(1, 2), growth_processes=(1, 2))


def _all_counts_are_met(results):
    for result in results:
        if result.unit in ("moves", "reads", "events") and not result.is_met:
            raise AssertionError(f"{result.what}: {result.value:g} {result.unit} ({result.note})")


def _storm_loses_nothing(session):
    sample = storms.take_sample(session, Netclsd(session), "mixed", 1000)
    if sample.dropped != 0 or sample.events < sample.made:
        raise AssertionError(f"events were lost: {sample}")


def _others_work(session):
    if storms.take_sample(session, CountingReader(session), "exec", 200).events == 0:
        raise AssertionError("the counting reader heard nothing")
    storms.take_sample(session, Nobody(session), "thread", 200)
    subprocess.run([program("bench_micro"), "--benchmark_min_time=0.001"], check=True, capture_output=True, timeout=60)
    subprocess.run([program("bench_decide_events"), "10"], check=True, capture_output=True, timeout=60)
    memory.table_memory(1000)


def checks(session):
    """what it proves → how"""
    return {
        "forks of placed processes cost no move and no look into /proc, and none is lost":
            lambda: _all_counts_are_met(inherited_forks.measure(session)),
        "a full storm of forks and execs loses no event": lambda: _storm_loses_nothing(session),
        "sweeping in a full storm loses no event": lambda: _all_counts_are_met(sweep.measure(session)),
        "entrants are placed": lambda: placement_latency.measure(session),
        "the hook and containers with it can be timed": lambda: hook_cost.measure(session),
        "a pod's start with the NRI plugin can be timed": lambda: _all_counts_are_met(pod_start.measure(session)),
        "profiles can be made": lambda: [make(session) for make in PROFILES.values()],
        "the rivals' programs and the microbenchmarks run": lambda: _others_work(session),
    }


def run(session):
    """(how many passed, how many failed)"""
    counts = [0, 0]
    for what, check in checks(session).items():
        try:
            check()
            print(f"{what} ... passed", flush=True)
            counts[0] += 1
        except Exception:  # the next check must run
            print(f"{what} ... FAILED\n{traceback.format_exc()}", flush=True)
            counts[1] += 1
    return tuple(counts)
