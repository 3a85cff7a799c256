"""libcgroup beside us: cgclear and a restart of cgconfig empty and remove our groups, and cgrulesengd moves our processes.
The next audit restores the promise without anybody's help."""

import subprocess

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.libcgroup import Libcgroup
from .support.programs import program
from .support.waiting import eventually, eventually_equal


class LibcgroupTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.libcgroup = Libcgroup(self.host)
        self.start_agent(audit_interval="1s")
        self.container = self.make_container("web", "sh", "-c", "sleep 1000 & sleep 1000 & wait",
                                             annotations={CLASSID: "10:1"}).start()
        eventually("its children", lambda: len(self.container.members()) == 3)
        self.assert_container_placed(self.container, 0x100001)

    def assert_placed_again(self, container, raw_classid):
        eventually("its group is there", container.own_group().is_dir)
        eventually_equal("its class", lambda: kernel.classid(container.own_group()), raw_classid)
        self.assert_container_placed(container, raw_classid)

    def repairs(self, name):
        return self.agent.metrics().value(f"{name}_repaired_total")

    # --- cgclear, cgconfig ---

    def others_in_use(self):
        root = self.host.seen(self.host.net_cls_mount)
        return {path.name for path in root.glob("*/") if not path.name.startswith(self.host.tag)
                and any(kernel.pids_in_group(group) for group in (path, *path.rglob("*/")))}

    def clear(self):
        """The agent stands still meanwhile: an audit would be in the way."""
        if others := self.others_in_use():
            self.skipTest(f"cgclear would empty groups of others, too: {sorted(others)}")
        with self.agent.stopped():
            done = self.libcgroup.run("cgclear")
            self.assertEqual(self.host.groups(), set(), done.stderr)
            self.assertEqual({kernel.net_cls_path(pid) for pid in self.container.members()}, {"/"})

    def test_cgclear(self):
        self.clear()
        self.assert_placed_again(self.container, 0x100001)
        self.assertEqual((self.repairs("strays"), self.repairs("groups")), (3, 1))
        entrant = self.container.exec_detached("sleep", "1000")
        eventually_equal("the entrant's group", lambda: kernel.net_cls_path(entrant), self.container.own_path())
        after = self.make_container("after", annotations={CLASSID: "10:20"}).start()
        self.assert_container_placed(after, 0x100020)
        for container in (self.container, after):
            container.delete()
            self.wait_released(container)

    def test_a_hook_that_comes_before_any_audit(self):
        """The parent group is gone, too."""
        self.agent.stop()
        self.agent.configuration["audit_interval"] = "1h"
        self.agent.write_config()
        self.agent.start()
        self.clear()
        after = self.make_container("after", annotations={CLASSID: "10:20"}).start()
        self.assert_container_placed(after, 0x100020)

    def test_restart_of_cgconfig(self):
        mounted = [line.split() for line in self.host.run(["cat", "/proc/self/mounts"]).stdout.splitlines()]
        options = next(fields[3].split(",") for fields in mounted if fields[1] == str(self.host.net_cls_mount))
        mounts = "".join(f"  {name} = {self.host.net_cls_mount};\n" for name in ("net_cls", "net_prio")
                         if name in options)
        config = self.libcgroup.etc / "cgconfig.conf"
        config.write_text(f"mount {{\n{mounts}}}\n")
        self.clear()
        self.libcgroup.run("cgclear", "-l", config, "-e")  # what the service does when it is stopped, and
        self.libcgroup.run("cgconfigparser", "-l", config)  # started: the mount is there, and in use
        self.assert_placed_again(self.container, 0x100001)

    def test_a_mount_in_use_cannot_be_taken_away(self):
        done = self.host.run(["umount", self.host.net_cls_mount])
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("busy", done.stderr)

    # --- cgrulesengd ---

    def start_rules_daemon(self):
        """With a rule that takes each `sleep` of the host into a group of its own."""
        group = self.host.seen(self.host.net_cls_mount) / f"{self.host.tag}-rules"
        group.mkdir()
        daemon = self.libcgroup.start_rules_daemon(f"*:sleep net_cls {group.name}\n")
        self.addCleanup(daemon.stderr.close)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.terminate)
        probe = self.start_process()
        eventually_equal("the rule is applied", lambda: kernel.net_cls_path(probe.pid), f"/{group.name}")
        return daemon

    def test_cgrulesengd(self):
        daemon = self.start_rules_daemon()
        self.assert_container_placed(self.container, 0x100001)
        self.container.exec_detached("sleep", "1000")
        self.assert_container_placed(self.container, 0x100001)
        self.assertEqual(len(self.container.members()), 4)
        self.check_doctor(daemon)

    def check_doctor(self, daemon):
        """Where the daemon's own /etc is seen."""
        done = subprocess.run(["nsenter", f"--mount=/proc/{daemon.pid}/ns/mnt", program("netclsctl"), "--socket",
                               str(self.agent.socket), "doctor"], capture_output=True, text=True, timeout=60)
        line = next(line for line in done.stdout.splitlines() if "cgrulesengd" in line)
        self.assertTrue(line.startswith("warn"), line)
        self.assertIn(f"pid {daemon.pid} ", line)
        self.assertIn("take net_cls out of its rule \"*:sleep net_cls", done.stdout)
