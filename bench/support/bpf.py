"""The kernel's own statistics of BPF programs: how often one has run, and for how long."""

import contextlib
import ctypes
import os
import platform
import struct
from pathlib import Path

_BPF = {"x86_64": 321, "aarch64": 280}
_ENABLE_STATS, _RUN_TIME = 32, 0


@contextlib.contextmanager
def run_statistics():
    """The kernel counts runs until the end. However we end: it does so only while our descriptor is open (Linux 5.8)."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.syscall(_BPF[platform.machine()], _ENABLE_STATS, struct.pack("<I", _RUN_TIME), 4)
    if descriptor < 0:
        raise AssertionError(f"no statistics of BPF programs: {os.strerror(ctypes.get_errno())}")
    try:
        yield
    finally:
        os.close(descriptor)


def runs_and_ns(pid):
    """Of the one program that the process has a descriptor of, since it was loaded."""
    found = {}
    for path in Path(f"/proc/{pid}/fdinfo").iterdir():
        fields = dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)
        if "run_cnt" in fields:
            found[fields["prog_id"]] = int(fields["run_cnt"]), int(fields["run_time_ns"])
    if len(found) != 1:
        raise AssertionError(f"process {pid} has {len(found)} BPF programs")
    return next(iter(found.values()))
