"""The full storm, against each rival in turn, in rounds."""

import functools
import time
from dataclasses import dataclass

from .listeners import Cgrulesengd, CountingReader, NappingReader, Netclsd, Nobody
from .load import Load

RIVALS = (Nobody, CountingReader, NappingReader, Netclsd, Cgrulesengd)
TRIES = 5
PAUSE_S = 4
EVENTS_OF_AN_EXEC = 3  # of fork, exec and exit, all of which cgrulesengd receives


@dataclass
class Sample:
    made: int
    per_second: float
    cpu_ns: int
    dropped: int
    events: int | None

    @property
    def is_whole(self):
        """All that was made was heard, or is known as dropped."""
        return self.events is None or self.events + self.dropped >= self.made

    @property
    def cpu_us_per_event(self):
        return self.cpu_ns / 1000 / self.events if self.events else None

    @property
    def execs_seen(self):
        """Of an exec load: those whose events were not dropped. An estimate, in cgrulesengd's favour: it counts none
        itself."""
        sent = self.made * EVENTS_OF_AN_EXEC
        return max(self.made * (1 - self.dropped / sent), 1) if self.dropped < sent else 1

    @property
    def cpu_us_per_exec(self):
        return self.cpu_ns / 1000 / self.execs_seen


def take_sample(session, listener, kind, duration_ms):
    """Again where the listener was deaf: anybody on this machine can silence the connector for a while."""
    for _ in range(TRIES):
        try:
            sample = _try_sample(session, listener, kind, duration_ms)
        except AssertionError as problem:
            session.say(f"{listener.name} does not start: {str(problem).splitlines()[0]}; again")
            time.sleep(PAUSE_S)
            continue
        if sample.is_whole or kind == "thread":
            return sample
        session.say(f"{listener.name} heard {sample.events} events of {sample.made} processes; again")
    raise AssertionError(f"{listener.name} does not hear all events, {TRIES} times in a row")


def _try_sample(session, listener, kind, duration_ms):
    load = Load(session, kind)
    try:
        # The load's cgroup exists in every sample, so that its forks cost the same.
        (session.cgroup("load") / "cgroup.procs").write_text(str(load.pid))
        listener.start(load.pid)
        try:
            return measure_load(listener, load, duration_ms)
        finally:
            listener.stop()
    finally:
        load.close()


def measure_load(listener, load, duration_ms):
    """With a listener and a load that are at work already."""
    _wait_until_idle(listener)
    events_before, dropped_before, cpu_before = listener.events(), listener.dropped(), listener.cpu_ns()
    made = load.go(duration_ms)
    _wait_until_idle(listener)
    cpu_ns = listener.cpu_ns() - cpu_before
    events = None if events_before is None else listener.events() - events_before
    dropped = listener.dropped() - dropped_before
    if not listener.hears():
        raise AssertionError("it has become deaf")
    return Sample(made["made"], made["made"] / made["elapsed_ns"] * 1e9, cpu_ns, dropped, events)


def _wait_until_idle(listener):
    """It has worked off what came, or is at least not at work for a moment."""
    if listener.pid is None:
        return
    deadline = time.monotonic() + 10
    before = listener.cpu_ns()
    while time.monotonic() < deadline:
        time.sleep(0.05)
        now = listener.cpu_ns()
        if now - before < 1_000_000:
            return
        before = now


@functools.cache
def rounds(session, kind):
    """rival's name → its samples. Measured once, whichever row asks first."""
    samples = {rival.name: [] for rival in RIVALS}
    for number in range(session.effort.rounds):
        first = number % len(RIVALS)
        for rival in RIVALS[first:] + RIVALS[:first]:
            samples[rival.name].append(take_sample(session, rival(session), kind, session.effort.round_ms))
        session.say(f"{kind} storm, round {number + 1} of {session.effort.rounds}: " + ", ".join(
            f"{name} {found[-1].per_second:.0f}/s" for name, found in samples.items()))
    return samples


def ratios(samples, ours, theirs, of):
    """Round by round, so that what slowed a whole round down does not count."""
    return [of(a) / of(b) for a, b in zip(samples[ours], samples[theirs]) if of(b)]
