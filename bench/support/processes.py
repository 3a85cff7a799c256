"""What the kernel says that a process has used."""

from pathlib import Path


def cpu_ns(pid):
    """On a CPU so far, all threads, in nanoseconds: schedstat counts them, where utime and stime count ticks."""
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((thread / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            continue
    return total


def threads(pid):
    return [int(thread.name) for thread in Path(f"/proc/{pid}/task").iterdir()]


def read_calls(pid):
    """read() and pread() calls so far; recvmmsg is none."""
    return _number(f"/proc/{pid}/io", "syscr:")


def resident_bytes(pid):
    return _number(f"/proc/{pid}/status", "VmRSS:") * 1024


def proportional_bytes(pid):
    return _number(f"/proc/{pid}/smaps_rollup", "Pss:") * 1024


def start_time(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def _number(path, key):
    for line in Path(path).read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    raise AssertionError(f"{path} has no {key}")
