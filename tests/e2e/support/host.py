"""A host for one test: a mount namespace with the cgroup layout that the test wants, and a directory of its own.
Everything is undone at the end. Nothing is mounted in the machine's own namespace, so a killed test leaves no mount
behind."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
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
# cgroup v2 and no net_cls, like a node before a container needs a class.
BARE = "bare"
# The machine as it is, with all controllers of its runtimes, and net_cls mounted beside it as an installation does.
AS_IT_IS = "as-it-is"
# cgroup v2, and net_cls in one hierarchy with a controller that is unused here, as it may be with cpu or memory.
TOGETHER = "together"

# A hierarchy is mounted with all its controllers: many distributions keep net_prio with net_cls.
_CONTROLLERS = """
CONTROLLERS=$(awk '$1 == "net_cls" { cls = $2 } $1 == "net_prio" { prio = $2 }
                   END { print (cls && cls == prio) ? "net_cls,net_prio" : "net_cls" }' /proc/cgroups)
# The mount of Debian 13 fails while a hierarchy that was mounted before is still ending.
mount_net_cls() {
  for _ in $(seq 30); do
    if mount -t cgroup -o "$CONTROLLERS" net_cls "$NET_CLS" 2> /dev/null; then return; fi
    sleep 0.1
  done
  mount -t cgroup -o "$CONTROLLERS" net_cls "$NET_CLS"
}
"""
_V2_SCRIPT = _CONTROLLERS + """
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p "$NET_CLS"
mount_net_cls
"""
MOUNT_NET_CLS = _CONTROLLERS + """
mkdir -p "$NET_CLS"
mount_net_cls
"""
# Shared, as systemd has it: what is mounted there is seen in the namespaces that are made from it.
_BARE_SCRIPT = """
mount -t cgroup2 none /sys/fs/cgroup
mount --make-rshared /
"""
_TOGETHER_SCRIPT = _CONTROLLERS + """
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p "$NET_CLS"
for other in perf_event hugetlb; do
  if mount -t cgroup -o "net_cls,$other" net_cls "$NET_CLS" 2> "$WORK/mount.log"; then break; fi
done
mountpoint -q "$NET_CLS" || { cat "$WORK/mount.log" >&2; exit 1; }
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
mountpoint -q "$NET_CLS" || mount_net_cls
"""

_SCRIPTS = {V1: _V1_SCRIPT, V2: _V2_SCRIPT, BARE: _BARE_SCRIPT, AS_IT_IS: MOUNT_NET_CLS,
            TOGETHER: _TOGETHER_SCRIPT}


def end_unmounted_hierarchy():
    """Ends a net_cls hierarchy that lives on after its last unmount. That happens if a removed group was not freed yet
    at the end of a test, or if a killed test left an empty group. Mounting and unmounting it once more ends it."""
    script = f"""
    NET_CLS=$(mktemp -d)
    {MOUNT_NET_CLS}
    find "$NET_CLS" -mindepth 1 -depth -type d -path "$NET_CLS/netclsd*" -exec rmdir {{}} + 2>/dev/null || true
    umount "$NET_CLS"
    rmdir "$NET_CLS"
    """
    for _ in range(10):
        if kernel.own_net_cls_path() == kernel.NOT_MOUNTED:
            return
        subprocess.run([tool("unshare"), "--mount", "--propagation", "private", "/bin/bash", "-euc", script], check=True,
                       env={"PATH": SYSTEM_PATH})
        try:
            eventually("it has ended", lambda: kernel.own_net_cls_path() == kernel.NOT_MOUNTED, deadline_s=1)
        except AssertionError:
            continue
    raise unittest.SkipTest("somebody has net_cls mounted on this machine")


class Host:
    def __init__(self, layout=V2):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root")
        if layout == V1 and not Path("/sys/fs/cgroup/devices").is_dir():
            raise unittest.SkipTest("this machine has no cgroup v1 hierarchies")
        if layout in (BARE, TOGETHER):
            end_unmounted_hierarchy()
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
        """`closer` runs at the end, the latest first, even if others fail, and also if it is added during the end."""
        self._closers.append(closer)

    def close(self):
        """Undoes everything; an interruption waits until that is done."""
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
            if self.layout == TOGETHER:  # no other test could mount net_cls
                eventually("net_cls is in no hierarchy with others", lambda: not _is_together() or _remount())
            shutil.rmtree(self.work, ignore_errors=True)
        if problems:
            raise problems[0]

    def use_default_parent(self):
        """For tests without an agent: the hook has no configuration and makes its groups below /netclsd."""
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


def _is_together():
    lines = (line.split() for line in Path("/proc/cgroups").read_text().splitlines())
    hierarchy = {fields[0]: fields[1] for fields in lines}
    return hierarchy["net_cls"] != "0" and hierarchy["net_cls"] in (hierarchy.get("perf_event"), hierarchy.get("hugetlb"))


def _remount():
    """Has no effect if it is in use. Always returns False: the caller checks the result."""
    with tempfile.TemporaryDirectory() as directory:
        for other in ("perf_event", "hugetlb"):
            script = f'mount -t cgroup -o net_cls,{other} net_cls "$1" && umount "$1"'
            subprocess.run([tool("unshare"), "--mount", "--propagation", "private", "sh", "-c", script, "sh", directory],
                           stderr=subprocess.DEVNULL, env={"PATH": SYSTEM_PATH}, check=False)
    time.sleep(0.2)  # it vanishes some time after it was unmounted
    return False


def _remove_tree_of_groups(top):
    """Removes the groups at `top` and below. Processes that still live there are moved out, never killed: an agent that
    mistakes a shared path for a container's own would have put the whole machine there."""
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
        return False  # a process came in meanwhile, or is about to end
    return True


def _move(pid, group):
    try:
        (group / "cgroup.procs").write_text(str(pid))
    except ProcessLookupError:
        pass
