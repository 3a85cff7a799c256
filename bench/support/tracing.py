"""What the kernel saw: its own trace events (tracefs), in an instance of our own, with its own time stamps.

Two rare events cost nothing worth mentioning, and rows are measured with them. Tracing all system calls of some
processes slows them down: only profiles do that.
"""

import re
from contextlib import contextmanager
from dataclasses import dataclass

BUFFER_KIB = 16_384  # for each CPU; some 150,000 events
SYSTEM_CALLS = "syscalls"

_LINE = re.compile(r"^\s*(?P<comm>.+)-(?P<tid>\d+)\s+\[\d+\] \S+\s+(?P<at>\d+\.\d+): (?P<what>.*)$")


@dataclass(frozen=True)
class Step:
    """`what` is the kernel's text, as in `sys_write(fd: 5, …)`, `sys_write -> 0x4`, `sched_waking: comm=… pid=…`."""
    at_us: float
    comm: str
    tid: int
    what: str


def parse(text):
    """The kernel merges what its CPUs have written by time."""
    found = (_LINE.match(line) for line in text.splitlines() if not line.startswith("#"))
    return [Step(float(m["at"]) * 1e6, m["comm"], int(m["tid"]), m["what"]) for m in found if m]


@contextmanager
def tracing(session, events, pids=()):
    """Gives a list that is filled when it is over. With `pids` only of them and of whoever they fork."""
    host = session.host
    top = host.work / "tracing"
    top.mkdir()
    mounted = host.run(["mount", "-t", "tracefs", "tracefs", top])
    if mounted.returncode != 0:
        raise AssertionError(f"this kernel has no tracefs: {mounted.stderr}")
    instance = host.seen(top) / "instances" / host.tag
    instance.mkdir()
    steps = []
    try:
        _configure(instance, events, pids)
        (instance / "tracing_on").write_text("1")
        yield steps
        (instance / "tracing_on").write_text("0")
        steps += parse((instance / "trace").read_text(errors="replace"))
    finally:
        instance.rmdir()
        host.run(["umount", top])
        top.rmdir()


def _configure(instance, events, pids):
    (instance / "tracing_on").write_text("0")
    (instance / "trace_clock").write_text("mono")
    (instance / "buffer_size_kb").write_text(str(BUFFER_KIB))
    if pids:
        (instance / "options" / "event-fork").write_text("1")
        (instance / "set_event_pid").write_text(" ".join(map(str, pids)))
    for event in events:
        (instance / "events" / event / "enable").write_text("1")


def first_attached_us(steps, pid, group):
    """µs from the process's exec to its being attached to the group; negative: a sweep attached it while it was still
    on its way to the exec. None: not in the trace."""
    executed_at = _first_us(steps, lambda what: what.startswith("sched_process_exec:") and f" pid={pid} " in what)
    attached_at = _first_us(
        steps, lambda what: what.startswith("cgroup_attach_task:") and f"path={group} pid={pid} " in what)
    return None if executed_at is None or attached_at is None else attached_at - executed_at


def _first_us(steps, is_it):
    return next((step.at_us for step in steps if is_it(step.what)), None)
