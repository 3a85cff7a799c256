"""A kernel that lacks something, or is dangerous: agent and doctor say so. A file bound over one in /proc stands in."""

import json

from .support.case import EndToEndTest
from .support.programs import program

BIND = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c",
        'mount --bind "$0" "$1" && shift && exec "$@"']


class KernelTest(EndToEndTest):
    def with_file(self, path, text):
        """A launcher of a program that reads `text` in `path`. The mount is its own, and ends with it."""
        stand_in = self.host.work / path.strip("/").replace("/", "-")
        stand_in.write_text(text)
        return [*BIND, str(stand_in), path]

    def doctor(self, launcher):
        """name → (verdict, text)"""
        done = self.host.run([program("netclsctl"), "--socket", self.agent.socket, "-o", "json", "doctor"],
                             launcher=launcher)
        return {check["name"]: (check["verdict"], check["text"]) for check in json.loads(done.stdout)["checks"]}


class NetCls(KernelTest):
    def test_doctor_names_the_boot_parameter_that_forbids_it(self):
        self.make_agent()
        verdict, text = self.doctor(self.with_file("/proc/cmdline", "quiet cgroup_no_v1=all\n"))["net_cls"]
        self.assertEqual(verdict, "fail")
        self.assertIn("cgroup_no_v1=all", text)
        self.assertIn("boot again", text)

    def test_doctor_tells_a_kernel_without_it(self):
        self.make_agent()
        without = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nnet_prio\t0\t1\t1\n"
        verdict, text = self.doctor(self.with_file("/proc/cgroups", without))["net_cls"]
        self.assertEqual(verdict, "fail")
        self.assertIn("CONFIG_CGROUP_NET_CLASSID=y", text)
