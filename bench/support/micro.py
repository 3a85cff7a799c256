"""Google Benchmark and callgrind, for the parts that touch nothing outside."""

import functools
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from e2e.support.programs import SYSTEM_PATH, program


@functools.cache
def run(pattern, repetitions=9, min_time_s=0.1):
    """benchmark's name → its repetitions' ns for each item (or iteration, where it counts no items)."""
    done = subprocess.run(
        [program("bench_micro"), f"--benchmark_filter={pattern}", f"--benchmark_repetitions={repetitions}",
         f"--benchmark_min_time={min_time_s}", "--benchmark_format=json",
         "--benchmark_enable_random_interleaving=true"],
        capture_output=True, text=True, check=True, timeout=600)
    found = {}
    for each in json.loads(done.stdout)["benchmarks"]:
        if each["run_type"] == "iteration":
            per_second = each.get("items_per_second")
            found.setdefault(each["run_name"], []).append(1e9 / per_second if per_second else each["cpu_time"])
    return found


def instructions_per_event():
    """Of decode and track, counted by callgrind: the difference of two runs leaves out the beginning. None: there is
    no valgrind."""
    valgrind = shutil.which("valgrind", path=SYSTEM_PATH)
    if valgrind is None:
        return None
    few, many = 10_000, 110_000
    return (_instructions(valgrind, many) - _instructions(valgrind, few)) / (many - few)


def _instructions(valgrind, events):
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            [valgrind, "--tool=callgrind", f"--callgrind-out-file={directory}/out", program("bench_decide_events"),
             str(events)], capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise AssertionError(f"callgrind failed: {done.stderr}")
        return int(re.search(r"^summary: (\d+)", (Path(directory) / "out").read_text(), re.MULTILINE).group(1))
