"""A host for one test: a mount namespace with the cgroup layout the test wants, a directory of its own, and everything
undone at the end. Nothing is mounted in the machine's own namespace, so a killed test leaves no mount behind."""

import os
import shutil
import signal
import subprocess
import tempfile
import unittest
import uuid
from pathlib import Path

from . import kernel
from .programs import SYSTEM_PATH, tool
from .waiting import eventually

# cgroup v1, as on an older host: every v1 hierarchy of this machine and net_cls where a runtime looks for it.
V1 = "v1"
# cgroup v2 with net_cls mounted beside it, out of the runtime's sight.
V2 = "v2"
# The machine as it is, with all controllers of its runtimes, and net_cls mounted beside it as an installation does.
AS_IT_IS = "as-it-is"

# A hierarchy is mounted with all its controllers: many distributions keep net_prio with net_cls.
_CONTROLLERS = """
CONTROLLERS=$(awk '$1 == "net_cls" { cls = $2 } $1 == "net_prio" { prio = $2 }
                   END { print (cls && cls == prio) ? "net_cls,net_prio" : "net_cls" }' /proc/cgroups)
"""
_V2_SCRIPT = _CONTROLLERS + """
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p "$NET_CLS"
mount -t cgroup -o "$CONTROLLERS" net_cls "$NET_CLS"
"""
MOUNT_NET_CLS = _CONTROLLERS + """
mkdir -p "$NET_CLS"
mount -t cgroup -o "$CONTROLLERS" net_cls "$NET_CLS"
"""
# On a fresh tmpfs, because the machine's own /sys/fs/cgroup would keep the new directory.
_V1_SCRIPT = _CONTROLLERS + """
mkdir "$WORK/cgroup"
mount --rbind /sys/fs/cgroup "$WORK/cgroup"
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
for hierarchy in "$WORK"/cgroup/*/; do
  name=$(basename "$hierarchy")
  mkdir "/sys/fs/cgroup/$name"
  mount --bind "$hierarchy" "/sys/fs/cgroup/$name"
done
umount -l "$WORK/cgroup"
rmdir "$WORK/cgroup"
mkdir -p "$NET_CLS"
mountpoint -q "$NET_CLS" || mount -t cgroup -o "$CONTROLLERS" net_cls "$NET_CLS"
"""

_SCRIPTS = {V1: _V1_SCRIPT, V2: _V2_SCRIPT, AS_IT_IS: MOUNT_NET_CLS}


