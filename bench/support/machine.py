"""What was measured on: a number without its machine says little."""

import os
import platform
import re
import subprocess
from pathlib import Path

from e2e.support.programs import SYSTEM_PATH, program, tool

from .. import REPOSITORY


def describe():
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {
        "cpu": cpu.group(1) if cpu else platform.machine(),
        "cpus": os.cpu_count(),
        "memory_gib": round(int(memory.group(1)) / (1 << 20), 1),
        "kernel": platform.release(),
        "distribution": _distribution(),
        "load_before": os.getloadavg(),
        "processes_before": sum(name.isdigit() for name in os.listdir("/proc")),
        "other_listeners": _connector_listeners(),
        "netclsd": _first_line([program("netclsd"), "--version"]),
        "commit": _first_line(["git", "-c", f"safe.directory={REPOSITORY}", "-C", REPOSITORY, "describe", "--always",
                               "--dirty"]),
        "cgrulesengd": _first_line([tool("dpkg-query"), "-W", "-f", "cgroup-tools ${Version}", "cgroup-tools"]),
        "runc": _first_line([tool("runc"), "--version"]),
    }


def _connector_listeners():
    """Sockets that listen to process events before we do: each makes every fork on this machine slower."""
    rows = [line.split() for line in Path("/proc/net/netlink").read_text().splitlines()[1:]]
    return sum(row[1] == "11" and int(row[3], 16) != 0 for row in rows)


def _distribution():
    found = re.search(r'^PRETTY_NAME="?([^"\n]*)', Path("/etc/os-release").read_text(), re.MULTILINE)
    return found.group(1) if found else "unknown"


def _first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, env={"PATH": SYSTEM_PATH})
    except OSError:
        return "not there"
    return done.stdout.splitlines()[0] if done.stdout else "unknown"
