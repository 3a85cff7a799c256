"""A container that is registered after processes were exec'd into it: all of its processes get its class."""

import signal

from .support import kernel
from .support.case import EndToEndTest
from .support.waiting import eventually, eventually_equal


class LateRegistration(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.start_agent()
        self.container = self.make_container("late", stages=())

    def register(self):
        answer = self.agent.register(self.container.id, self.container.pid)
        self.assertEqual(answer.status, 201, answer)

    def assert_all_are_members(self, *entrants):
        """The entrants of before, and one that comes now: a path was found."""
        self.register()
        later = self.container.exec_detached("sleep", "1000")
        for pid in (self.container.pid, *entrants, later):
            eventually_equal("its group", lambda pid=pid: kernel.net_cls_path(pid), self.container.own_path())

    def test_with_an_entrant_that_has_mounts_of_its_own(self):
        self.container.start()
        entrant = self.container.exec_detached("busybox", "unshare", "-U", "-m", "sleep", "1000")
        eventually_equal("it has begun", lambda: kernel.comm(entrant), "sleep")
        self.assert_all_are_members(entrant)

    def test_with_an_entrant_of_as_many_groups_as_there_can_be(self):
        self.container.start()
        groups = [1_000_000 + number for number in range(65_536)]
        self.assert_all_are_members(
            self.container.exec_detached("sleep", "1000", user={"uid": 0, "gid": 0, "additionalGids": groups}))

    def test_in_the_hosts_pid_namespace(self):
        self.container.spec["linux"]["namespaces"].remove({"type": "pid"})
        self.container.write_spec()
        self.container.start()
        self.assert_all_are_members(self.container.exec_detached("sleep", "1000"))

    def unified(self, pid):
        return self.host.seen("/sys/fs/cgroup") / kernel.cgroup_paths(pid)[""].lstrip("/") / "cgroup.procs"

    def test_a_path_that_a_guest_shares_is_found_when_the_guest_has_left(self):
        self.container.start()
        other = self.make_container("other", stages=()).start()
        guest = other.exec_detached("sleep", "1000")
        self.unified(self.container.pid).write_text(str(guest))
        entrant = self.container.exec_detached("sleep", "1000")
        self.register()
        self.assertEqual(kernel.net_cls_path(entrant), kernel.own_net_cls_path())
        other.exec("busybox", "kill", "-KILL", "-1", check=False)
        eventually("the guest ends", lambda: not kernel.is_alive(guest))
        eventually_equal("the entrant's group", lambda: kernel.net_cls_path(entrant), self.container.own_path())
        self.agent.stop(signal.SIGKILL)
        self.agent.start()
        later = self.container.exec_detached("sleep", "1000")
        eventually_equal("its group", lambda: kernel.net_cls_path(later), self.container.own_path())