class Host:
    def __init__(self, layout=V2):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root")
        if layout == V1 and not Path("/sys/fs/cgroup/devices").is_dir():
            raise unittest.SkipTest("this machine has no cgroup v1 hierarchies")
        self.layout = layout
        self.tag = "netclsd-e2e-" + uuid.uuid4().hex[:8]  # begins every name we leave in a shared place
        self.work = Path(tempfile.mkdtemp(prefix="ne2e-"))  # short: Unix socket paths end at 107 characters
        self.net_cls_mount = Path("/sys/fs/cgroup/net_cls") if layout == V1 else self.work / "net_cls"
        self.prefix = self.tag.rpartition("-")[2]  # begins every container's id
        self.parent = self.tag
        self._closers = []
        self._holder = self._hold_namespace(_SCRIPTS[layout])

    def _hold_namespace(self, script):
        # The shell ends when the pipe to it closes, thus also when this process is killed; not by a terminal's Ctrl-C,
        # which comes before this process has cleaned up.
        holder = subprocess.Popen(
            [tool("unshare"), "--mount", "--propagation", "private", "/bin/bash", "-c",
             f"set -eu\n{script}\necho ready\nread -r _ || true"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={"PATH": SYSTEM_PATH, "WORK": str(self.work), "NET_CLS": str(self.net_cls_mount)})
        try:
            if holder.stdout.readline() != "ready\n":
                raise unittest.SkipTest(f"no {self.layout} layout on this machine: {holder.stderr.read().strip()}")
        except BaseException:  # an interruption, too
            holder.stdin.close()
            holder.wait()
            shutil.rmtree(self.work, ignore_errors=True)
            raise
        return holder

    # --- looking and acting from inside the namespace ---

    def inside(self, command, launcher=()):
        """The command as run in this host's mount namespace. Its pid stays that of the process started."""
        return [tool("nsenter"), f"--mount=/proc/{self._holder.pid}/ns/mnt", *launcher, *map(str, command)]

    def popen(self, command, launcher=(), **options):
        options.setdefault("env", self.environment())
        options.setdefault("cwd", self.work)
        return subprocess.Popen(self.inside(command, launcher), **options)

    def run(self, command, launcher=(), timeout_s=60, **options):
        options.setdefault("env", self.environment())
        options.setdefault("cwd", self.work)
        options.setdefault("text", True)
        options.setdefault("stdin", subprocess.DEVNULL if "input" not in options else None)
        if options["stdin"] is None:
            del options["stdin"]
        return subprocess.run(self.inside(command, launcher), capture_output=True, timeout=timeout_s, **options)

    @staticmethod
    def environment():
        return {"PATH": SYSTEM_PATH, "HOME": "/root", "LANG": "C.UTF-8"}

    def seen(self, path):
        """A path of this namespace, as seen from the test's own."""
        return Path(f"/proc/{self._holder.pid}/root") / str(path).lstrip("/")

    def group(self, *names):
        """A net_cls group below the agent's parent group."""
        return self.seen(self.net_cls_mount).joinpath(self.parent, *names)

    def groups(self, parent=None):
        """Names of the groups below the parent group: what the agent and the hook have made."""
        top = self.seen(self.net_cls_mount) / (parent or self.parent)
        if not top.is_dir():
            return set()
        return {str(path.relative_to(top)) for path in top.rglob("*/") if path.is_dir()}

    # --- the end ---

    def on_close(self, closer):
        """Called at the end, the latest first, whatever the others do; also when it is given during the end."""
        self._closers.append(closer)

    def close(self):
        """An interruption waits until all is undone."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
        try:
            self._close()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _close(self):
        problems = []
        try:
            while self._closers:
                try:
                    self._closers.pop()()
                except Exception as problem:  # the next closer must run
                    problems.append(problem)
            for hierarchy in self._hierarchies():
                for top in hierarchy.glob(self.tag + "*"):
                    _remove_tree_of_groups(top)
            self._leave_default_parent()
        finally:
            self._holder.stdin.close()
            self._holder.wait()
            self._holder.stdout.close()
            self._holder.stderr.close()
            shutil.rmtree(self.work, ignore_errors=True)
        if problems:
            raise problems[0]

    def use_default_parent(self):
        """The hook alone knows no configuration: it makes its groups below /netclsd."""
        self.parent = "netclsd"

    def _leave_default_parent(self):
        parent = self.seen(self.net_cls_mount) / "netclsd"
        for top in parent.glob(self.prefix + "*"):
            _remove_tree_of_groups(top)
        try:
            parent.rmdir()
        except OSError:
            pass  # not there, or in use by somebody else

    def _hierarchies(self):
        found = {self.seen(self.net_cls_mount)}
        top = self.seen("/sys/fs/cgroup")
        found.add(top)
        found.update(path for path in top.glob("*/") if (path / "cgroup.procs").exists())
        return found


def _remove_tree_of_groups(top):
    """Removes the groups at `top` and below. What still lives there is moved out, never killed: an agent that takes a
    shared path for a container's own would have put the whole machine there."""
    groups = [*(path for path in top.rglob("*/") if path.is_dir()), top]
    for group in sorted(groups, key=lambda path: len(path.parts), reverse=True):
        eventually(f"{group} is removed", lambda group=group: _removed(group, top.parent))


def _removed(group, refuge):
    try:
        for pid in kernel.pids_in_group(group):
            _move(pid, refuge)
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False  # somebody came in meanwhile, or is about to end
    return True


def _move(pid, group):
    try:
        (group / "cgroup.procs").write_text(str(pid))
    except ProcessLookupError:
        pass
