"""The rows: runtime × version × way of being called × cgroup layout."""

from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from e2e.support.agent import Agent
from e2e.support.programs import program

from . import packages
from .directly import Directly
from .examination import examine, words_of
from .host import RuntimeHost
from .report import Outcome
from .with_containerd import WithHook, WithNri, write_wrapper
from .with_podman import WithHookInstall, WithHooksDir

LAYOUTS = ("v1", "v2")
SUITES = {"bookworm": "Debian 12", "trixie": "Debian 13", "forky": "Debian 14 (testing)"}


@dataclass(frozen=True)
class Row:
    """One line of the table."""
    runtime: str  # package
    suite: str
    oci_runtime: str
    oci_suite: str
    way: str
    layout: str
    make: Callable  # (host, agent, row) → way
    is_expected: bool = True

    @property
    def name(self):
        oci = "" if self.oci_runtime == self.runtime else f"/{self.oci_runtime}-{self.oci_suite}"
        return f"{self.runtime}-{self.suite}{oci}/{self.way.replace(' ', '-')}/{self.layout}"

    def outcome(self):
        oci = "" if self.oci_runtime == self.runtime else f"{self.oci_runtime} {packages.version(self.oci_suite, self.oci_runtime)[1]}"
        return Outcome(f"{self.runtime} {packages.version(self.suite, self.runtime)[1]}", oci, self.way, self.layout,
                       self.is_expected)

    def run(self, outcome):
        """Fills the outcome. The host is as before, whatever happens."""
        if self.way == "NRI" and not (Path(program("netclsd")).parent / "netclsd-nri").exists():
            outcome.fail("netclsd-nri is not built")
            outcome.is_expected = False
            return
        host = _host(self)
        try:
            agent = Agent(host).start()
            way = self.make(host, agent, self)
            for problem in way.problems:
                outcome.fail(problem)
            examine(outcome, host, agent, way)
        except Exception as problem:  # of the preparation
            outcome.fail(words_of(problem))
        finally:
            _close(host, outcome)


def _close(host, outcome):
    try:
        host.close()
    except Exception as problem:  # it has undone what it could
        outcome.fail(f"cleaning up: {problem}")


def _host(row):
    programs = {}
    if row.runtime != "podman":  # which has a root directory of its own
        programs[_place(row.oci_runtime)] = packages.oci_runtime(row.oci_suite, row.oci_runtime)
    if row.runtime == "containerd":
        programs.update(packages.containerd_programs(row.suite))
    is_limited = row.runtime == "containerd" and row.layout == "v2"
    if is_limited:
        wrapper = packages.TOP / "runc-without-limits"
        write_wrapper(wrapper, programs[_place("runc")])
        programs[_place("runc")] = wrapper
    return RuntimeHost(row.layout, programs, has_unified=row.oci_runtime != "crun")


def _place(name):
    return {"runc": "/usr/sbin/runc", "crun": "/usr/bin/crun"}[name]


def _major(row):
    return int(packages.version(row.suite, row.runtime)[1].partition(".")[0])


def _containerd_rows():
    for suite in SUITES:
        for oci_suite in ("bookworm", "forky"):
            for layout in LAYOUTS:
                yield Row("containerd", suite, "runc", oci_suite, "hook install", layout,
                          lambda host, agent, row: WithHook(host, agent, _major(row)))
                if suite != "bookworm":  # containerd 1.6 has no NRI
                    yield Row("containerd", suite, "runc", oci_suite, "NRI", layout,
                              lambda host, agent, row: WithNri(host, agent, _major(row)))


def _podman_rows():
    ways = {"hook install": WithHookInstall, "--hooks-dir": WithHooksDir}
    for suite in SUITES:
        for oci_runtime in ("runc", "crun"):
            for way, kind in ways.items():
                for layout in LAYOUTS:
                    # crun 1.8 raises a limit there, which a virtual machine may not grant.
                    is_expected = (suite, oci_runtime, layout) != ("bookworm", "crun", "v2")
                    yield Row("podman", suite, oci_runtime, suite, way, layout, lambda host, agent, row, kind=kind: kind(
                        host, agent, packages.tree(row.suite, "podman")[0], row.oci_runtime), is_expected)


def _direct_rows():
    for name in ("runc", "crun"):
        for suite in SUITES:
            for stage in ("prestart", "createRuntime"):
                for layout in LAYOUTS:
                    yield Row(name, suite, name, suite, stage, layout,
                              lambda host, agent, row: Directly(host, agent, row.runtime, row.way))


def rows():
    return [*_containerd_rows(), *_podman_rows(), *_direct_rows()]
