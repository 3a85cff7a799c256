"""Waits with a deadline. No test sleeps for a guessed time."""

import time

DEADLINE_S = 20.0


class DeadlinePassed(AssertionError):
    pass


def eventually(what, probe, deadline_s=DEADLINE_S, pause_s=0.005):
    """Returns the first true value of `probe`. On failure, `what` says what was awaited."""
    end = time.monotonic() + deadline_s
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise DeadlinePassed(f"after {deadline_s:g} s still not: {what}; last seen: {value!r}")
        time.sleep(pause_s)


def eventually_equal(what, probe, expected, deadline_s=DEADLINE_S):
    """Waits until `probe` returns `expected`, and shows the difference if it never does."""
    end = time.monotonic() + deadline_s
    while True:
        value = probe()
        if value == expected:
            return
        if time.monotonic() > end:
            raise DeadlinePassed(f"{what}: expected {expected!r}, after {deadline_s:g} s it is {value!r}")
        time.sleep(0.005)
