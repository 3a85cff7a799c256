#!/usr/bin/python3
"""Checks every #include of ours against the layers of docs/architecture.md (design, section 4).

    tests/layers/layers_test.py        (or python3 -m unittest, from this directory)
"""

import re
import sys
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(REPOSITORY / "tests"))

from summary import run_tests  # noqa: E402  (the path comes first)

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
TOP = ("common", "agent", "hook", "nri", "carry", "cli", "bench")

# folder → the folders of ours that it may include, itself always among them. The longest matching folder counts.
ALLOWED = {
    "common/base": (),
    "common/model": ("common/base",),
    "common/sandbox": ("common/base",),
    "common": ("common",),
    "hook": ("common",),
    "hook/placement": ("common",),
    # What the hook has in common with it, and nothing else of the hook.
    "nri": ("common", "hook/placement"),
    "cli": ("common",),
    # It reads the agent's configuration by the agent's own reader, and logs like the agent; nothing else of the agent.
    "carry": ("common", "agent/config", "agent/logging"),
    # Pure: they decide. What they know of the outside are the interfaces in agent/host/host.h.
    "agent/membership": ("common/base", "common/model"),
    "agent/classes": ("common/base", "common/model"),
    "agent/placing": ("common", "agent/membership", "agent/metrics", "agent/host/host.h"),
    "agent/containers": ("common", "agent/membership", "agent/classes", "agent/metrics", "agent/host/host.h",
                         "agent/placing", "agent/engine/engine_options.h"),
    "agent/engine": ("common", "agent/membership", "agent/classes", "agent/metrics", "agent/host/host.h",
                     "agent/placing", "agent/containers"),
    "agent/metrics": ("common", "agent/membership", "agent/classes"),
    # The machine.
    "agent/host": ("common", "agent/membership"),
    "agent/events": ("common", "agent/membership", "agent/metrics", "agent/host"),
    "agent/confinement": ("common", "agent/config", "agent/events", "agent/logging"),
    "agent/http": ("common", "agent/config", "agent/logging"),
    "agent/logging": ("common",),
    "agent/config": ("common", "agent/classes", "agent/logging"),
    # What brings containers.
    "agent/sources": ("common", "agent/membership", "agent/metrics", "agent/placing", "agent/containers",
                      "agent/engine", "agent/host", "agent/http", "agent/config", "agent/logging"),
    # A feature that containers come without.
    "agent/carry": ("common", "agent/metrics", "agent/host/host.h", "agent/sources/watched_file.h"),
    # Measures whatever it wants; nobody includes it.
    "bench": ("common", "agent", "hook", "nri", "carry", "cli"),
}
# The files directly in agent/ put everything together: they may include all of agent/, and nobody includes them.
ASSEMBLY = "agent"
GENERATED = {"netclsd_version.h", "netclsd_fault_points.h"}


def is_within(path, folder):
    return path == folder or path.startswith(folder + "/")


def folder_of(path):
    """The rule that holds for a file."""
    inside = [folder for folder in ALLOWED if is_within(path, folder)]
    return max(inside, key=len) if inside else path.rpartition("/")[0]


def complaints(path, text):
    """One line for each #include that the layers forbid."""
    folder = folder_of(path)
    for include in INCLUDE.findall(text):
        if include in GENERATED:
            continue
        if include.split("/")[0] not in TOP:
            yield f"{path}: \"{include}\" does not begin with one of {', '.join(TOP)}"
        elif folder == ASSEMBLY:
            if not any(is_within(include, each) for each in ("agent", "common")):
                yield f"{path}: {folder}/ must not include {include}"
        elif folder not in ALLOWED:
            yield f"{path}: no rule for {folder}/: add it to tests/layers/layers_test.py and docs/architecture.md"
        elif not any(is_within(include, each) for each in (folder, *ALLOWED[folder])):
            yield f"{path}: {folder}/ must not include {include}"


