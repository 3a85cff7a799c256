"""What a boot reported, and how the table in docs/kernels.md is written from it. Pure: it runs nothing."""

import re
from dataclasses import dataclass, field
from enum import Enum

from .boots import BOOTS

KERNEL_TESTS = "the kernel tests (tests/kernel)"
_BEGIN, _END = "<!-- written by scripts/vm.sh -->", "<!-- end -->"
TEXT_MAX = 300  # characters
# Why a check cannot run on a kernel → the first version on which it can. With any other reason nothing may skip.
KNOWN_REASONS = {
    "only since 6.6 may anybody unsubscribe": (6, 6),
    "only since 6.7 is there netkit": (6, 7),
    "this kernel knows no slice for ordinary threads (Linux 6.12)": (6, 12),
}
# In the kernel's log: it goes on after these, but not as if nothing had happened.
_COMPLAINT = re.compile(r"(BUG: |WARNING: |Oops: |Kernel panic - |general protection fault|soft lockup|blocked for more than|"
                        r"self-detected stall|detected stalls|use-after-free).*")


class Verdict(Enum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    IMPOSSIBLE = "impossible"  # on this kernel, as is known


@dataclass(frozen=True)
class Result:
    name: str
    verdict: Verdict
    text: str = ""
    seconds: float = 0


@dataclass
class Outcome:
    """Of one boot."""
    kernel: str  # its name in the table
    release: str  # begins with the version
    boot: str
    architecture: str
    results: list = field(default_factory=list)
    facts: dict = field(default_factory=dict)
    kernel_tests: list = field(default_factory=list)  # Results, one of each test
    has_begun: bool = False  # a program of ours has run
    has_ended: bool = False

    @property
    def version(self):
        return tuple(map(int, re.match(r"(\d+)\.(\d+)", self.release).groups()))

    def is_flaw_of_the_emulator(self):
        """While the kernel replaces an instruction there is a breakpoint in its place (int3). An emulated processor that
        executes it at the wrong moment finds nobody who expects it. Seen at the start of a machine only."""
        return not self.has_begun and "int3" in self.results[-1].text

    def all_results(self):
        return [*self.kernel_tests, *self.results]

    def count(self, verdict):
        return sum(each.verdict is verdict for each in self.all_results())


class Reader:
    """Takes what comes from the machine, line by line (guest/lib.sh says what), and fills the outcome."""

    def __init__(self, outcome):
        self.outcome = outcome
        self._reason = ""  # of the kernel test that runs
        self._are_tests_over = False

    def take(self, line):
        """The Result that this line tells, if it does."""
        kind, *words = line.split("\t")
        if kind == "gtest":
            return self._take_gtest("\t".join(words))
        if kind == "begin":
            self.outcome.has_begun = True
        if kind == "end":
            self.outcome.has_ended = True
        if kind == "fact":
            self.outcome.facts[words[0]] = words[1]
        if kind != "result":
            return None
        verdict, seconds, name, text = words
        return self._add(self.outcome.results, name, Verdict(verdict), text, float(seconds))

    def _take_gtest(self, line):
        if found := re.match(r"(\d+) bytes hold \d+ events: (\d+) bytes each", line):
            self.outcome.facts["bytes of one event in the receive buffer"] = found[2]
        if re.match(r"\[=+\] \d+ tests? from .* ran\.", line):
            self._are_tests_over = True
        found = re.match(r"\[ +(RUN|OK|FAILED|SKIPPED) +\] (\S+\.\S+?)(?: \((\d+) ms\))?$", line)
        if found is None:
            self._reason += " " + line
        elif found[1] == "RUN":
            self._reason = ""
        elif found[3] is not None:  # else it is a line of gtest's summary
            verdict = {"OK": Verdict.PASSED, "FAILED": Verdict.FAILED, "SKIPPED": Verdict.SKIPPED}[found[1]]
            text = "" if verdict is Verdict.PASSED else re.sub(r"^\S+:\d+: (Skipped|Failure) ", "", self._reason.strip())
            return self._add(self.outcome.kernel_tests, found[2], verdict, text, int(found[3]) / 1000)
        return None

    def _add(self, results, name, verdict, text, seconds):
        if verdict is Verdict.SKIPPED and self.outcome.version < KNOWN_REASONS.get(text, (0, 0)):
            verdict = Verdict.IMPOSSIBLE
        results.append(Result(name, verdict, one_line(text), seconds))
        return results[-1]

    def finish(self, console):
        """`console`: the kernel's log. The last results: whether all came to its end."""
        boot = BOOTS[self.outcome.boot]
        complaints = [found[0].strip() for found in _COMPLAINT.finditer(console)]
        if boot.has_kernel_tests and not self._are_tests_over:
            self._add(self.outcome.kernel_tests, "all of them", Verdict.FAILED, "they did not come to their end", 0)
        if not self.outcome.has_ended:
            complaints.insert(0, "the machine did not come to its end")
        self._add(self.outcome.results, "the kernel's log is clean", Verdict.FAILED if complaints else Verdict.PASSED,
                  "; ".join(complaints[:3]), 0)


def one_line(text):
    line = " ".join(text.split())
    return line if len(line) <= TEXT_MAX else line[:TEXT_MAX - 1] + "…"


def render_counts(outcomes):
    """As every test program of ours ends. What is known to be impossible is no skip."""
    passed, failed, skipped = (sum(each.count(verdict) for each in outcomes)
                               for verdict in (Verdict.PASSED, Verdict.FAILED, Verdict.SKIPPED))
    return f"{passed} passed, {failed} failed, {skipped} skipped"


class _Reasons:
    """Why something is not ✓; each is written once, below the table."""

    def __init__(self):
        self.texts = []

    def number(self, text):
        if text not in self.texts:
            self.texts.append(text)
        return f"({self.texts.index(text) + 1})"

    def cell(self, result):
        sign = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.SKIPPED: "·", Verdict.IMPOSSIBLE: "–"}[result.verdict]
        return f"{sign} {self.number(result.text)}" if result.text and sign != "✓" else sign

    def cell_of_tests(self, results):
        passed = sum(each.verdict is Verdict.PASSED for each in results)
        others = sorted({self.number(each.text or each.name) for each in results if each.verdict is not Verdict.PASSED})
        return " ".join([f"{passed} of {len(results)}", *others])


