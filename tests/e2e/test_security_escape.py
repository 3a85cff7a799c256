"""A tenant's process tries to leave its class, or to get another's: by what any process may do, and by what root in a
privileged container may do. The agent's audit is switched off where its events must be enough."""

import os
import signal

from .support import kernel
from .support.agent import Stopwatch
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually, eventually_equal

# tests/support/escape.cpp, and how many processes named `escapee` each leaves.
SHAPES = {"double-fork": 1, "unshare-cgroup": 1, "unshare-pid": 1, "unshare-everything": 1, "subreaper": 2,
          "chain-of-forks": 1, "hop": 2, "renamed": 5, "execs-again": 1, "leader-ends": 1, "stay": 1}
# The event of such a fork names a stranger.
PARENT_SHAPES = {"clone-parent": 1, "clone-parent-twice": 1}


class Escapes(EndToEndTest):
    def make_escapable(self, name="escape", command=("sleep", "1000")):
        container = self.make_container(name, *command, annotations={CLASSID: "10:1"}).make_privileged()
        container.add_program("escape")
        return container

    def assert_none_escaped(self, container):
        self.assertEqual(kernel.classid(container.own_group()), 0x100001)
        self.assert_exactly_in_group(container.processes_of_its_cgroup, container.own_group(), container.own_path())


class ByWhatAnyProcessMayDo(Escapes):
    def check_each(self, shapes, container, begin):
        expected = 1
        for shape, left in shapes.items():
            with self.subTest(shape):
                begin(shape)
                expected += left
                eventually_equal("processes of the container",
                                 lambda: len(container.processes_of_its_cgroup()), expected)
                self.assert_none_escaped(container)
        self.assertEqual(self.agent.request("POST", "/v1/sweep").json["strays"], 0)

    def test_no_way_of_making_a_process_leads_out_of_the_class(self):
        """The processes are entrants: none inherits the group, so each must be found by its events."""
        self.start_agent(audit_interval="1h")
        container = self.make_escapable().start()
        self.check_each(SHAPES, container, lambda shape: container.exec_detached("escape", shape))

    def test_nor_while_the_agent_stands_still(self):
        """All is over when the agent reacts: the process that made the escapee is gone."""
        self.start_agent(audit_interval="1h")
        container = self.make_escapable().start()

        def begin(shape):
            with self.agent.stopped():
                container.exec_detached("escape", shape)
                if shape != "stay":
                    eventually("it has ended", lambda: not self.is_at_it(container))
        self.check_each(SHAPES, container, begin)

    def test_a_child_that_calls_its_grandparent_parent_is_found_without_an_audit_and_counted(self):
        self.start_agent(audit_interval="1h")
        container = self.make_escapable().start()
        with self.agent.stopped():  # one that is placed in time leaves a child that needs nobody
            for _ in range(5):
                container.exec_detached("escape", "clone-parent-later")
            eventually_equal("those who wait", lambda: len(self.waiting(container)), 5)
            for pid in self.waiting(container):
                os.kill(pid, signal.SIGCONT)
            eventually("they have ended", lambda: not self.is_at_it(container))
        with Stopwatch() as watch:
            self.assert_none_escaped(container)
        self.assertEqual(len(container.processes_of_its_cgroup()), 1 + 5)
        self.assertEqual(self.agent.metrics().value("strays_repaired_total"), 5)
        self.assertEqual(self.agent.metrics().value("sweeps_total", cause="audit"), 0)
        print(f"\n    5 were found by the patrol, after {watch.ms:.0f} ms", end=" ", flush=True)

    def test_of_a_process_in_its_class_no_child_of_any_shape_needs_to_be_moved(self):
        self.start_agent(audit_interval="1h")
        shapes = [shape for shape in (*PARENT_SHAPES, *SHAPES) if shape != "stay"]
        container = self.make_escapable(command=(
            "sh", "-c", f"read -r _; for shape in {' '.join(shapes)}; do escape $shape; done; read -r _"))
        container.start_attached()
        eventually("the container runs", container.own_group().is_dir)
        self.assert_container_placed(container, 0x100001)
        before = self.agent.moves()
        container.process.stdin.write("go\n")
        container.process.stdin.flush()
        expected = 1 + sum({**SHAPES, **PARENT_SHAPES}[shape] for shape in shapes)
        eventually_equal("processes of the container", lambda: len(container.processes_of_its_cgroup()), expected)
        self.assert_none_escaped(container)
        self.assertEqual(self.agent.moves(), before)

    @staticmethod
    def waiting(container):
        return [pid for pid in container.processes_of_its_cgroup() if kernel.state(pid) == "T"]

    @staticmethod
    def is_at_it(container):
        def is_running(pid):
            try:
                return kernel.comm(pid) == "escape" and kernel.state(pid) != "Z"
            except OSError:
                return False
        return any(is_running(pid) for pid in container.processes_of_its_cgroup())


class ByWhatAPrivilegedContainerMayDo(Escapes):
    """With the net_cls hierarchy mounted for writing, and root: it can always leave, and is always put back."""

    def setUp(self):
        super().setUp()
        self.start_agent(audit_interval="1s")
        self.container = self.make_container("escape", "sh", annotations={CLASSID: "10:1"})
        self.container.make_privileged(self.host.net_cls_mount).start_attached()
        eventually("the container runs", self.container.own_group().is_dir)
        self.other = self.make_container("other", annotations={CLASSID: "10:2"}).start()
        self.assert_container_placed(self.container, 0x100001)

    def do(self, script):
        self.container.process.stdin.write(script + "\n")
        self.container.process.stdin.flush()

    def assert_put_back(self, kind, at_least=1):
        eventually(f"{kind} is counted", lambda: self.agent.metrics().value(kind) >= at_least)
        self.assert_container_placed(self.container, 0x100001)
        self.assert_container_placed(self.other, 0x100002)

    def test_a_process_that_moves_itself_into_the_root_group_is_put_back(self):
        self.do("echo 0 > /host/cgroup.procs")
        self.assert_put_back("strays_repaired_total")

    def test_a_process_that_moves_itself_into_another_containers_group_is_put_back(self):
        self.do(f"echo 0 > /host{self.other.own_path()}/cgroup.procs")
        self.assert_put_back("strays_repaired_total")

    def test_a_process_that_makes_a_group_of_its_own_is_put_back(self):
        self.do(f"cd /host/{self.host.parent}; mkdir own; echo 0x100002 > own/net_cls.classid; "
                "echo 0 > own/cgroup.procs; cd /")
        self.assert_put_back("strays_repaired_total")
        eventually("what it made is removed", lambda: "own" not in self.host.groups())

    def test_a_class_that_it_writes_into_its_own_group_is_written_over(self):
        self.do(f"echo 0x100002 > /host{self.container.own_path()}/net_cls.classid")
        self.assert_put_back("groups_repaired_total")

    def test_one_that_leaves_again_and_again_keeps_nobody_else_waiting(self):
        self.do("while true; do echo 0 > /host/cgroup.procs; done")
        newcomer = self.make_container("newcomer", annotations={CLASSID: "10:3"},
                                       hook_options=("--timeout", "10s", "--on-failure", "deny")).start()
        newcomer.exec_detached("sleep", "1000")
        self.assert_container_placed(newcomer, 0x100003)
        self.assert_container_placed(self.other, 0x100002)
        eventually("it is put back and counted", lambda: self.agent.metrics().value("strays_repaired_total") > 3)
        for container in (newcomer, self.other):
            container.delete()
            self.wait_released(container)
