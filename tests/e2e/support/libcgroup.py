"""libcgroup's programs (Debian's cgroup-tools). They see an /etc of their own, and no hierarchy but net_cls: cgclear
empties all hierarchies that it sees, and 2.0.2 does not start beside a cgroup2 mount without controllers."""

import subprocess
from pathlib import Path

from .programs import tool

_ALONE = """
awk -v keep="$NET_CLS" '$3 ~ /^cgroup2?$/ && $2 != keep { print $2 }' /proc/mounts | tac |
  while read -r mount; do umount "$mount"; done
mount -t tmpfs none /run
cp /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache "$WORK/"
mount --bind "$WORK" /etc
exec "$@"
"""


class Libcgroup:
    def __init__(self, host):
        self.host = host
        self.etc = Path(host.work) / "libcgroup"
        for name in ("cgrules.d", "cgconfig.d"):
            (self.etc / name).mkdir(parents=True, exist_ok=True)
        (self.etc / "cgconfig.conf").write_text("")

    def _command(self, name, arguments):
        return self.host.inside([tool("unshare"), "--mount", "--propagation", "private", "/bin/bash", "-euc", _ALONE,
                                 name, tool(name), *arguments])

    def _environment(self):
        return {**self.host.environment(), "WORK": str(self.etc), "NET_CLS": str(self.host.net_cls_mount)}

    def run(self, name, *arguments):
        return subprocess.run(self._command(name, arguments), env=self._environment(), capture_output=True, text=True,
                              timeout=60)

    def start_rules_daemon(self, rules):
        """cgrulesengd, in the foreground."""
        (self.etc / "cgrules.conf").write_text(rules)
        return subprocess.Popen(self._command("cgrulesengd", ("-n", "-Q")), env=self._environment(),
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
