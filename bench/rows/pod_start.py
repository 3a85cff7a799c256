"""StartContainer of containerd 2, from the kubelet's side: without an NRI plugin, with one that answers at once, and with
ours. In each round one start of each, after a second in which nothing happens."""

import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from e2e.support.agent import Agent
from e2e.support.container import CLASSID
from e2e.support.containerd import Pod
from e2e.support.host import AS_IT_IS, Host
from e2e.support.nri import NriContainerd, NriPlugin
from e2e.support.programs import program
from e2e.support.waiting import eventually_equal

from ..support.processes import threads
from ..support.result import Result, of_median, percentile
from ..support.tracing import tracing

QUIET_S = 1
ADDED_MAX_MS = 15
WRITE = ("syscalls/sys_enter_write", "syscalls/sys_exit_write", "cgroup/cgroup_attach_task")
WHY_MISSED = ("The kernel's write to cgroup.procs waits for an RCU grace period, which the next line has. The rest is NRI's "
              "own cost, and what plugin and agent do.")


class NoPlugin:
    def start(self):
        return self

    def stop(self):
        pass


class AnsweringPlugin:
    def __init__(self, host, nri_socket):
        self._host, self._nri_socket, self._process = host, nri_socket, None
        host.on_close(self.stop)

    def start(self):
        self._process = self._host.popen([program("bench_answering_plugin"), self._nri_socket], stdout=subprocess.PIPE, text=True)
        if self._process.stdout.readline() != "registered\n":
            raise AssertionError("the plugin that answers at once is not registered")
        return self

    def stop(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._process = None


class Node:
    """containerd 2 with its usual cgroups, and an agent whose state is in memory, as /run is."""

    def __init__(self):
        self.host = Host(AS_IT_IS)
        try:
            fast = Path(tempfile.mkdtemp(prefix="nb-", dir="/dev/shm"))
            self.host.on_close(lambda: shutil.rmtree(fast, ignore_errors=True))
            self.agent = Agent(self.host, log={"level": "info", "format": "text"})
            self.agent.state_dir, self.agent.socket = fast, fast / "agent.sock"
            self.agent.configuration.update(state_dir=str(fast), socket=str(self.agent.socket))
            self.agent.write_config()
            self.agent.start()
            self.containerd = NriContainerd(self.host).start()
            self.containerd.import_test_image(programs=())
            self.pods = {"plain": Pod(self.containerd, "plain"), "gold": Pod(self.containerd, "gold", {CLASSID: "10:1"})}
            ours = NriPlugin(self.host, self.agent, self.containerd.nri_socket)
            self.variants = {"none": (NoPlugin(), "gold"),
                             "answering": (AnsweringPlugin(self.host, self.containerd.nri_socket), "gold"),
                             "ours, no class": (ours, "plain"), "ours": (ours, "gold")}
        except BaseException:
            self.host.close()
            raise

    def start_once(self, variant, number):
        """How long StartContainer took, and when: (ms, from, until), the latter in µs of the monotonic clock."""
        plugin, pod = self.variants[variant]
        plugin.start()
        try:
            return self._start(self.pods[pod], f"{variant.replace(' ', '').replace(',', '')}{number}")
        finally:
            plugin.stop()

    def _start(self, pod, name):
        config = {"metadata": {"name": name}, "image": {"image": "localhost/e2e:1"}, "command": ("sleep", "1000"),
                  "linux": {"security_context": {"namespace_options": {"network": "NODE", "pid": "CONTAINER"}}}}
        cri = self.containerd.cri
        identity = cri("CreateContainer", pod_sandbox_id=pod.id, config=config, sandbox_config=pod.config).container_id
        time.sleep(QUIET_S)
        began = time.monotonic()
        cri("StartContainer", container_id=identity)
        ended = time.monotonic()
        cri("StopContainer", container_id=identity, timeout=0)
        cri("RemoveContainer", container_id=identity)
        eventually_equal("containers", self.agent.containers, {})
        return (ended - began) * 1000, began * 1e6, ended * 1e6


def measure(session):
    try:
        node = Node()
    except unittest.SkipTest as reason:
        session.say(f"cannot be measured here: {reason}")
        return []
    try:
        return _measure(session, node)
    finally:
        node.host.close()


def _measure(session, node):
    names = list(node.variants)
    starts = {name: [] for name in names}
    with tracing(node, WRITE, threads(node.agent.pid)) as steps:
        for number in range(session.effort.pod_starts):
            for shift in range(len(names)):
                name = names[(number + shift) % len(names)]
                starts[name].append(node.start_once(name, number))
    moves = [_kernels_write_ms(steps, node.agent.pid, began, ended) for _, began, ended in starts["ours"]]
    walls = {name: [ms for ms, _, _ in found] for name, found in starts.items()}
    version = node.containerd.cri("Version", version="v1").runtime_version
    session.say(f"containerd {version}, medians in ms: " +
                ", ".join(f"{name} {percentile(each, 50):.1f}" for name, each in walls.items()))
    return _results(walls, moves, version)


def _results(walls, moves, version):
    def added(name, other="none"):
        return [a - b for a, b in zip(walls[name], walls[other])]

    writes = [sum(each) for each in moves]
    rest = [a - b for a, b in zip(added("ours"), writes)]
    return [
        of_median("pod start (StartContainer): with our NRI plugin and a class, less without a plugin", added("ours"), "ms",
                  limit=ADDED_MAX_MS, detail=walls, why_missed=WHY_MISSED, note=f"containerd {version}, paired"),
        of_median("  of it the kernel's: the agent's write to cgroup.procs", writes, "ms"),
        Result("  such writes for each start, at most", max(map(len, moves)), "writes", limit=1),
        of_median("  the rest", rest, "ms"),
        of_median("  with our plugin, no class asked for, less without a plugin", added("ours, no class"), "ms"),
        of_median("  with a plugin that answers at once, less without a plugin", added("answering"), "ms"),
        of_median("  without a plugin", walls["none"], "ms"),
    ]


def _kernels_write_ms(steps, thread, began_us, ended_us):
    """Of each write of the thread, in this time, in which the kernel moved a process."""
    found, entered_at, is_move = [], None, False
    for step in steps:
        if step.tid != thread or not began_us <= step.at_us <= ended_us:
            continue
        if step.what.startswith("sys_write("):
            entered_at, is_move = step.at_us, False
        elif step.what.startswith("cgroup_attach_task:"):
            is_move = True
        elif step.what.startswith("sys_write -> ") and entered_at is not None:
            if is_move:
                found.append((step.at_us - entered_at) / 1000)
            entered_at = None
    return found
