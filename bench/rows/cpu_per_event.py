"""CPU of the whole agent for each event of a full storm, beside the floor and beside cgrulesengd."""

from statistics import median

from ..support.listeners import Cgrulesengd, CountingReader, Netclsd
from ..support.plot import bars
from ..support.result import of_median
from ..support.storms import ratios, rounds

FLOOR_RATIO_MAX = 1.3
CGRULESENGD_RATIO_MAX = 1 / 8


def measure(session):
    results = []
    for kind in ("fork", "exec"):
        samples = rounds(session, kind)
        results.append(of_median(
            f"CPU per event, {kind} storm in a container: netclsd ÷ counting reader",
            ratios(samples, Netclsd.name, CountingReader.name, lambda s: s.cpu_us_per_event), "×",
            limit=FLOOR_RATIO_MAX, detail=_per_event(samples), note=_in_words(_per_event(samples), "event")))
    samples = rounds(session, "exec")
    per_exec = {name: median(s.cpu_us_per_exec for s in samples[name]) for name in
                (CountingReader.name, Netclsd.name, Cgrulesengd.name)}
    results.append(of_median(
        "CPU per exec, exec storm: netclsd ÷ cgrulesengd",
        ratios(samples, Netclsd.name, Cgrulesengd.name, lambda s: s.cpu_us_per_exec), "×",
        limit=CGRULESENGD_RATIO_MAX, detail=per_exec, note=_in_words(per_exec, "exec")))
    session.plot("cpu_per_exec", bars("CPU per exec at full storm", "µs", per_exec))
    return results


def _per_event(samples):
    return {name: median(s.cpu_us_per_event for s in samples[name]) for name in (CountingReader.name, Netclsd.name)}


def _in_words(costs, of):
    return ", ".join(f"{name} {cost:.2f} µs" for name, cost in costs.items()) + f" for each {of}"
