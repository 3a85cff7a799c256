"""A node of a cluster: this machine, but every directory that an installation touches is empty and private."""

import hashlib
import os
from pathlib import Path

from .host import AS_IT_IS, MOUNT_NET_CLS, Host

TOUCHED = ("/run", "/opt", "/etc/containerd", "/etc/containers", "/usr/share/containers", "/var/lib/containers")

# Shared, as on a node: all see what a pod mounts there.
_SCRIPT = f"""
for directory in {" ".join(TOUCHED)}; do
  mkdir -p "$directory"
  mount -t tmpfs -o mode=755 tmpfs "$directory"
done
mount --make-rshared /
"""


class Node(Host):
    """Has no net_cls hierarchy until it is mounted where the chart has it."""

    def __init__(self):
        super().__init__(AS_IT_IS)
        self.net_cls_mount = Path("/run/netclsd/net_cls")

    def _hold_namespace(self, script):
        return super()._hold_namespace(_SCRIPT)

    def snapshot(self):
        """Everything in the touched directories: path → mode, owner, group and a hash of its content. Not the runtime's
        own state, which changes with every pod."""
        found = {}
        for top in map(self.seen, TOUCHED):
            for directory, names, files in os.walk(top):
                here = "/" / Path(directory).relative_to(self.seen("/"))
                if here == Path("/run"):
                    names.remove("containerd")
                for name in (*names, *files):
                    found[str(here / name)] = _describe(Path(directory, name))
        return found

    def mount_net_cls_again(self):
        """Mounts the hierarchy to see what is left in it."""
        self.net_cls_mount = self.work / "net_cls"
        done = self.run(["bash", "-euc", MOUNT_NET_CLS], env={**self.environment(), "NET_CLS": str(self.net_cls_mount)})
        done.check_returncode()

    def is_net_cls_mounted(self):
        mounts = self.seen(f"/proc/{self._holder.pid}/mountinfo").read_text()
        return any(line.split()[4] == str(self.net_cls_mount) for line in mounts.splitlines())


def _describe(path):
    status = path.lstat()
    content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
    return oct(status.st_mode), status.st_uid, status.st_gid, hashlib.sha256(content).hexdigest()
