"""Containers of one sleeping process each: as many as a row needs, without a runtime."""

import time


def register_sleepers(session, agent, sleepers, count, first=0):
    """One after the other, since a registration looks at all processes there are. How many ms the last one took."""
    took_ms = 0
    for i in range(first, first + count):
        pid = sleepers.more(1)[0]
        began_at = time.perf_counter_ns()
        session.register(agent, f"sleeper{i}", pid)
        took_ms = (time.perf_counter_ns() - began_at) / 1e6
    return took_ms
