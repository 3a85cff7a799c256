"""A host with v1 hierarchies and the unified one, both in use by systemd."""

import json

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.host import AS_IT_IS, V1
from .support.waiting import eventually_equal


class SystemdDriver(EndToEndTest):
    """With --systemd-cgroup systemd puts init into its scope in all hierarchies; runc brings an exec'd process into the
    v1 hierarchies alone. Here runc has placed init itself, and is made to forget the unified hierarchy."""

    layout = AS_IT_IS

    def forget_the_unified_hierarchy(self, container):
        file = self.host.work / "runtime" / container.id / "state.json"
        state = json.loads(file.read_text())
        if state["cgroup_paths"].pop("", None) is None:
            self.skipTest("this runc does not use the unified hierarchy beside v1")
        file.write_text(json.dumps(state))

    def test_a_process_that_enters_the_v1_hierarchies_alone_is_placed_and_explained(self):
        self.start_agent(audit_interval="1h")
        container = self.make_container("hybrid", annotations={CLASSID: "10:1"}).start()
        self.forget_the_unified_hierarchy(container)
        entrant = container.exec_detached("sleep", "1000")
        paths = kernel.cgroup_paths(entrant)
        self.assertNotEqual(paths[""], container.spec["linux"]["cgroupsPath"])
        self.assertEqual(paths["pids"], container.spec["linux"]["cgroupsPath"])
        eventually_equal("its class", lambda: self.netclsctl_json("explain", str(entrant))["actual"], "10:1")
        self.assert_in_class(container, 0x100001)
        why = self.netclsctl_json("explain", str(entrant))
        self.assertEqual((why["container"], why["expected"], why["placed"]), (container.id, "10:1", True))


class SystemdDriverWithNetCls(SystemdDriver):
    """The same, and runc has a net_cls group for the container."""

    layout = V1
