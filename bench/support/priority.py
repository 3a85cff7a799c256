"""A benchmark that others' programs disturb less: more weight than theirs, for all that is measured alike."""

import os
import signal
from pathlib import Path

NICENESS = -10


def run_in_own_session(work):
    """Calls `work` in a child with a session of its own, and returns its exit code. Where the kernel groups processes by
    session (sched_autogroup), niceness counts within the session only, and the session has one of its own: without it,
    whoever else compiles on this machine decides who of the rivals is fast. It ends with the session."""
    child = os.fork()
    if child == 0:
        os.setsid()
        _take_weight()
        os._exit(work())
    # The terminal's Ctrl-C does not reach another session.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os.kill(child, signal.SIGTERM))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _take_weight():
    os.nice(NICENESS)
    autogroup = Path("/proc/self/autogroup")
    if autogroup.exists():
        autogroup.write_text(str(NICENESS))
