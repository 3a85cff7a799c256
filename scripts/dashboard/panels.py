"""The four kinds of panels that the dashboard has, as SVG: enough for a picture of it, and no more of Grafana."""

import math
import re
from html import escape

CELL_WIDTH, CELL_HEIGHT, GAP = 50, 34, 6
COLOURS = ("#3274d9", "#e0752d", "#56a64b", "#a352cc", "#e02f44", "#8a8a8a", "#b8860b", "#008b8b")
NAMED = {"green": "#3f8f3a", "red": "#c4162a", "orange": "#d9730d", "blue": "#1f60c4"}
DURATIONS = ((1, "s", 1), (1e-3, "ms", 1e3), (0, "µs", 1e6))


def text(x, y, words, size=11, anchor="start", colour="#333", weight="normal"):
    return (f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" '
            f'font-weight="{weight}">{escape(str(words))}</text>')


def number(value, unit):
    """As Grafana shows it: 1.2 K, 3 ms, 98 %."""
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit == "s":
        for least, name, factor in DURATIONS:
            if value >= least:
                return f"{value * factor:.3g} {name}"
    step = 1024 if unit == "bytes" else 1000
    names = (" B", " KiB", " MiB", " GiB") if unit == "bytes" else ("", " K", " M", " G")
    power = min(int(math.log(value, step)), 3) if value >= 1 else 0
    return f"{value / step ** power:.3g}{names[power]}"


def legend(target, labels):
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found.group(1), ""), target["legendFormat"]) or "value"


class Frame:
    """A panel's place, its title, and the plot's area within."""

    def __init__(self, panel):
        at = panel["gridPos"]
        self.panel = panel
        self.unit = panel["fieldConfig"]["defaults"]["unit"]
        self.x, self.y = at["x"] * CELL_WIDTH + GAP / 2, at["y"] * CELL_HEIGHT + GAP / 2
        self.width, self.height = at["w"] * CELL_WIDTH - GAP, at["h"] * CELL_HEIGHT - GAP
        self.left, self.right = self.x + 52, self.x + self.width - 10
        self.top, self.bottom = self.y + 32, self.y + self.height - 42

    def outline(self):
        return (f'<rect x="{self.x:.0f}" y="{self.y:.0f}" width="{self.width:.0f}" height="{self.height:.0f}" rx="3" '
                'fill="white" stroke="#d8d9da"/>' +
                text(self.x + 8, self.y + 17, self.panel["title"], 12, weight="bold"))

    def across(self, part):
        return self.left + part * (self.right - self.left)

    def up(self, part):
        return self.bottom - part * (self.bottom - self.top)

    def scale(self, top):
        lines = []
        for part in (0, 0.5, 1):
            y = self.up(part)
            lines.append(f'<path d="M{self.left:.0f} {y:.0f}H{self.right:.0f}" stroke="#e5e5e5"/>')
            lines.append(text(self.left - 5, y + 4, number(top * part, self.unit), 10, "end", "#666"))
        return lines

    def clock(self, minutes):
        return [text(self.left, self.bottom + 13, f"−{minutes:.0f} min", 10, "start", "#666"),
                text(self.right, self.bottom + 13, "now", 10, "end", "#666")]


def colour_of(panel, value):
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return NAMED[[step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1]]


def stat(panel, source):
    frame = Frame(panel)
    values = source.now(panel["targets"][0])
    value = values[0][1] if values else 0
    if frame.unit == "short":
        value = round(value)  # increase() extrapolates
    x, y = frame.x + frame.width / 2, frame.y + frame.height / 2 + 24
    return [frame.outline(), text(x, y, number(value, frame.unit), 30, "middle", colour_of(panel, value), "bold")]


def timeseries(panel, source):
    frame = Frame(panel)
    named = [(legend(target, labels), [point for point in points if math.isfinite(point[1])])
             for target in panel["targets"] for labels, points in source.over_time(target)]
    top = max((value for _, points in named for _, value in points), default=0) * 1.1 or 1
    parts = [frame.outline(), *frame.scale(top), *frame.clock((source.end - source.begin) / 60)]
    along = frame.left
    for i, (name, points) in enumerate(named):
        colour = COLOURS[i % len(COLOURS)]
        places = " ".join(f"{frame.across(source.part(at)):.1f},{frame.up(value / top):.1f}" for at, value in points)
        parts.append(f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(text(along, frame.bottom + 30, name, 10, colour=colour, weight="bold"))
        along += 6.3 * len(name) + 12
    return parts


def heatmap(panel, source):
    """A row for each bucket that anything was in, a column for each step; the darker the more."""
    frame = Frame(panel)
    cumulative = sorted((float(labels["le"]), dict(points)) for labels, points in source.over_time(panel["targets"][0]))
    below, rows = {}, []
    for bound, counts in cumulative:
        rows.append((bound, {at: max(count - below.get(at, 0), 0) for at, count in counts.items()}))
        below = counts
    used = [i for i, (_, counts) in enumerate(rows) if max(counts.values(), default=0) > 0.01]
    rows = rows[min(used):max(used) + 1] if used else []
    most = max((count for _, counts in rows for count in counts.values()), default=1)
    width = (frame.right - frame.left) * source.step / (source.end - source.begin)
    parts = [frame.outline(), *frame.clock((source.end - source.begin) / 60)]
    for i, (bound, counts) in enumerate(rows):
        y, height = frame.up((i + 1) / len(rows)), (frame.bottom - frame.top) / len(rows)
        name = "more" if math.isinf(bound) else "≤ " + number(bound, "s")
        parts.append(text(frame.left - 5, y + height / 2 + 4, name, 9, "end", "#666"))
        for at, count in counts.items():
            if count > 0.01:
                x = max(frame.across(source.part(at)) - width, frame.left)
                parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="#1f60c4" '
                             f'fill-opacity="{0.12 + 0.88 * math.sqrt(count / most):.2f}"/>')
    return parts


def table(panel, source):
    """The targets' values side by side, joined by their labels."""
    frame = Frame(panel)
    renamed = next(each["options"]["renameByName"] for each in panel["transformations"] if each["id"] == "organize")
    answers = [source.now(target) for target in panel["targets"]]
    labels = sorted({label for answer in answers for found, _ in answer for label in found})
    rows = {}
    for i, answer in enumerate(answers):
        for found, value in answer:
            key = tuple(found.get(label, "") for label in labels)
            rows.setdefault(key, [""] * len(answers))[i] = number(value, frame.unit)
    heads = [*labels, *renamed.values()]
    places = [frame.x + 14 + i * (frame.width - 20) / len(heads) for i in range(len(heads))]
    parts = [frame.outline()]
    parts += [text(x, frame.y + 40, head, 11, colour="#1f60c4", weight="bold") for x, head in zip(places, heads)]
    for line, (key, values) in enumerate(sorted(rows.items())[:9]):
        parts += [text(x, frame.y + 60 + 20 * line, cell, 12) for x, cell in zip(places, [*key, *values])]
    return parts


KINDS = {"stat": stat, "timeseries": timeseries, "heatmap": heatmap, "table": table}


def draw(dashboard, source):
    panels = dashboard["panels"]
    width = 24 * CELL_WIDTH
    height = max(each["gridPos"]["y"] + each["gridPos"]["h"] for each in panels) * CELL_HEIGHT
    parts = [line for panel in panels for line in KINDS[panel["type"]](panel, source)]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">\n'
            f'<rect width="{width}" height="{height}" fill="#f4f5f5"/>\n' + "\n".join(parts) + "\n</svg>\n")