def sources():
    for top in TOP:
        for path in sorted((REPOSITORY / top).rglob("*")):
            if path.suffix in (".h", ".cpp"):
                yield str(path.relative_to(REPOSITORY)), path.read_text()


class Layers(unittest.TestCase):
    maxDiff = None

    def test_no_source_includes_what_its_layer_must_not(self):
        found = [line for path, text in sources() for line in complaints(path, text)]
        self.assertEqual(found, [])

    def test_there_are_sources(self):
        self.assertGreater(len(list(sources())), 50)

    def test_only_the_assembly_includes_the_agent(self):
        found = [path for path, text in sources()
                 if "agent/agent.h" in INCLUDE.findall(text) and path not in ("agent/agent.cpp", "agent/main.cpp")
                 and path.count("/") > 1]
        self.assertEqual(found, [])

    def test_pure_folders_use_no_system_interface(self):
        system = re.compile(
            r"^\s*#\s*include\s+<(linux/|sys/|unistd\.h|fcntl\.h|signal\.h|dirent\.h|thread>|fstream>)", re.MULTILINE)
        pure = ("agent/membership", "agent/classes", "agent/placing", "agent/containers", "agent/engine", "common/model",
                "common/oci")
        found = [path for path, text in sources()
                 if any(is_within(path, folder) for folder in pure) and system.search(text)]
        self.assertEqual(found, [])


class TheCheckItself(unittest.TestCase):
    def forbidden(self, path, include):
        return list(complaints(path, f'#include <vector>\n#include "{include}"\n')) != []

    def test_forbids_what_the_design_forbids(self):
        for path, include in (("common/api/client.cpp", "agent/membership/tracker.h"), ("common/base/a.h", "hook/hook.h"),
                              ("common/base/a.h", "common/model/process.h"),
                              ("agent/membership/a.h", "agent/host/procfs.h"),
                              ("agent/membership/a.h", "common/api/messages.h"), ("agent/host/a.cpp", "agent/agent.h"),
                              ("agent/placing/a.cpp", "agent/host/procfs.h"),
                              ("agent/placing/a.cpp", "agent/containers/containers.h"),
                              ("agent/host/a.h", "agent/containers/registration.h"),
                              ("agent/http/a.cpp", "agent/sources/api_server.h"), ("hook/hook.cpp", "agent/agent.h"),
                              ("cli/main.cpp", "hook/hook.h"), ("agent/membership/a.h", "bench/micro/world.h"),
                              ("common/base/a.h", "bench/micro/world.h"), ("agent/new/a.cpp", "common/base/error.h"),
                              ("nri/a.cpp", "hook/options.h"), ("carry/a.cpp", "agent/containers/registration.h"),
                              ("carry/a.cpp", "hook/placement/init.h"), ("agent/sources/a.cpp", "carry/report.h"), ("nri/a.cpp", "agent/agent.h"),
                              ("hook/placement/a.cpp", "hook/options.h"), ("hook/a.cpp", "nri/session.h"),
                              ("hook/a.cpp", "options.h")):
            self.assertTrue(self.forbidden(path, include), (path, include))

    def test_allows_what_the_design_allows(self):
        for path, include in (("agent/agent.cpp", "agent/sources/api_server.h"),
                              ("agent/membership/a.cpp", "common/model/process.h"),
                              ("agent/placing/a.cpp", "agent/host/host.h"),
                              ("hook/a.cpp", "common/oci/oci.h"), ("carry/a.cpp", "agent/config/config.h"),
                              ("nri/a.cpp", "hook/placement/init.h"), ("bench/a.cpp", "agent/events/proc_connector.h"),
                              ("bench/micro/a.cpp", "bench/micro/world.h"), ("agent/membership/a.cpp", "agent/membership/b.h")):
            self.assertFalse(self.forbidden(path, include), (path, include))


if __name__ == "__main__":
    run_tests()
