"""A kernel that lacks something, or is dangerous: agent and doctor say so. A file bound over one in /proc stands in."""

import json

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.host import BARE
from .support.programs import program
from .support.waiting import eventually, eventually_equal

BIND = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c",
        'mount --bind "$0" "$1" && shift && exec "$@"']


class KernelTest(EndToEndTest):
    def with_file(self, path, text):
        """A launcher of a program that reads `text` in `path`. The mount is its own, and ends with it."""
        stand_in = self.host.work / path.strip("/").replace("/", "-")
        stand_in.write_text(text)
        return [*BIND, str(stand_in), path]

    def doctor(self, launcher):
        """check → (state, what is so and how to mend it)"""
        done = self.host.run([program("netclsctl"), "--socket", self.agent.socket, "-o", "json", "doctor"],
                             launcher=launcher)
        return {each["check"]: (each["state"], f'{each["message"]}: {each["mend"]}') for each in json.loads(done.stdout)}


class NetCls(KernelTest):
    def test_doctor_names_the_boot_parameter_that_forbids_it(self):
        self.make_agent()
        state, text = self.doctor(self.with_file("/proc/cmdline", "quiet cgroup_no_v1=all\n"))["net_cls"]
        self.assertEqual(state, "fail")
        self.assertIn("cgroup_no_v1=all", text)
        self.assertIn("boot again", text)

    def test_doctor_tells_a_kernel_without_it(self):
        self.make_agent()
        without = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nnet_prio\t0\t1\t1\n"
        state, text = self.doctor(self.with_file("/proc/cgroups", without))["net_cls"]
        self.assertEqual(state, "fail")
        self.assertIn("CONFIG_CGROUP_NET_CLASSID=y", text)


class Agent(KernelTest):
    layout = BARE

    def test_it_names_the_boot_parameter_that_forbids_it_and_ends(self):
        agent = self.make_agent(launcher=self.with_file("/proc/cmdline", "quiet cgroup_no_v1=net_cls\n"),
                                net_cls={"mount": "auto", "parent": self.host.parent}).start(wait_ready=False)
        self.assertEqual(agent.wait_end(), 1)
        self.assertIn("cgroup_no_v1=net_cls", agent.log().strip().splitlines()[-1])


class Favordynmods(KernelTest):
    """No test mounts a cgroup with that option: this machine's kernel could crash until its next boot."""

    def setUp(self):
        super().setUp()
        if not kernel.kernel_is_at_least(6, 18):
            self.skipTest("older kernels do not crash")
        self.favoring = self.with_file("/proc/1/mountinfo",
                                       "41 31 0:38 / /elsewhere rw - cgroup2 cgroup2 rw,favordynmods\n")

    def test_agent_and_doctor_warn(self):
        self.start_agent(launcher=self.favoring)
        self.assertIn("early_moves_forbidden", self.agent.log())
        self.assertEqual(self.agent.metrics().value("early_moves_forbidden"), 1)
        self.assertIn("/elsewhere", self.agent.get("/v1/status")["kernel_warnings"][0])
        self.assertIn("favordynmods", self.netclsctl("status").stdout)
        state, text = self.doctor(self.favoring)["favordynmods"]
        self.assertEqual(state, "warn")
        self.assertIn("/elsewhere", text)

    def test_a_mount_that_comes_later_is_noticed(self):
        """The stand-in is bound before the agent starts, and gets its text later."""
        stand_in = self.host.work / "proc-1-mountinfo"
        self.start_agent(launcher=self.with_file("/proc/1/mountinfo", ""))
        self.assertEqual(self.agent.metrics().value("early_moves_forbidden"), 0)
        self.assertEqual(self.agent.get("/v1/status")["kernel_warnings"], [])
        stand_in.write_text("41 31 0:38 / /elsewhere rw - cgroup2 cgroup2 rw,favordynmods\n")
        eventually_equal("it is noticed", lambda: self.agent.metrics().value("early_moves_forbidden"), 1, deadline_s=15)

    def test_children_are_in_all_the_same(self):
        self.start_agent(launcher=self.favoring)
        container = self.make_container("young", annotations={CLASSID: "10:1"}).start()
        container.exec_detached("sh", "-c", "for i in 1 2 3 4 5 6 7 8; do (sleep 1000 &) ; done; sleep 1000")
        eventually("they are born", lambda: len(container.members()) >= 10)
        self.assert_container_placed(container, 0x100001)
