"""A host's file tree in a directory of its own, and what `netclsctl hook` does to it."""

import atexit
import functools
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .programs import program, tool
from .turns import numbers_in_turn

CONFIG = "etc/containerd/config.toml"
BASE_SPEC = "etc/containerd/netclsd-base-spec.json"
OWN = "opt/netclsd"
HOOKS_D = "etc/containers/oci/hooks.d/netclsd.json"
SHARED_HOOKS_D = "usr/share/containers/oci/hooks.d/netclsd.json"

KILLED = -9


def shape(top):
    """Kind, mode, owner and content of every file below. Equal shapes mean equal trees."""
    found = {}
    for path in sorted(Path(top).rglob("*")):
        status = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(top))] = (oct(status.st_mode), status.st_uid, status.st_gid, content)
    return found


def differences(one, other):
    """path → both, where they differ"""
    return {path: (one.get(path), other.get(path)) for path in sorted({*one, *other})
            if one.get(path) != other.get(path)}


@functools.cache
def _lean_directory():
    directory = Path(tempfile.mkdtemp(prefix="netclsd-lean-"))
    atexit.register(shutil.rmtree, directory)
    for name in ("netclsd-hook", "netclsd-hook-stub"):
        subprocess.run([tool("strip"), "-o", directory / name, program(name)], check=True)
    return directory


def lean(name):
    """The program without its debug information, ten times smaller: it is installed hundreds of times."""
    return _lean_directory() / name


def interrupted(case, call, points, count_min=2):
    """Kills `call(faults=…)` at its first pass of each point, at its second, … until it succeeds (in CI at a part of these,
    support/turns.py). Yields the fault after each call."""
    for point in points:
        for number in numbers_in_turn(100):
            faults = f"{point}=kill@{number}"
            done = call(faults=faults)
            yield faults
            if done.returncode == 0:
                break
            case.assertEqual(done.returncode, KILLED, faults + done.stderr)
        else:
            case.fail(f"with {faults} it never succeeded")
        case.assertGreater(number, count_min, f"{point}: passed too seldom")


class HostTree:
    def __init__(self, test, *programs):
        """Has empty files instead of `programs`: they show that a runtime is installed, but cannot be run."""
        self.top = Path(tempfile.mkdtemp(prefix="netclsd-tree-"))
        test.addCleanup(shutil.rmtree, self.top)
        for directory in ("opt", "etc", "usr/bin", "usr/share", "var/lib", "run", "proc"):
            (self.top / directory).mkdir(parents=True)
        for name in programs:
            self.write(f"usr/bin/{name}", "")

    def path(self, relative):
        return self.top / relative

    def write(self, relative, text, mode=0o644):
        path = self.path(relative)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    def read(self, relative):
        return self.path(relative).read_text()

    def json(self, relative):
        return json.loads(self.read(relative))

    def run_containerd(self, pid, config):
        """Looks like a daemon that was started with this file."""
        self.write(f"proc/{pid}/stat", f"{pid} (containerd) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 9 0 500 0 0 0\n")
        self.write(f"proc/{pid}/cmdline", f"/usr/bin/containerd\0--config\0{config}\0")
        self.path(f"proc/{pid}/root").symlink_to(self.top)

    def shape(self):
        return shape(self.top)

    def hook(self, verb, *arguments, faults=None, launcher=()):
        """netclsctl hook VERB; containerd is 1.6 unless the arguments say otherwise."""
        words = [program("netclsctl"), "hook", verb, "--root", str(self.top)]
        if verb == "install" and "--containerd-version" not in arguments:
            words += ["--containerd-version", "1.6.20"]
        if verb == "install" and "--binary" not in arguments:
            words += ["--binary", str(lean("netclsd-hook"))]
        environment = {"NETCLSD_FAULTS": faults} if faults else {}
        return subprocess.run([*launcher, *words, *arguments], capture_output=True, text=True, timeout=60,
                              env=environment)

    def status(self):
        done = self.hook("status", "-o", "json")
        return done.returncode, json.loads(done.stdout)

    def states_of(self, runtime):
        return [each["state"] for each in self.status()[1]["runtimes"] if each["runtime"] == runtime]
