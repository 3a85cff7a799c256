#!/usr/bin/python3
"""What is in the image that tests/image/build.sh made, and what is not. Needs root.

The last line is `N passed, N failed, N skipped`.
"""

import hashlib
import json
import os
import stat
import subprocess
import sys
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(REPOSITORY / "tests"))

from summary import run_class  # noqa: E402  (the path comes first)

BUILD = REPOSITORY / "build" / "image"
IMAGE = "localhost/netclsd:test"
BASE = "docker.io/library/debian:bookworm-slim"
ABOVE_BASE_MAX_BYTES = 60_000_000
PROGRAMS = ("netclsd", "netclsd-carrier", "netclsd-hook", "netclsd-nri", "netclsctl")
STATIC_PROGRAMS = ("netclsd-hook", "netclsd-hook-stub", "netclsd-nri", "netclsctl")
# Nobody's: docs/image.md
OWNER = 65532


def podman(*arguments):
    environment = {**os.environ, "CONTAINERS_STORAGE_CONF": str(BUILD / "storage.conf"),
                   "CONTAINERS_CONF": str(BUILD / "containers.conf")}
    return subprocess.run(["podman", *arguments], env=environment, check=True, capture_output=True, text=True).stdout


def inspect(image):
    return json.loads(podman("image", "inspect", image))[0]


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Path(podman("image", "mount", IMAGE).strip())
        cls.addClassCleanup(podman, "image", "unmount", IMAGE)
        cls.base = Path(podman("image", "mount", BASE).strip())
        cls.addClassCleanup(podman, "image", "unmount", BASE)

    def files(self, root):
        return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir() or path.is_symlink()}

    def program(self, name):
        return self.root / "usr" / "local" / "bin" / name

    def test_is_at_most_60_MB_above_its_base(self):
        above_bytes = inspect(IMAGE)["Size"] - inspect(BASE)["Size"]
        print(f"{above_bytes / 1e6:.1f} MB above its base")
        self.assertGreater(above_bytes, 0)
        self.assertLessEqual(above_bytes, ABOVE_BASE_MAX_BYTES)

    def test_programs_run(self):
        for name in PROGRAMS:
            done = subprocess.run(["chroot", self.root, f"/usr/local/bin/{name}", "--version"], capture_output=True,
                                  text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, rf"^{name} \d+\.\d+\.\d+ \({self.labels()['revision']}\)$")

    def test_hook_and_client_need_no_library(self):
        for name in STATIC_PROGRAMS:
            kind = subprocess.run(["file", "--brief", self.program(name)], capture_output=True, text=True).stdout
            self.assertIn("static-pie linked", kind)
            self.assertIn(", stripped", kind)

    def test_programs_belong_to_nobody_who_runs_and_cannot_be_written(self):
        for name in (*PROGRAMS, *STATIC_PROGRAMS):
            seen = self.program(name).stat()
            self.assertEqual((seen.st_uid, seen.st_gid, stat.filemode(seen.st_mode)), (OWNER, OWNER, "-r-xr-xr-x"))

    def test_has_no_build_tools_and_no_sources(self):
        added = self.files(self.root) - self.files(self.base)
        suspicious = [name for name in added
                      if Path(name).name in ("g++", "gcc", "cc", "ld", "cmake", "ninja", "git", "ccache", "make")
                      or name.startswith(("src/", "out/", "usr/include/", "mnt/")) or name.endswith((".a", ".h", ".cpp"))]
        self.assertEqual(suspicious, [])
        self.assertEqual({entry.name for entry in self.root.iterdir()}, {entry.name for entry in self.base.iterdir()})

    def test_tells_nothing_of_the_machine_that_built_it(self):
        here, there = self.base / "etc" / "apt", self.root / "etc" / "apt"
        self.assertEqual(self.files(there), self.files(here))
        for name in self.files(here):
            self.assertEqual((there / name).read_bytes(), (here / name).read_bytes(), name)

    def test_leaves_nothing_of_apt_s_work(self):
        for directory in ("var/lib/apt/lists", "var/cache/apt", "var/log"):
            self.assertEqual(self.files(self.root / directory), set(), directory)

    def test_the_bill_of_materials_names_the_programs(self):
        bill = json.loads((self.root / "usr/local/share/netclsd/netclsd.spdx.json").read_text())
        files = {file["fileName"]: file["checksums"] for file in bill["files"]}
        for name in {*PROGRAMS, *STATIC_PROGRAMS}:
            digest = hashlib.sha256(self.program(name).read_bytes()).hexdigest()
            self.assertIn({"algorithm": "SHA256", "checksumValue": digest}, files[f"./bin/{name}"], name)

    def labels(self):
        start = "org.opencontainers.image."
        return {key.removeprefix(start): value for key, value in inspect(IMAGE)["Labels"].items() if key.startswith(start)}

    def test_has_the_labels_of_the_OCI(self):
        labels = self.labels()
        self.assertEqual(labels["title"], "netclsd")
        self.assertEqual(labels["licenses"], "Apache-2.0")
        self.assertEqual(labels["base.name"], BASE)
        self.assertRegex(labels["version"], r"^\d+\.\d+\.\d+$")
        self.assertRegex(labels["revision"], r"^[0-9a-f]{12}$")
        self.assertIn("description", labels)

    def test_starts_the_agent(self):
        self.assertEqual(inspect(IMAGE)["Config"]["Entrypoint"], ["/usr/local/bin/netclsd"])


def main():
    if os.environ.get("NETCLSD_OWN_MOUNTS") != "yes":  # podman leaves its storage mounted
        os.environ["NETCLSD_OWN_MOUNTS"] = "yes"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, __file__])
    return run_class(Image)


if __name__ == "__main__":
    sys.exit(main())
