#!/usr/bin/python3
"""Measures netclsd beside its rivals. scripts/bench.sh builds all that is needed and calls this.

    python3 -m bench.run [--quick] [--only ROW] [--profile NAME] [--list]

NETCLSD_BIN_DIR names the directory of the programs. Each row of the table is measured by the module bench/rows/ROW.py,
what shows where the time goes is made by bench/profiles.
"""

import argparse
import importlib
import os
import signal
import sys
import time
import traceback

from .profiles import PROFILES
from .support import report, smoke
from .support.machine import describe
from .support.priority import run_in_own_session
from .support.result import Result
from .support.session import Session

# Two that make processes for each CPU: while one waits for its child, the other runs. With one, CPUs fall idle, and in a
# virtual machine an idle CPU takes so long to wake up that any listener that keeps it awake makes forking faster.
WORKERS = 2 * os.cpu_count()

ROWS = ("cpu_per_event", "forking_speed", "lost_events", "inherited_forks", "placement_latency", "decision_cost",
        "hook_cost", "pod_start", "memory", "sweep", "idle_cost", "growth", "metrics_scrape", "carry")


def measure_row(name, session):
    """Its results. A row that fails says so in the table and does not cost the others theirs."""
    try:
        return importlib.import_module(f"bench.rows.{name}").measure(session)
    except Exception as problem:  # whatever a row runs into is its own
        traceback.print_exc()
        return [Result(f"{name} could not be measured", 0, "", note=str(problem).splitlines()[0], has_failed=True)]


def measure(names, session):
    """row → its results"""
    results = {}
    for number, name in enumerate(names, 1):
        print(f"[{number}/{len(names)}] {name}", flush=True)
        began = time.monotonic()
        results[name] = measure_row(name, session)
        for result in results[name]:
            print(f"  {report.in_words(result)}", flush=True)
        print(f"  ({time.monotonic() - began:.0f} s)", flush=True)
    return results


def make_profiles(names, session):
    """name → its lines. One that fails says so in its place."""
    profiles = {}
    for name in names:
        print(f"[profile] {name}", flush=True)
        try:
            profiles[name] = PROFILES[name](session)
        except Exception as problem:  # whatever a profile runs into is its own
            traceback.print_exc()
            profiles[name] = [f"It could not be made: {problem}"]
    return profiles


def run_full(names):
    machine = describe()
    session = Session(workers=WORKERS)
    try:
        results = measure(names, session)
        profiles = make_profiles(PROFILES if names == ROWS else (), session)
    finally:
        session.close()
    if names == ROWS:
        report.write(machine, results, profiles, session.plots)
        print(f"Written: {report.DIRECTORY.relative_to(report.REPOSITORY)}/latest.md, latest.json, profiles.md and plots")
    everything = [result for found in results.values() for result in found]
    targets = [result for result in everything if result.limit is not None]
    print(f"{sum(result.is_met for result in targets)} of {len(targets)} targets met")
    return 1 if any(result.has_failed for result in everything) else 0


def run_profile(name):
    session = Session(workers=WORKERS)
    try:
        print("\n".join(make_profiles((name,), session)[name]))
    finally:
        session.close()
    return 0


def run_quick():
    session = Session(workers=WORKERS, effort=smoke.QUICK)
    try:
        passed, failed = smoke.run(session)
    finally:
        session.close()
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def parse_arguments():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--quick", action="store_true", help="only prove that it works, and the counts; no times")
    arguments.add_argument("--only", choices=ROWS, metavar="ROW", help="one row, whose results are printed, not written")
    arguments.add_argument("--profile", choices=tuple(PROFILES), metavar="NAME", help="only print one profile")
    arguments.add_argument("--list", action="store_true", help="only name the rows")
    return arguments.parse_args()


def main():
    options = parse_arguments()
    if options.list:
        print("\n".join(ROWS))
        return 0
    if os.geteuid() != 0:
        print("bench: only root can watch processes and make net_cls groups", file=sys.stderr)
        return 1
    return run_in_own_session(lambda: run(options))


def stop(*_):
    """What has been changed is undone, and a second signal does not interrupt that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(1)


def run(options):
    signal.signal(signal.SIGTERM, stop)
    try:
        if options.profile:
            return run_profile(options.profile)
        return run_quick() if options.quick else run_full((options.only,) if options.only else ROWS)
    except (Exception, SystemExit):
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
