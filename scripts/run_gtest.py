#!/usr/bin/python3
"""Runs all tests of a GoogleTest program in a few processes: run_gtest.py PROGRAM [OPTION…]

--shards N      how many processes at a time (default: one for each core); each gets every Nth test
--logs DIR      where the program's output goes: PROGRAM.1.log … (default: beside the program)
--seconds N     how long a process may take (default: 1500)
--by COMMAND    what runs the program, in one word: an emulator
--without FILE  tests that are not run and not counted, one a line: a pattern for their names, and the reason
--part          the program has only a part of the tests, so a pattern may match none

ctest starts a process for each test, which takes most of their time in a sanitized build. Here a test that ends its
process, or hangs, has failed, and a new process runs what is left. So has a test that was listed and never ran, and a
process that ends with an error when all its tests have passed, as with a leak. Shown is what did not pass. The last line is
`N passed, N failed, N skipped`.
"""

import argparse
import fnmatch
import os
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# A verdict may follow on what a test wrote without an end of line.
MARK = re.compile(r"(\[ RUN      \]|\[       OK \]|\[  FAILED  \]|\[  SKIPPED \]) ([\w/]+\.[\w/]+)(?:, where .*)?(?: \(\d+ ms\))?$")
VERDICTS = {"[       OK ]": "passed", "[  FAILED  ]": "failed", "[  SKIPPED ]": "skipped"}
SHOWN_LINES_MAX = 100


def tests_of(program, by):
    """The full names, in the program's order."""
    listing = subprocess.run([*by, program, "--gtest_list_tests"], capture_output=True, text=True, check=True,
                             cwd=program.parent)
    names, suite = [], ""
    for line in listing.stdout.splitlines():
        word = line.split("#")[0].strip()
        if line.startswith("  "):
            names.append(suite + word)
        elif word.endswith("."):
            suite = word
    return names


def read_exceptions(path):
    """[(pattern, reason)]"""
    lines = [line.split(maxsplit=1) for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return [(pattern, reason) for pattern, reason in lines]


def left_out(names, exceptions, is_part):
    """The names that match. Says how many, and why. A pattern that no test matches is an error, if all are there."""
    found = set()
    for pattern, reason in exceptions:
        matching = fnmatch.filter(names, pattern)
        if matching:
            print(f"{pattern}: {len(matching)} not run: {reason}")
        elif not is_part:
            raise SystemExit(f"run_gtest.py: no test is called {pattern}")
        found.update(matching)
    return found


def start(program, by, names, log, seconds):
    """Runs these tests. Returns (how it ended, or None if well; the output)."""
    with tempfile.NamedTemporaryFile("w", suffix=".flags") as flags, log.open("ab") as output:
        flags.write("--gtest_filter=" + ":".join(names) + "\n")
        flags.flush()
        begin = output.tell()
        command = [*by, program, f"--gtest_flagfile={flags.name}", "--gtest_color=no"]
        try:
            status = subprocess.run(command, stdout=output, stderr=output, cwd=program.parent, timeout=seconds).returncode
            end = f"ended by signal {-status}" if status < 0 else f"ended with {status}" if status else None
        except subprocess.TimeoutExpired:
            end = f"did not end in {seconds} s"
    return end, log.read_bytes()[begin:].decode(errors="replace")


def read(output):
    """Returns ({test: verdict}, {test: its output}, the test that was running at the end or None)."""
    verdicts, texts, running = {}, {}, None
    for line in output.splitlines():
        mark = MARK.search(line)
        if mark and mark[1] == "[ RUN      ]":
            running = mark[2]
            texts[running] = []
        elif mark and mark[2] == running:
            verdicts[running] = VERDICTS[mark[1]]
            running = None
        elif running:
            texts[running].append(line)
    return verdicts, texts, running


def run_shard(program, by, names, log, seconds):
    """Returns ({test: verdict}, [what to show])."""
    log.unlink(missing_ok=True)
    verdicts, shown, left = {}, [], names
    while left:
        end, output = start(program, by, left, log, seconds)
        found, texts, running = read(output)
        if running:
            found[running] = "failed"
            texts[running].append(f"{running}: its process {end or 'ended in the middle of it'}")
        verdicts.update(found)
        for name, verdict in found.items():
            if verdict != "passed":
                shown += [f"{name}: {verdict}", *(f"    {line}" for line in texts[name][-SHOWN_LINES_MAX:])]
        if end and "failed" not in found.values():
            verdicts[f"the end of a process of {log.name}"] = "failed"
            shown += [f"{log}: the process {end} after its last test", *output.splitlines()[-SHOWN_LINES_MAX:]]
        if not running:
            break
        left = [name for name in left if name not in verdicts]
    for name in names:
        if name not in verdicts:
            verdicts[name] = "failed"
            shown.append(f"{name}: failed, it never ran")
    return verdicts, shown


def main():
    parser = argparse.ArgumentParser(usage=__doc__.splitlines()[0].split(": ", 1)[1])
    parser.add_argument("program", type=lambda path: Path(path).resolve())
    parser.add_argument("--shards", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--logs", type=lambda path: Path(path).resolve())
    parser.add_argument("--seconds", type=int, default=1500)
    parser.add_argument("--by", type=shlex.split, default=[])
    parser.add_argument("--without", type=lambda path: read_exceptions(Path(path)), default=[])
    parser.add_argument("--part", action="store_true")
    options = parser.parse_args()
    logs = options.logs or options.program.parent
    names = tests_of(options.program, options.by)
    exceptions = left_out(names, options.without, options.part)
    names = [name for name in names if name not in exceptions]
    shards = [names[index::options.shards] for index in range(options.shards)]
    with ThreadPoolExecutor(options.shards) as pool:
        results = list(pool.map(
            lambda shard: run_shard(options.program, options.by, shard[1], logs / f"{options.program.name}.{shard[0]}.log",
                                    options.seconds),
            enumerate(shards, 1)))
    for _, shown in results:
        print("\n".join(shown), end="\n" if shown else "")
    all_verdicts = [verdict for verdicts, _ in results for verdict in verdicts.values()]
    if not names:
        print(f"{options.program} has no tests")
        all_verdicts.append("failed")
    counts = [all_verdicts.count(verdict) for verdict in ("passed", "failed", "skipped")]
    print("{} passed, {} failed, {} skipped".format(*counts))
    return 1 if counts[1] else 0


if __name__ == "__main__":
    sys.exit(main())
