"""Rows of containerd: pods by the CRI, the hook by `netclsctl hook install`, or the NRI plugin."""

from pathlib import Path

from e2e.support import containerd as support
from e2e.support.container import CLASSID as ANNOTATION
from e2e.support.nri import NriPlugin

from .examination import CLASSID, COMMAND, MOUNT, write_image
from .installation import HookInstallation

_CONFIG = Path("/etc/containerd/config.toml")
_NRI_SOCKET = "/run/nri/nri.sock"

# As a cluster of today has it: nobody writes version 2 for containerd 2.
_VERSION_3 = """version = 3
root = "{top}/root"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
                    "io.containerd.snapshotter.v1.zfs"]

[grpc]
  address = "{top}/containerd.sock"

[plugins.'io.containerd.internal.v1.opt']
  path = "{top}/opt"

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{image}"

[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    conf_dir = "{top}/cni"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = 'io.containerd.runc.v2'
"""
# Disabled by default before containerd 2.
_WITH_NRI = """
[plugins."io.containerd.nri.v1.nri"]
  disable = false
"""
# The imitated v2 hierarchy has no controllers, and the CRI always sets cpu.shares.
_WITHOUT_LIMITS = """#!/usr/bin/python3
import json, os, sys
if "--bundle" in sys.argv:
    path = os.path.join(sys.argv[sys.argv.index("--bundle") + 1], "config.json")
    if os.path.exists(path):
        with open(path) as file:
            spec = json.load(file)
        for limit in ("cpu", "memory", "pids", "unified", "hugepageLimits"):
            spec["linux"].get("resources", {}).pop(limit, None)
        with open(path, "w") as file:
            json.dump(spec, file)
os.execv("%s", ["runc", *sys.argv[1:]])
"""


def write_wrapper(path, runc):
    """runc for the imitated v2 host: gives containers no limits."""
    path.write_text(_WITHOUT_LIMITS % runc)
    path.chmod(0o755)


class _Containerd:
    undo = None

    def __init__(self, host, agent, major, extra=""):
        self.host, self.agent, self.problems = host, agent, []
        self.containerd = support.Containerd(host, config_file=_CONFIG)
        text = _VERSION_3 if major >= 2 else support.CONFIGURATION
        host.seen(_CONFIG).write_text(text.format(top=self.containerd.top, image=support.IMAGE) + extra)
        self.containerd.start()
        self.containerd.import_image(write_image(self.containerd.top))

    def start(self):
        self.pod = support.Pod(self.containerd, "pod", {ANNOTATION: CLASSID})
        self.container = self.pod.start("web", *COMMAND, mounts=[
            {"container_path": MOUNT, "host_path": str(self.host.net_cls_mount), "readonly": True}])
        return self.container

    def exec(self, *command):
        self.container.exec(*command)

    def remove(self):
        self.pod.remove()


class WithHook(_Containerd):
    def __init__(self, host, agent, major):
        super().__init__(host, agent, major)
        self.installation = HookInstallation(host, agent, "containerd")
        self.containerd.restart()
        self.installation.check_status()
        self.problems = self.installation.problems

    def undo(self):
        """While containerd is away: else it has the hook in its memory, and a stub has to stay."""
        self.containerd.stop()
        self.containerd.process = None
        self.installation.remove()


class WithNri(_Containerd):
    def __init__(self, host, agent, major):
        super().__init__(host, agent, major, _WITH_NRI if major < 2 else "")
        NriPlugin(host, agent, _NRI_SOCKET).start()
