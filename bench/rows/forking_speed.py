"""How fast others fork and make threads while somebody listens."""

from statistics import median

from ..support.listeners import Netclsd, Nobody
from ..support.plot import bars
from ..support.result import of_median
from ..support.storms import ratios, rounds

SPEED_MIN = {"fork": 0.90, "exec": 0.90, "thread": 0.95}
WHY_MISSED = ("Each wake-up of a listener takes the CPU from the forking processes, and the kernel makes an event for each fork "
              "as soon as something listens. The counting and the napping reader in the note have the same cost.")
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
                     limit=SPEED_MIN[kind], is_at_least=True, why_missed=WHY_MISSED, profile="storm",
                     detail={"per_second": per_second, "relative": relative},
                     note=", ".join(f"{name} {ratio:.2f}" for name, ratio in relative.items() if name != Nobody.name))
