"""The root directory of the machines: the programs under test, a few tools with their libraries, and guest/."""

import os
import re
import shutil
import subprocess
from pathlib import Path

GUEST = Path(__file__).with_name("guest")
RECIPES = Path(__file__).resolve().parents[2] / "docs/recipes.md"  # the machines run what it says
_TOOLS = ("bash", "ss", "nft", "ip", "tc")
_PROGRAMS = ("netclsd", "netclsd-hook", "netclsd-carrier", "netclsctl")
_HELPERS = ("silencer", "storm", "udp_tool")
_PLACES = ("usr/sbin", "usr/bin", "sbin", "bin")
KERNEL_TESTS = "netclsd/kernel_tests"


class Tree:
    def __init__(self, architecture, directory):
        self.architecture, self.directory = architecture, directory
        for each in ("dev", "proc", "sys", "run", "tmp", "etc", "netclsd", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64"):
            (directory / each).mkdir(parents=True)
        for each in ("bin", "sbin", "lib", "lib64"):
            (directory / each).symlink_to(f"usr/{each}")

    def add(self, source, place, strip=False):
        """With the libraries that it needs, where it looks for them."""
        target = self._copy(source, place)
        if strip:
            subprocess.run([f"{self.architecture.triplet}-strip", target], check=True)
        for library in libraries(source, self.architecture.emulator):
            self._copy(self.architecture.root / library.lstrip("/"), library)

    def _copy(self, source, place):
        target = self.directory / place.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copy(source, target)
        return target

    def add_tool(self, name):
        """The program that was added."""
        found = [path for place in _PLACES if (path := self.architecture.root / place / name).exists()]
        if not found:
            raise FileNotFoundError(f"{name} of {self.architecture.name}")
        self.add(found[0], f"/usr/bin/{name}")
        return found[0]

    def add_busybox(self):
        busybox = self.add_tool("busybox")  # Debian's busybox-static
        listed = subprocess.run([*self.architecture.emulator, busybox, "--list"], capture_output=True, text=True, check=True)
        for name in listed.stdout.split():
            link = self.directory / "usr/bin" / name
            if not link.exists():
                link.symlink_to("busybox")


def libraries(program, emulator):
    """Paths of the loader and of the libraries; none of a static program. ldd itself knows only this machine's programs."""
    headers = subprocess.run(["readelf", "--program-headers", program], capture_output=True, text=True).stdout
    if "program interpreter" not in headers:
        return []
    listed = subprocess.run([*emulator, program], env={**os.environ, "LD_TRACE_LOADED_OBJECTS": "1"}, capture_output=True,
                            text=True, check=True)
    return parse_list(listed.stdout)


def parse_list(text):
    if missing := re.search(r"(\S+) => not found", text):
        raise FileNotFoundError(missing[1])
    return re.findall(r"(/\S+) \(0x", text)


def make_tree(architecture, directory, programs, tests):
    """`programs`: the directory of a release's programs. `tests`: a build with kernel_tests and their helpers."""
    tree = Tree(architecture, directory)
    for name in _TOOLS:
        tree.add_tool(name)
    tree.add_busybox()
    for name in _PROGRAMS:
        tree.add(programs / name, f"/usr/bin/{name}")
    for name in _HELPERS:
        # The kernel tests know the silencer's path in the build.
        tree.add(tests / "bin" / name, str((tests / "bin" / name).resolve()))
        (directory / "usr/bin" / name).symlink_to((tests / "bin" / name).resolve())
    tree.add(tests / "tests/kernel/kernel_tests", KERNEL_TESTS, strip=True)
    shutil.copytree(GUEST, directory / "netclsd", dirs_exist_ok=True)
    shutil.copy(RECIPES, directory / "netclsd")
    (directory / "init").symlink_to("netclsd/init")
    (directory / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (directory / "etc/group").write_text("root:x:0:\n")


def pack(directory, archive):
    """Not compressed: that would take the emulated processor longer than reading it."""
    names = "".join(f"{path.relative_to(directory)}\0" for path in sorted(directory.rglob("*")))
    with open(archive, "wb") as out:
        subprocess.run(["cpio", "--create", "--format=newc", "--null", "--quiet", "--owner=+0:+0"], cwd=directory,
                       input=names.encode(), stdout=out, check=True)


def join(archives, target):
    """The kernel unpacks one archive after the other."""
    with open(target, "wb") as out:
        for archive in archives:
            out.write(archive.read_bytes())
