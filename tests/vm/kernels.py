"""The kernels of kernels.txt, unpacked below build/vm. Nothing is installed."""

import lzma
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .architectures import ARCHITECTURES, REPOSITORY, Architecture
from .boots import BOOTS

TOP = REPOSITORY / "build" / "vm"
TABLE = Path(__file__).with_name("kernels.txt")
# The packages that have the image and the modules. Their names begin so in all suites, and end with the version.
_PACKAGES = "^linux-(image|binary|modules)-[0-9]"
# What nftables, `ss`, tc and the networks of guest/carry.sh need of a kernel that has it as modules, where it has them at all.
MODULES = ("nf_tables", "inet_diag", "tcp_diag", "udp_diag", "veth", "dummy", "bridge", "sch_ingress", "cls_bpf", "sch_htb", "cls_fw",
           "cls_cgroup")


class FetchFailed(Exception):
    pass


@dataclass(frozen=True)
class Kernel:
    name: str
    suite: str
    architecture: Architecture
    package: str
    boots: tuple


def parse_table(text):
    kernels = []
    for line in text.splitlines():
        if not (words := line.partition("#")[0].split()):
            continue
        if len(words) != 5 or words[2] not in ARCHITECTURES or not set(words[4].split(",")) <= set(BOOTS):
            raise ValueError(f"not a name, a suite, an architecture, a package and ways to boot: {line!r}")
        name, suite, architecture, package, boots = words
        kernels.append(Kernel(name, suite, ARCHITECTURES[architecture], package, tuple(boots.split(","))))
    return kernels


def read_table():
    return parse_table(TABLE.read_text())


class Unpacked:
    """The files of one kernel."""

    def __init__(self, kernel):
        self.directory = TOP / kernel.name
        done = subprocess.run([REPOSITORY / "scripts/unpack-packages.sh", "--dependencies", _PACKAGES, "--architecture",
                               kernel.architecture.name, kernel.suite, self.directory, kernel.package], capture_output=True, text=True)
        if done.returncode != 0:
            raise FetchFailed(done.stderr.strip())
        self.version = done.stdout.split()[1].partition("-")[0]  # Debian's; the release may be an older one's, 6.1.0-50
        self.modules = self._only("lib/modules/*", "usr/lib/modules/*")
        self.release = self.modules.name
        self.image = self._only(f"boot/vmlinuz-{self.release}", f"usr/lib/modules/{self.release}/vmlinuz")

    def _only(self, *patterns):
        found = [path for pattern in patterns for path in self.directory.glob(pattern)]
        if len(found) != 1:
            raise FetchFailed(f"{self.directory} has {len(found)} of {' or '.join(patterns)}")
        return found[0]

    def write_modules(self, directory):
        """Those of MODULES and what they need, ready to be loaded in the order of the file `order`."""
        subprocess.run(["/usr/sbin/depmod", "--basedir", self.modules.parents[2], self.release], check=True,
                       stderr=subprocess.DEVNULL)  # it misses files that only tell what is built in
        order = load_order((self.modules / "modules.dep").read_text(), MODULES)
        for path in order:
            (directory / _plain_name(path)).write_bytes(_unpacked(self.modules / path))
        (directory / "order").write_text("".join(f"{_plain_name(path)}\n" for path in order))


def _plain_name(path):
    return Path(path).name.partition(".ko")[0] + ".ko"


def _unpacked(path):
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def load_order(modules_dep, wanted):
    """The paths of the wanted modules, each after those that it needs. A module that is not there is built in."""
    needs = {}
    for line in modules_dep.splitlines():
        path, _, others = line.partition(":")
        needs[path] = others.split()
    by_name = {_plain_name(path).removesuffix(".ko").replace("-", "_"): path for path in needs}
    order = []
    for name in wanted:
        if name not in by_name:
            continue
        # depmod has them all, the nearest first.
        for path in (*reversed(needs[by_name[name]]), by_name[name]):
            if path not in order:
                order.append(path)
    return order
