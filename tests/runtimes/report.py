"""What a row found, and how the table in docs/runtimes.md is written from it. Pure: it runs nothing."""

import re
from dataclasses import dataclass, field
from enum import Enum

REASON_MAX = 320  # characters


class Cell(Enum):
    PASSED = "✓"
    FAILED = "✗"
    NOT_RUN = "·"
    NOTHING = "–"  # there is nothing to check


# name → heading
CELLS = {"first": "first instruction", "fork": "fork", "exec": "exec'd", "released": "released",
         "uninstalled": "uninstalled"}
_UNEXAMINED = (Cell.NOT_RUN, Cell.NOTHING)


@dataclass
class Outcome:
    """Of one row."""
    runtime: str  # with its version
    oci_runtime: str
    way: str
    layout: str
    is_expected: bool = True  # to pass
    cells: dict = field(default_factory=lambda: dict.fromkeys(CELLS, Cell.NOT_RUN))
    reason: str = ""  # why it did not pass; of several, the first

    def fail(self, reason):
        self.reason = self.reason or one_line(reason)

    @property
    def has_passed(self):
        """A row in which nothing was examined has not."""
        return not self.reason and all(cell is not Cell.FAILED for cell in self.cells.values()) and any(
            cell not in _UNEXAMINED for cell in self.cells.values())

    @property
    def is_bad(self):
        return self.is_expected and not self.has_passed


def one_line(text):
    """The text without line ends, and not longer than a table bears. A runtime's error names its cause at the end."""
    line = " ".join(str(text).split())
    if len(line) <= REASON_MAX:
        return line
    head = REASON_MAX // 4
    return f"{line[:head]}…{line[-(REASON_MAX - head - 1):]}"


def parse_versions(text):
    """package → version, as scripts/unpack-packages.sh prints them."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if bad := next((line for line in lines if len(line) != 2), None):
        raise ValueError(f"not a package and its version: {' '.join(bad)!r}")
    return dict(lines)


def upstream(version):
    """1.7.24~ds1-6+deb13u1 → 1.7.24: what others call it."""
    found = re.match(r"(?:\d+:)?(\d+(?:\.\d+)*)", version)
    if found is None:
        raise ValueError(f"not a version: {version!r}")
    return found[1]


def _escaped(text):
    return str(text).replace("|", "\\|").replace("<", "\\<")


def _line(*cells):
    return "| " + " | ".join(cells) + " |"


def render_table(outcomes):
    """Rows, and below it why those that did not pass did not."""
    lines = [_line("runtime", "OCI runtime", "way", "cgroups", *CELLS.values(), "why not"), _line(*["---"] * (5 + len(CELLS)))]
    reasons = []
    for each in outcomes:
        number = ""
        if each.reason:
            if each.reason not in reasons:
                reasons.append(each.reason)
            number = f"({reasons.index(each.reason) + 1})"
        lines.append(_line(*map(_escaped, (each.runtime, each.oci_runtime, each.way, each.layout)),
                           *(each.cells[name].value for name in CELLS), number))
    if reasons:
        lines += ["", *(f"{number}. {_escaped(reason)}" for number, reason in enumerate(reasons, 1))]
    return "\n".join(lines)


def render_packages(packages):
    """`packages`: (suite, package) → version"""
    return "\n".join([_line("Debian", "package", "version"), _line(*["---"] * 3),
                      *(_line(suite, package, version) for (suite, package), version in sorted(packages.items()))])


def render_counts(outcomes):
    passed = sum(each.has_passed for each in outcomes)
    known = sum(not each.has_passed and not each.is_expected for each in outcomes)
    return f"{passed} of {len(outcomes)} passed" + (f", {known} known not to" if known else "")


def render_page(template, outcomes, packages, facts):
    """`facts`: placeholder → text; a placeholder that nobody fills is a mistake."""
    values = {**facts, "TABLE": render_table(outcomes), "PACKAGES": render_packages(packages),
              "COUNTS": render_counts(outcomes)}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template)
