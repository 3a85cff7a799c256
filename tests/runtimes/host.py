"""A host for one row: the directories that runtimes and `netclsctl hook` touch are empty and private, and the programs
of another Debian are where a host has them. A root directory of another Debian can be entered."""

import os
import signal
import subprocess
from pathlib import Path

from e2e.support import kernel
from e2e.support.host import V1, V2, Host
from e2e.support.host_tree import differences, shape
from e2e.support.node import TOUCHED
from e2e.support.programs import SYSTEM_PATH, program, tool
from e2e.support.waiting import eventually

# What `netclsctl hook` may change. The others of TOUCHED are the runtimes' own.
_OWN = ("/opt", "/etc/containerd", "/etc/containers", "/usr/share/containers")

_POLICY = '{"default": [{"type": "insecureAcceptAnything"}]}'
_PRIVATE = f"""
for directory in {" ".join(TOUCHED)}; do
  mkdir -p "$directory"
  mount -t tmpfs -o mode=755 tmpfs "$directory"
done
echo '{_POLICY}' > /etc/containers/policy.json
"""
# Not mounted on the files: runc makes an overlay of its program's directory, and would find the machine's own there.
_REPLACE = """
for directory in usr/sbin usr/bin; do
  if [ -d "$WORK/programs/$directory" ]; then
    mount -t overlay -o "lowerdir=$WORK/programs/$directory:/$directory" overlay "/$directory"
  fi
done
"""
# crun refuses a host that has v1 hierarchies and a v2 one with controllers.
_WITHOUT_UNIFIED = """
if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
if [ -d /sys/fs/cgroup/unified ]; then rmdir /sys/fs/cgroup/unified; fi
"""


class RuntimeHost(Host):
    def __init__(self, layout, programs, has_unified=True):
        """`programs`: path on the host → the file that is to be there."""
        self.replaced = programs
        self.has_unified = has_unified
        super().__init__({"v1": V1, "v2": V2}[layout])
        self.on_close(self._end_leftovers)  # the first, so that it runs last

    def _hold_namespace(self, script):
        self._link_programs()
        return super()._hold_namespace(_PRIVATE + _REPLACE + script + ("" if self.has_unified else _WITHOUT_UNIFIED))

    def _link_programs(self):
        for path, file in self.replaced.items():
            link = self.work / "programs" / path.lstrip("/")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)

    def _end_leftovers(self):
        """A runtime that has crashed leaves its shims and containers behind. They end with the row, which has failed."""
        found = processes_of(self._holder.pid, self.tag)
        for pid in found:
            _kill(pid)
        eventually("they have ended", lambda: not any(map(kernel.is_alive, found)))
        if found:
            raise AssertionError(f"still running after the row: {' '.join(sorted(set(found.values())))}")

    def hook(self, verb, *arguments):
        return self.run([program("netclsctl"), "hook", verb, *arguments])

    def places(self):
        return {place: shape(self.seen(place)) for place in _OWN if self.seen(place).is_dir()}


def processes_of(holder, tag):
    """pid → name of the live processes in the holder's mount namespace, and in cgroups whose name begins with the tag. Not
    in those of net_cls: an agent that is wrong might have put the whole machine there."""
    found = {}
    for pid in kernel.all_pids():
        try:
            is_inside = os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink(f"/proc/{holder}/ns/mnt")
            paths = kernel.cgroup_paths(pid)
            if paths is not None and pid != holder and (is_inside or _is_below(paths, tag)):
                found[pid] = kernel.comm(pid)
        except OSError:  # it has ended
            continue
    return found


def _is_below(paths, tag):
    return any(f"/{tag}" in path for controllers, path in paths.items() if "net_cls" not in controllers.split(","))


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def changed(before, after):
    """Paths that differ between two results of places()."""
    return [f"{place}/{path}" for place in sorted({*before, *after})
            for path in differences(before.get(place, {}), after.get(place, {}))]


# The machine's own devices, processes, cgroups and programs under test; all else is the tree's, and what is written goes
# into memory. pivot_root, because a program that is found in /proc/PID/root must find its files.
_ENTER = """
mount -t tmpfs -o mode=755 tmpfs "$TOP"
mkdir "$TOP/upper" "$TOP/scratch" "$TOP/root"
mount -t overlay -o "lowerdir=$TREE,upperdir=$TOP/upper,workdir=$TOP/scratch" overlay "$TOP/root"
cd "$TOP/root"
mkdir -p proc sys dev run tmp etc/containers var/lib/containers var/tmp root old "./$WORK" "./$BIN"
for each in proc sys dev; do mount --rbind "/$each" "$each"; done
mount --rbind "$WORK" "./$WORK"
mount --bind "$BIN" "./$BIN"
mount -t tmpfs -o mode=755 tmpfs run
[ -e etc/hosts ] || echo 127.0.0.1 localhost > etc/hosts
[ -e etc/passwd ] || echo root:x:0:0:root:/root:/bin/sh > etc/passwd
[ -e etc/group ] || echo root:x:0: > etc/group
[ -e etc/containers/policy.json ] || echo "$POLICY" > etc/containers/policy.json
pivot_root . old
cd /
"""


class Root:
    """Another Debian's root directory on `host`, in a mount namespace of its own: a node that runs that Debian."""

    inside, popen, run, seen = Host.inside, Host.popen, Host.run, Host.seen
    hook, places = RuntimeHost.hook, RuntimeHost.places

    def __init__(self, host, tree):
        self.host = host
        top = host.work / "root"
        top.mkdir()
        environment = {"PATH": SYSTEM_PATH, "TOP": str(top), "TREE": str(tree), "WORK": str(host.work), "POLICY": _POLICY,
                       "BIN": str(Path(program("netclsd")).parent)}
        self._holder = host.popen(
            [tool("unshare"), "--mount", "--propagation", "private", "/bin/bash", "-c",
             f"set -eu\n{_ENTER}\numount -l /old\necho ready\nread -r _ || true"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            env=environment)
        host.on_close(self._leave)
        if self._holder.stdout.readline() != "ready\n":
            raise AssertionError(f"cannot enter {tree}: {self._holder.stderr.read().strip()}")

    def _leave(self):
        for pid in processes_of(self._holder.pid, self.host.tag + "-podman"):
            _kill(pid)  # what podman has left behind
        self._holder.stdin.close()
        self._holder.wait()
        self._holder.stdout.close()
        self._holder.stderr.close()

    def __getattr__(self, name):
        return getattr(self.host, name)
