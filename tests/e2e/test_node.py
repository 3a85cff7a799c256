"""A node before the first agent and after the last one: netclsd --prepare and netclsd --clean-up."""

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.host import V1
from .support.programs import program, tool
from .support.waiting import eventually, eventually_equal


class NodeTest(EndToEndTest):
    def task(self, flag):
        return self.host.run([program("netclsd"), "--config", self.agent.config_file, flag])

    def assert_done(self, flag):
        done = self.task(flag)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assert_one_line(done.stdout)
        return done.stdout


class PrepareNode(NodeTest):
    def setUp(self):
        super().setUp()
        self.host.run(["umount", self.host.net_cls_mount])
        self.make_agent(net_cls={"mount": "auto", "parent": self.host.parent, "keep_mounted": True})
        self.mount_point = self.host.net_cls_mount = self.agent.state_dir / "net_cls"  # where the host cleans up, too

    def mounts(self):
        return [line.split()[1] for line in self.host.run(["cat", "/proc/self/mounts"]).stdout.splitlines()]

    def test_mounts_and_makes_the_parent_once(self):
        for _ in range(2):
            self.assertIn(str(self.mount_point), self.assert_done("--prepare"))
        self.assertEqual(self.mounts().count(str(self.mount_point)), 1)
        self.assertTrue((self.host.seen(self.mount_point) / self.host.parent).is_dir())

    def test_clean_up_unmounts(self):
        self.assert_done("--prepare")
        self.assertIn("unmounted", self.assert_done("--clean-up"))
        self.assertNotIn(str(self.mount_point), self.mounts())
        self.assertFalse(self.agent.state_dir.exists())

    def test_clean_up_of_a_hierarchy_that_is_mounted_nowhere(self):
        """An agent without privileges had it mounted in its own mount namespace."""
        prepared = self.host.run([tool("unshare"), "--mount", "--propagation", "private", program("netclsd"), "--config",
                                  self.agent.config_file, "--prepare"])
        self.assertEqual((prepared.returncode, prepared.stderr), (0, ""))
        self.assertNotIn(str(self.mount_point), self.mounts())
        self.assertEqual(kernel.own_net_cls_path(), "/", "its group keeps it alive")
        self.assertIn("unmounted", self.assert_done("--clean-up"))
        eventually_equal("net_cls", kernel.own_net_cls_path, kernel.NOT_MOUNTED)

    def test_clean_up_of_an_untouched_node(self):
        self.assert_done("--clean-up")
        self.assertFalse(self.agent.state_dir.exists())


class CleanUpNode(NodeTest):
    def setUp(self):
        super().setUp()
        self.start_agent()
        self.container = self.make_container("left", "sh", "-c", "sleep 1000 & sleep 1000 & wait",
                                             annotations={CLASSID: "10:1"}).start()
        eventually("its children", lambda: len(self.container.members()) == 3)
        self.assert_container_placed(self.container, 0x100001)

    def test_processes_go_back_and_nothing_stays(self):
        members = self.container.members()
        self.agent.stop()
        (self.container.own_group() / "inner").mkdir()
        (self.container.own_group() / "inner" / "cgroup.procs").write_text(str(self.container.pid))
        self.assertIn("3 processes", self.assert_done("--clean-up"))
        self.assertEqual({kernel.net_cls_path(pid) for pid in members}, {"/"})
        self.assertEqual(self.container.members(), members)
        self.assertFalse(self.host.group().exists())
        self.assertFalse(self.agent.state_dir.exists())
        self.assert_done("--clean-up")

    def test_refuses_while_an_agent_runs(self):
        done = self.task("--clean-up")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("another netclsd runs", done.stderr)
        self.assert_one_line(done.stderr)
        self.assert_container_placed(self.container, 0x100001)

    def test_a_group_that_the_hook_made_without_the_agent(self):
        self.agent.stop()
        self.host.use_default_parent()
        container = self.make_container("hooked", annotations={CLASSID: "10:1"}).start()
        self.assertTrue(container.own_group().is_dir())
        self.agent.start().stop()  # it takes the container up, group and all
        self.assert_done("--clean-up")
        self.assertFalse(container.own_group().exists())
        self.assertEqual(kernel.net_cls_path(container.pid), "/")


class CleanUpAdopted(NodeTest):
    layout = V1

    def test_the_runtimes_group_stays_without_its_class(self):
        self.start_agent()
        container = self.make_container("adopted", annotations={CLASSID: "10:1"}).start()
        group = self.host.seen(self.host.net_cls_mount) / kernel.net_cls_path(container.pid).lstrip("/")
        self.assertEqual(kernel.classid(group), 0x100001)
        others = group / "others"
        (group / "docker" / "inner").mkdir(parents=True)  # each copies its parent's class
        others.mkdir()
        (others / "net_cls.classid").write_text("7")
        self.agent.stop()
        self.assert_done("--clean-up")
        self.assertEqual([kernel.classid(each) for each in (group, group / "docker", group / "docker" / "inner")], [0] * 3)
        self.assertEqual(kernel.classid(others), 7)
        self.assertIn(container.pid, kernel.pids_in_group(group))
