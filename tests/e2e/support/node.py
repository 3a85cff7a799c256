"""A node of a cluster: this machine, where what an installation touches is empty and private."""

from .host import AS_IT_IS, Host

TOUCHED = ("/run", "/opt", "/etc/containerd", "/etc/containers", "/usr/share/containers", "/var/lib/containers")

# Shared, as on a node: what a pod mounts there is seen by all.
_SCRIPT = f"""
for directory in {" ".join(TOUCHED)}; do
  mkdir -p "$directory"
  mount -t tmpfs -o mode=755 tmpfs "$directory"
done
mount --make-rshared /
"""


class Node(Host):
    """Without a net_cls hierarchy, until somebody mounts it where the chart has it."""

    def __init__(self):
        super().__init__(AS_IT_IS)

    def _hold_namespace(self, script):
        return super()._hold_namespace(_SCRIPT)
