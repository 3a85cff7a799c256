"""Programs of a newer Debian, unpacked from its packages. Nothing is installed, and the machine's own apt does not learn
of that Debian: apt runs with a configuration of its own, with the mirror of the machine's sources."""

import functools
import os
import re
import subprocess
import unittest
from pathlib import Path

from .programs import REPOSITORY, SYSTEM_PATH

SUITE = "forky"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_SETTINGS = """\
Dir::Etc::SourceList "{top}/sources.list";
Dir::Etc::SourceParts "{top}/none";
Dir::Etc::Parts "{top}/none";
Dir::State "{top}/state";
Dir::State::Status "/dev/null";
Dir::Cache "{top}/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
"""


def _mirror():
    """Where the machine's apt gets Debian from."""
    text = "\n".join(path.read_text() for path in (Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*"))
                     if path.is_file())
    found = re.search(r"^(?:URIs:|deb) +(?:\[[^]]*\] +)?(https?://\S*/debian)/?(?:\s|$)", text, re.MULTILINE)
    if found is None:
        raise unittest.SkipTest("apt has no mirror of Debian")
    return found[1]


def _run(top, *command):
    done = subprocess.run(command, cwd=top, capture_output=True, text=True, timeout=300, check=False,
                          env={"PATH": SYSTEM_PATH, "APT_CONFIG": str(top / "apt.conf")})
    if done.returncode != 0:
        raise unittest.SkipTest(f"{' '.join(command[:2])} of {SUITE} failed: {done.stderr.strip()[-300:]}")
    return done.stdout


@functools.cache
def unpacked(package):
    """The directory that has the package's files. It is kept in the build directory."""
    top = Path(os.environ.get("NETCLSD_PACKAGES_DIR", REPOSITORY / "build" / "packages")).resolve() / SUITE
    tree = top / package
    if (tree / "usr").is_dir():
        return tree
    for each in ("none", "state/lists/partial", "cache/archives/partial"):
        (top / each).mkdir(parents=True, exist_ok=True)
    (top / "apt.conf").write_text(_SETTINGS.format(top=top))
    (top / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {_mirror()} {SUITE} main\n")
    _run(top, "apt-get", "-q", "update")
    _run(top, "apt-get", "-q", "download", package)
    archive = max(top.glob(f"{package}_*.deb"))
    partial = top / f"{package}.partial"
    _run(top, "dpkg", "-x", str(archive), str(partial))
    partial.rename(tree)
    return tree
