"""What somebody does to a running container's group by hand is repaired by the next audit, and counted."""

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually, eventually_equal


class ByHand(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.start_agent(audit_interval="1s")
        self.container = self.make_container("hand", "sh", "-c", "sleep 1000 & sleep 1000 & wait",
                                             annotations={CLASSID: "10:1"}).start()
        eventually("its children", lambda: len(self.container.members()) == 3)
        self.assert_container_placed(self.container, 0x100001)
        self.root = self.host.seen(self.host.net_cls_mount)
        self.assert_counted(strays=0, groups=0)

    def assert_counted(self, strays, groups):
        def counted():
            now = self.agent.metrics()
            return {"strays": now.value("strays_repaired_total"), "groups": now.value("groups_repaired_total")}
        eventually_equal("repairs", counted, {"strays": strays, "groups": groups})

    def move_by_hand(self, pids, group):
        for pid in pids:
            (group / "cgroup.procs").write_text(str(pid))

    def remove_group_by_hand(self):
        """The agent stands still meanwhile: an audit between the two steps would undo the first."""
        with self.agent.stopped():
            self.move_by_hand(self.container.members(), self.root)
            self.container.own_group().rmdir()

    def test_process_moved_out(self):
        self.move_by_hand([self.container.pid], self.root)
        self.assert_container_placed(self.container, 0x100001)
        self.assert_counted(strays=1, groups=0)

    def test_group_removed(self):
        self.remove_group_by_hand()
        eventually("the group is there again", self.container.own_group().is_dir)
        eventually_equal("its class", lambda: kernel.classid(self.container.own_group()), 0x100001)
        self.assert_container_placed(self.container, 0x100001)
        self.assert_counted(strays=3, groups=1)

    def test_entrant_while_the_group_is_removed(self):
        self.remove_group_by_hand()
        entrant = self.container.exec_detached("sleep", "1000")
        eventually_equal("the entrant's group", lambda: kernel.net_cls_path(entrant), self.container.own_path())
        self.assert_container_placed(self.container, 0x100001)

    def test_classid_overwritten(self):
        (self.container.own_group() / "net_cls.classid").write_text("4711")
        eventually_equal("its class", lambda: kernel.classid(self.container.own_group()), 0x100001)
        self.assert_container_placed(self.container, 0x100001)
        self.assert_counted(strays=0, groups=1)

    def test_stranger_written_into_the_group(self):
        stranger = self.host.popen(["sleep", "1000"])
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        home = kernel.net_cls_path(stranger.pid)
        self.move_by_hand([stranger.pid], self.container.own_group())
        eventually_equal("the stranger's group", lambda: kernel.net_cls_path(stranger.pid), home)
        self.assert_container_placed(self.container, 0x100001)

    def test_container_ends_while_its_group_is_gone(self):
        self.remove_group_by_hand()
        self.container.delete()
        self.wait_released(self.container)
