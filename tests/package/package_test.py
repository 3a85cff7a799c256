#!/usr/bin/python3
"""Makes the Debian package of a release build, installs it on a fresh Debian 12 and purges it again. Needs root, and the
base image in the storage that tests/image/build.sh made.

    tests/package/package_test.py BUILD_DIRECTORY

The last line is `N passed, N failed, N skipped`.
"""

import hashlib
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(REPOSITORY / "tests"))

from summary import run_class  # noqa: E402  (the path comes first)

IMAGE_BUILD = REPOSITORY / "build" / "image"
WORK = REPOSITORY / "build" / "package"
BASE = "docker.io/library/debian:bookworm-slim"
# The host's, lent while packages are installed; some machines reach Debian through a proxy with a certificate of its own.
LENT = ("/etc/apt", "/etc/resolv.conf", "/etc/ssl/certs", "/usr/share/keyrings")
# dpkg's own books, and what others' triggers write.
NOT_OURS = ("var/lib/dpkg/", "var/log/", "var/cache/", "var/lib/apt/", "var/lib/systemd/", "etc/ld.so.cache", "proc/", "dev/",
            "tmp/", "run/", *(lent.lstrip("/") for lent in LENT))
# Of 10, by systemd's own measure. The plugin has no capability and no network; it is root, and sees all processes.
EXPOSURE_MAX = {"netclsd.service": 4.0, "netclsd-carrier.service": 4.0, "netclsd-nri.service": 2.5}


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def make_package(build):
    WORK.mkdir(parents=True, exist_ok=True)
    for old in WORK.glob("*.deb"):
        old.unlink()
    run("cpack", "-G", "DEB", "--config", Path(build) / "CPackConfig.cmake", "-B", WORK)
    return next(WORK.glob("netclsd_*.deb"))


class FreshDebian:
    """The base image with a layer of our own above it, in the mount namespace of this process."""

    def __init__(self):
        environment = {**os.environ, "CONTAINERS_STORAGE_CONF": str(IMAGE_BUILD / "storage.conf"),
                       "CONTAINERS_CONF": str(IMAGE_BUILD / "containers.conf")}
        base = run("podman", "image", "mount", BASE, env=environment).strip()
        layers = Path("/mnt")
        run("mount", "-t", "tmpfs", "none", layers)
        self.root = layers / "root"
        for name in ("upper", "work", "root"):
            (layers / name).mkdir()
        run("mount", "-t", "overlay", "-o", f"lowerdir={base},upperdir={layers}/upper,workdir={layers}/work", "none", self.root)
        run("mount", "-t", "proc", "proc", self.root / "proc")
        run("mount", "--bind", "/dev", self.root / "dev")
        for lent in filter(os.path.exists, LENT):
            self._lend(lent)

    def _lend(self, path):
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.isdir(path):
            target.mkdir(exist_ok=True)
        else:
            target.touch()
        run("mount", "--bind", os.path.realpath(path), target)

    def run(self, *command):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        return run("chroot", self.root, *command, env=environment)

    def files(self):
        names = run("find", self.root, "-xdev", "-printf", "%P\\n").splitlines()
        return {name for name in names if not name.startswith(NOT_OURS)}


class Package(unittest.TestCase):
    build = None

    @classmethod
    def setUpClass(cls):
        cls.package = make_package(cls.build)
        cls.debian = FreshDebian()
        depends = run("dpkg-deb", "--field", cls.package, "Depends")
        cls.depends = {each.split()[0] for each in depends.split(",")}
        cls.debian.run("apt-get", "-q", "update")
        cls.debian.run("apt-get", "-q", "-y", "--no-install-recommends", "install", "systemd", *cls.depends)
        cls.before = cls.debian.files()
        (cls.debian.root / "tmp" / "netclsd.deb").write_bytes(cls.package.read_bytes())
        cls.debian.run("dpkg", "--install", "/tmp/netclsd.deb")

    def test_a_depends_on_the_agents_libraries_alone(self):
        self.assertTrue({"libcpp-httplib0.11", "libprometheus-cpp-core1.0", "libsystemd0", "libc6"} <= self.depends)
        self.assertEqual({each for each in self.depends if not each.startswith("lib")}, set())

    def test_b_programs_run_and_the_configuration_is_valid(self):
        for name in ("netclsd", "netclsd-carrier", "netclsd-hook", "netclsd-nri", "netclsctl"):
            self.assertIn(name, self.debian.run(name, "--version"))
        self.debian.run("netclsd", "--config", "/etc/netclsd/config.json", "--check-config")

    def test_c_the_configuration_is_the_administrators(self):
        self.assertEqual(run("dpkg-deb", "--info", self.package, "conffiles").split(), ["/etc/netclsd/config.json"])

    def is_wanted(self, unit):
        return (self.debian.root / "etc/systemd/system/multi-user.target.wants" / unit).is_symlink()

    def test_d_the_units_are_valid_and_the_agent_starts_at_boot(self):
        for unit in EXPOSURE_MAX:
            self.assertEqual(self.debian.run("systemd-analyze", "verify", unit), "")
        self.assertTrue(self.is_wanted("netclsd.service"))
        self.assertFalse(self.is_wanted("netclsd-nri.service"), "who wants the plugin enables it")
        self.debian.run("systemctl", "enable", "netclsd-nri.service")
        self.assertTrue(self.is_wanted("netclsd-nri.service"))

    def test_e_the_units_are_hardened(self):
        for unit, exposure_max in EXPOSURE_MAX.items():
            verdict = self.debian.run("systemd-analyze", "security", "--offline=true",
                                      f"--threshold={int(exposure_max * 10)}", unit).splitlines()[-1]
            print(verdict)

    def test_f_the_bill_of_materials_names_what_was_installed(self):
        bill = json.loads((self.debian.root / "usr/share/netclsd/netclsd.spdx.json").read_text())
        self.assertGreater(len(bill["files"]), 4)
        for file in bill["files"]:
            name = file["fileName"].removeprefix("./")
            below = self.debian.root / ("" if name.startswith("etc/") else "usr") / name
            expected = {"algorithm": "SHA256", "checksumValue": hashlib.sha256(below.read_bytes()).hexdigest()}
            self.assertIn(expected, file["checksums"], name)

    def test_g_a_new_version_replaces_it(self):
        self.debian.run("dpkg", "--install", "/tmp/netclsd.deb")
        self.debian.run("netclsd", "--version")
        self.assertTrue(self.is_wanted("netclsd-nri.service"), "what its administrator has enabled stays so")

    def test_h_purged_nothing_is_left(self):
        self.debian.run("dpkg", "--purge", "netclsd")
        self.assertEqual(self.debian.files() ^ self.before, set())


def main():
    if os.environ.get("NETCLSD_OWN_MOUNTS") != "yes":
        os.environ["NETCLSD_OWN_MOUNTS"] = "yes"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    Package.build = sys.argv[1]
    return run_class(Package)


if __name__ == "__main__":
    sys.exit(main())
