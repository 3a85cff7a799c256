"""How fast others fork and make threads while somebody listens."""

from statistics import median

from ..support.listeners import Netclsd, Nobody
from ..support.plot import bars
from ..support.result import of_median
from ..support.storms import ratios, rounds

SPEED_MIN = {"fork": 0.90, "exec": 0.90, "thread": 0.95}
WHAT = {"fork": "forking", "exec": "fork and exec", "thread": "thread creation"}


def measure(session):
    return [_speed(session, kind) for kind in SPEED_MIN]


def _speed(session, kind):
    samples = rounds(session, kind)
    per_second = {name: median(s.per_second for s in found) for name, found in samples.items()}
    relative = {name: median(ratios(samples, name, Nobody.name, lambda s: s.per_second)) for name in samples}
    session.plot(f"speed_{kind}", bars(f"Speed of {WHAT[kind]} at full storm", "of no listener", relative))
    return of_median(f"speed of {WHAT[kind]} at full storm: with netclsd ÷ without a listener",
                     ratios(samples, Netclsd.name, Nobody.name, lambda s: s.per_second), "×",
                     limit=SPEED_MIN[kind], is_at_least=True, detail={"per_second": per_second, "relative": relative},
                     note=", ".join(f"{name} {ratio:.2f}" for name, ratio in relative.items() if name != Nobody.name))
