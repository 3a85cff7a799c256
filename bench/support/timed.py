"""Whole processes, timed by bench/run_timed.cpp one after the other."""

from dataclasses import dataclass

from e2e.support.programs import program


@dataclass(frozen=True)
class Command:
    """Not timed where `name` is empty. `{round}` in an argument or in `stdin` becomes the round's number."""
    arguments: tuple
    name: str = ""
    stdin: str = "/dev/null"

    def words(self):
        return [":timed" if self.name else ":untimed", self.name or "(untimed)", self.stdin, *map(str, self.arguments)]


@dataclass(frozen=True)
class Run:
    wall_ms: float
    peak_mib: float


def run_timed(session, rounds, commands, timeout_s=300):
    """name → its runs. A command that fails is an error."""
    done = session.host.run([program("bench_run_timed"), rounds, *(word for c in commands for word in c.words())],
                            timeout_s=timeout_s)
    runs = {}
    for line in done.stdout.splitlines():
        name, *values = line.split()
        numbers = {key: int(value) for key, value in (value.split("=") for value in values)}
        if numbers["status"] != 0:
            raise AssertionError(f"{name} ended with {numbers['status']}: {done}")
        runs.setdefault(name, []).append(Run(numbers["wall_ns"] / 1e6, numbers["peak_kib"] / 1024))
    if done.returncode != 0:
        raise AssertionError(f"bench_run_timed ended with {done.returncode}: {done.stderr}")
    return runs
