"""bench/results: latest.json for programs, latest.md for people, plots."""

import json

from .. import REPOSITORY
from .table import cell

DIRECTORY = REPOSITORY / "bench" / "results"


def write(machine, results_by_row, profiles, plots):
    DIRECTORY.mkdir(exist_ok=True)
    for name, svg in plots.items():
        (DIRECTORY / f"{name}.svg").write_text(svg)
    everything = {"machine": machine, "rows": {row: [result.as_json() for result in results]
                                               for row, results in results_by_row.items()}}
    (DIRECTORY / "latest.json").write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n")
    (DIRECTORY / "latest.md").write_text(_markdown(machine, results_by_row, plots))
    (DIRECTORY / "profiles.md").write_text(_profiles(profiles))


def number(value):
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def quantity(value, unit):
    return f"{number(value)} {unit}"


def target(result):
    if result.limit is None:
        return ""
    return ("≥ " if result.is_at_least else "≤ ") + quantity(result.limit, result.unit)


def verdict(result):
    return {None: "", True: "yes", False: "**no**"}[result.is_met]


def in_words(result):
    """One line, for the terminal."""
    words = [f"{result.what.strip()}: {quantity(result.value, result.unit)}"]
    if result.limit is not None:
        words.append(f"target {target(result)}" + ("" if result.is_met else ", NOT MET"))
    return "; ".join(words + [result.note] if result.note else words)


def _markdown(machine, results_by_row, plots):
    lines = ["# The latest benchmark", "",
             "Written by `scripts/bench.sh`, not by hand. [docs/performance.md](../../docs/performance.md) says what each"
             " row means. Ratios are the result; absolute times belong to this machine:", ""]
    lines += [f"- {key}: {_cell(value)}" for key, value in machine.items()]
    lines += ["", "| what | target | measured | spread | measured ÷ target | met | command |", "|---|---|---|---|---|---|---|"]
    for row, results in results_by_row.items():
        lines += [_row(row, result) for result in results]
    lines += ["", "## What misses its target", "", *_misses(results_by_row), "", "## Notes", ""]
    lines += [f"- {result.what.strip()}: {result.note}" for results in results_by_row.values() for result in results
              if result.note]
    lines += ["", "## Plots", ""] + [f"![{name}]({name}.svg)" for name in plots]
    return "\n".join(lines) + "\n"


def _misses(results_by_row):
    missed = [result for results in results_by_row.values() for result in results if result.is_met is False]
    return [_miss(result) for result in missed] or ["Nothing."]


def _miss(result):
    by = f"- **{result.what.strip()}**: {quantity(result.value, result.unit)}, target {target(result)}."
    shown = f" [Profile](profiles.md#{result.profile})." if result.profile else ""
    return f"{by} {result.why_missed}{shown}"


def _profiles(profiles):
    lines = ["# Profiles", "", "Made by the run of `scripts/bench.sh` that wrote [latest.md](latest.md), after its rows were measured."]
    for name, profile in profiles.items():
        lines += ["", f"## {name}", "", *profile]
    return "\n".join(lines) + "\n"


def _row(row, result):
    spread = " … ".join(number(each) for each in result.spread) if result.spread else ""
    ratio = f"{result.ratio_to_target:.2f}" if result.ratio_to_target is not None else ""
    if result.has_failed:
        return f"| **{_cell(result.what)}** | | | | | | `scripts/bench.sh --only {row}` |"
    what = "&nbsp; " + result.what.strip() if result.what.startswith(" ") else result.what
    return (f"| {_cell(what)} | {target(result)} | {quantity(result.value, result.unit)} | {spread} | {ratio} | "
            f"{verdict(result)} | `scripts/bench.sh --only {row}` |")


def _cell(text):
    if isinstance(text, (tuple, list)):
        text = ", ".join(f"{each:.2f}" for each in text)
    return cell(text)
