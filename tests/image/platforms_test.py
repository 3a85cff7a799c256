#!/usr/bin/python3
"""What is in the images for amd64 and arm64 that tests/image/build.sh --platforms made. Needs root.

The last line is `N passed, N failed, N skipped`.
"""

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

BUILD = REPOSITORY / "build" / "image-platforms"
LIST = "localhost/netclsd:test"
MACHINES = {"amd64": "x86-64", "arm64": "ARM aarch64"}  # as file calls them
DYNAMIC_PROGRAMS = ("netclsd", "netclsd-carrier")
PROGRAMS = (*DYNAMIC_PROGRAMS, "netclsd-hook", "netclsd-nri", "netclsctl")
OWNER = 65532


def podman(*arguments):
    environment = {**os.environ, "CONTAINERS_STORAGE_CONF": str(BUILD / "storage.conf"),
                   "CONTAINERS_CONF": str(BUILD / "containers.conf")}
    return subprocess.run(["podman", *arguments], env=environment, check=True, capture_output=True, text=True).stdout


class Platforms(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.listed = json.loads(podman("manifest", "inspect", LIST))["manifests"]
        ids = podman("images", "--quiet", "--no-trunc", "--filter", "label=org.opencontainers.image.title=netclsd").split()
        images = json.loads(podman("image", "inspect", *set(ids)))
        cls.images = {image["Architecture"]: image for image in images if image["Digest"] in cls.digests()}
        cls.roots = {}
        for architecture, image in cls.images.items():
            cls.roots[architecture] = Path(podman("image", "mount", image["Id"]).strip())
            cls.addClassCleanup(podman, "image", "unmount", image["Id"])

    @classmethod
    def digests(cls):
        return {each["digest"] for each in cls.listed}

    def test_the_list_has_one_image_for_each(self):
        platforms = [(each["platform"]["os"], each["platform"]["architecture"]) for each in self.listed]
        self.assertEqual(sorted(platforms), [("linux", "amd64"), ("linux", "arm64")])
        self.assertEqual(set(self.images), set(MACHINES))

    def test_programs_are_for_that_machine_and_nobody_can_write_them(self):
        for architecture, root in self.roots.items():
            for name in PROGRAMS:
                path = root / "usr/local/bin" / name
                kind = subprocess.run(["file", "--brief", path], capture_output=True, text=True).stdout
                self.assertIn(MACHINES[architecture], kind, name)
                self.assertIn("dynamically linked" if name in DYNAMIC_PROGRAMS else "static-pie linked", kind, name)
                seen = path.stat()
                self.assertEqual((seen.st_uid, seen.st_gid, stat.filemode(seen.st_mode)), (OWNER, OWNER, "-r-xr-xr-x"))

    def test_programs_for_arm64_run_with_the_libraries_of_their_image(self):
        root = self.roots["arm64"]
        for name in PROGRAMS:
            done = subprocess.run(["qemu-aarch64-static", "-L", root, root / "usr/local/bin" / name, "--version"],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(self.images["arm64"]["Labels"]["org.opencontainers.image.revision"], done.stdout)

    def test_nothing_else_differs_in_how_they_are_started(self):
        of = {architecture: image["Config"] for architecture, image in self.images.items()}
        self.assertEqual(of["arm64"], of["amd64"])

    def test_each_has_a_bill_of_materials_of_its_own_libraries(self):
        for architecture, root in self.roots.items():
            bill = json.loads((root / "usr/local/share/netclsd/netclsd.spdx.json").read_text())
            found = {reference["referenceLocator"].partition("arch=")[2].partition("&")[0]
                     for package in bill["packages"] if package["name"].startswith("lib")
                     for reference in package["externalRefs"]}
            self.assertEqual(found, {architecture, "all"})


if __name__ == "__main__":
    sys.exit(run_class(Platforms))
