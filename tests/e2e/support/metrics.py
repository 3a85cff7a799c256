"""Reads the Prometheus text format."""

import re

_LINE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


class Metrics(dict):
    """name → {frozenset of (label, value) pairs → number}"""

    def value(self, name, **labels):
        series = self.get("netclsd_" + name)
        if series is None:
            raise KeyError(f"no metric netclsd_{name}")
        key = frozenset(labels.items())
        if key not in series:
            raise KeyError(f"netclsd_{name} has no {labels}, only {[dict(k) for k in series]}")
        return series[key]

    def total(self, name):
        return sum(self["netclsd_" + name].values())

    def histogram(self, name):
        """[(upper bound, how many observations in this bucket alone)], the last bound is +Inf."""
        cumulative = sorted((float(dict(labels)["le"]), n) for labels, n in self["netclsd_" + name + "_bucket"].items())
        before, buckets = 0, []
        for bound, n in cumulative:
            buckets.append((bound, int(n - before)))
            before = n
        return buckets


def parse(text):
    metrics = Metrics()
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None:
            raise ValueError(f"not a line of the exposition format: {line!r}")
        name, labels, number = match.groups()
        metrics.setdefault(name, {})[frozenset(_LABEL.findall(labels or ""))] = float(number)
    return metrics


def draw_histogram(metrics, name):
    rows = [(bound, n) for bound, n in metrics.histogram(name) if n]
    return "\n".join(f"    ≤ {bound * 1000:g} ms: {n}" for bound, n in rows) or "    (nothing observed)"
