#!/usr/bin/python3
"""Prints the table of values of the chart's README, made of values.schema.json and values.yaml.

    scripts/chart-values.py [--write]      --write: puts it into charts/netclsd/README.md
"""

import json
import sys
from pathlib import Path

import yaml

CHART = Path(__file__).resolve().parents[1] / "charts/netclsd"
BEGIN, END = "<!-- values: scripts/chart-values.py --write -->\n", "<!-- end of values -->\n"


def leaves(schema, prefix=""):
    """name → schema, of each object before its keys"""
    for name, value in schema["properties"].items():
        yield prefix + name, value
        if "properties" in value:
            yield from leaves(value, prefix + name + ".")


def default_of(name, schema, values):
    """As JSON; the agent's own default for a key of its configuration; None for an object that is listed key by key."""
    at = values
    for key in name.split("."):
        if not isinstance(at, dict) or key not in at:
            return json.dumps(schema["default"]) if "default" in schema else None
        at = at[key]
    return None if "properties" in schema else json.dumps(at, ensure_ascii=False)


def table():
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    lines = ["| value | default | meaning |", "|---|---|---|"]
    for name, value in leaves(schema):
        default = default_of(name, value, values)
        cell = f" `{default}` " if default is not None else " "
        meaning = value.get("description", "").replace("|", "\\|")
        lines.append(f"| `{name}` |{cell}|{' ' + meaning + ' ' if meaning else ' '}|")
    return "\n".join(lines) + "\n"


def main():
    if sys.argv[1:] == ["--write"]:
        readme = CHART / "README.md"
        head, _, rest = readme.read_text().partition(BEGIN)
        readme.write_text(head + BEGIN + "\n" + table() + "\n" + END + rest.partition(END)[2])
    elif len(sys.argv) == 1:
        print(table(), end="")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
