"""Finds the programs under test and the tools."""

import os
import shutil
import subprocess
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
# Tools are looked up where Debian puts them, whatever shims a developer's PATH begins with.
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def program(name):
    directory = Path(os.environ.get("NETCLSD_BIN_DIR", REPOSITORY / "build" / "dev" / "bin")).resolve()
    path = directory / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is not built (NETCLSD_BIN_DIR names the directory)")
    return str(path)


def need_fault_points(name="netclsd"):
    """Skips the test if the programs have none, as in a release."""
    done = subprocess.run([program(name), "--version"], env={"NETCLSD_FAULTS": "?"}, capture_output=True)
    if done.returncode == 0:
        raise unittest.SkipTest("the programs have no fault points (CMake option NETCLSD_FAULT_POINTS)")


def tool(name):
    path = shutil.which(name, path=SYSTEM_PATH)
    if path is None:
        raise unittest.SkipTest(f"{name} is not installed (scripts/install-deps.sh test)")
    return path