def _line(*cells):
    return "| " + " | ".join(cells) + " |"


def _escaped(text):
    return text.replace("|", "\\|").replace("<", "\\<")


def _rows(outcomes, reasons):
    """row's name → kernel → cell"""
    rows = {}
    for outcome in outcomes:
        if outcome.kernel_tests:
            rows.setdefault(KERNEL_TESTS, {})[outcome.kernel] = reasons.cell_of_tests(outcome.kernel_tests)
        for result in outcome.results:
            rows.setdefault(result.name, {})[outcome.kernel] = reasons.cell(result)
        for name, value in outcome.facts.items():
            rows.setdefault(name, {})[outcome.kernel] = value
    return rows


def render_tables(outcomes):
    """One for each way to boot. Columns are the kernels that were booted so."""
    reasons, parts = _Reasons(), []
    for name, boot in BOOTS.items():
        of_boot = [each for each in outcomes if each.boot == name]
        if not of_boot:
            continue
        rows = _rows(of_boot, reasons)
        parts += ["", _line(f"booted {boot.title}", *(f"{each.release.partition('-')[0]} {each.architecture}" for each in of_boot)),
                  _line(*["---"] * (1 + len(of_boot)))]
        parts += [_line(row, *(cells.get(each.kernel, "·") for each in of_boot)) for row, cells in rows.items()]
    if reasons.texts:
        parts += ["", *(f"{number}. {_escaped(text)}" for number, text in enumerate(reasons.texts, 1))]
    return "\n".join(parts)


def replace_generated(page, text):
    """The page with new text between the marks."""
    if page.count(_BEGIN) != 1 or page.count(_END) != 1:
        raise ValueError(f"the page needs the marks {_BEGIN} and {_END}")
    head, rest = page.split(_BEGIN)
    return f"{head}{_BEGIN}\n{text.strip()}\n{_END}{rest.split(_END)[1]}"
