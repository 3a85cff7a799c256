"""CPU of the whole agent for each event of a full storm, beside the floor and beside cgrulesengd."""

from statistics import median

from ..support.listeners import Cgrulesengd, CountingReader, NappingReader, Netclsd
from ..support.plot import bars
from ..support.result import of_median
from ..support.storms import ratios, rounds

FLOOR_RATIO_MAX = 1.3
CGRULESENGD_RATIO_MAX = 1 / 8
WHY_MISSED = "Most of what an event costs is the kernel's: waking the reader up and copying, as the napping reader's cost shows."


def measure(session):
    results = [_beside(session, kind, floor) for kind in ("fork", "exec") for floor in (CountingReader, NappingReader)]
    samples = rounds(session, "exec")
    per_exec = _costs(samples, (CountingReader, NappingReader, Netclsd, Cgrulesengd), lambda s: s.cpu_us_per_exec)
    session.plot("cpu_per_exec", bars("CPU per exec at full storm", "µs", per_exec))
    results.append(of_median(
        "CPU per exec, exec storm: netclsd ÷ cgrulesengd",
        ratios(samples, Netclsd.name, Cgrulesengd.name, lambda s: s.cpu_us_per_exec), "×",
        limit=CGRULESENGD_RATIO_MAX, detail=per_exec, why_missed=WHY_MISSED, profile="storm", note=_in_words(per_exec, "exec")))
    return results


def _beside(session, kind, floor):
    samples = rounds(session, kind)
    per_event = _costs(samples, (floor, Netclsd), lambda s: s.cpu_us_per_event)
    return of_median(
        f"CPU per event, {kind} storm in a container: netclsd ÷ {floor.name}",
        ratios(samples, Netclsd.name, floor.name, lambda s: s.cpu_us_per_event), "×",
        limit=FLOOR_RATIO_MAX, detail=per_event, why_missed=WHY_MISSED, profile="storm", note=_in_words(per_event, "event"))


def _costs(samples, rivals, of):
    return {rival.name: median(of(sample) for sample in samples[rival.name]) for rival in rivals}


def _in_words(costs, of):
    return ", ".join(f"{name} {cost:.2f} µs" for name, cost in costs.items()) + f" for each {of}"
