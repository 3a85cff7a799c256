"""One line of the table, and the statistics behind it."""

import statistics
from dataclasses import dataclass, field


@dataclass
class Result:
    """`limit` None: context, not a target. `samples` are what `value` is the median of."""
    what: str
    value: float
    unit: str
    limit: float | None = None
    is_at_least: bool = False
    samples: list = field(default_factory=list)
    note: str = ""
    detail: dict = field(default_factory=dict)
    has_failed: bool = False
    why_missed: str = ""  # said only if it is
    profile: str = ""  # of bench/profiles, which shows it

    @property
    def is_met(self):
        if self.limit is None:
            return None
        return self.value >= self.limit if self.is_at_least else self.value <= self.limit

    @property
    def ratio_to_target(self):
        return self.value / self.limit if self.limit else None

    @property
    def spread(self):
        return (min(self.samples), max(self.samples)) if self.samples else None

    def as_json(self):
        return {"what": self.what, "value": self.value, "unit": self.unit, "target": self.limit,
                "target_is": "at least" if self.is_at_least else "at most", "ratio_to_target": self.ratio_to_target,
                "met": self.is_met, "failed": self.has_failed, "spread": self.spread, "note": self.note, "detail": self.detail}


def of_median(what, samples, unit, **options):
    return Result(what, statistics.median(samples), unit, samples=list(samples), **options)


def percentile(samples, percent):
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
