"""The agent in a private cgroup namespace, as in every pod without privileges on a v2 host: all paths it reads are
relative to where it lives (/../x)."""

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually


class PrivateCgroupNamespace(EndToEndTest):
    def launcher(self, *hierarchies):
        """Goes into a group of its own in these hierarchies, then unshares: that group is `/` to the agent."""
        enter = "".join(f"mkdir -p {path}/{self.host.tag}-agent; echo $$ > {path}/{self.host.tag}-agent/cgroup.procs; "
                        for path in hierarchies)
        return ["/bin/sh", "-ec", enter + 'exec unshare --cgroup "$@"', "launcher"]

    def check(self, *hierarchies):
        self.start_agent(launcher=self.launcher(*hierarchies), audit_interval="1h")
        seen = kernel.cgroup_paths(self.agent.pid)
        self.assertEqual(seen[""], f"/{self.host.tag}-agent")
        container = self.make_container("relative", "sh", "-c", "sleep 1000 & sleep 1000 & wait",
                                        annotations={CLASSID: "10:1"}).start()
        for _ in range(20):
            container.exec_detached("sleep", "1000")
        eventually("all are there", lambda: len(container.members()) == 23)
        self.assert_container_placed(container, 0x100001)
        self.assertTrue(self.agent.container(container.id)["membership_path"].startswith(":/../"))
        self.agent.stop()
        self.agent.start()
        self.assertEqual(self.agent.moves(), {"register": 0, "fork": 0, "exec": 0, "sweep": 0})
        self.assert_container_placed(container, 0x100001)
        container.delete()
        self.wait_released(container)

    def test_own_group_in_the_unified_hierarchy(self):
        self.check("/sys/fs/cgroup")

    def test_own_group_in_net_cls_too(self):
        self.check("/sys/fs/cgroup", self.host.net_cls_mount)
