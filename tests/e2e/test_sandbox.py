"""The privileges that the agent keeps after its start, and that they are enough."""

import os
import signal
import unittest
from pathlib import Path

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.kernel import kernel_is_at_least
from .support.programs import program
from .support.waiting import eventually, eventually_equal

NET_ADMIN = 1 << 12


def privileges(pid):
    """thread → the lines of its status that show its rights"""
    wanted = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
    found = {}
    for thread in Path(f"/proc/{pid}/task").iterdir():
        lines = dict(line.split(":", 1) for line in (thread / "status").read_text().splitlines())
        found[int(thread.name)] = {name: int(lines[name], 16) for name in wanted}
    return found


class Capabilities(EndToEndTest):
    def test_no_thread_has_more_than_what_the_kernel_asks_for(self):
        self.start_agent()
        needed = 0 if kernel_is_at_least(6, 6) else NET_ADMIN
        threads = privileges(self.agent.pid)
        self.assertGreater(len(threads), 1)
        for thread, has in threads.items():
            with self.subTest(thread=thread):
                self.assertEqual(has, {"CapInh": 0, "CapPrm": needed, "CapEff": needed, "CapBnd": 0, "CapAmb": 0,
                                       "NoNewPrivs": 1, "Seccomp": 2})

    def test_what_it_has_is_told(self):
        self.start_agent()
        line = next(line for line in self.agent.log().splitlines() if " confined " in line)
        self.assertIn("capabilities=" + ("none" if kernel_is_at_least(6, 6) else "net_admin"), line)
        self.assertIn("seccomp=kill", line)
        features = self.agent.get("/v1/status")["kernel_features"]
        self.assertIn("seccomp", features)
        if kernel_is_at_least(6, 6):
            self.assertIn("process events without a capability", features)

    def test_a_runtime_that_left_it_net_admin_alone_is_enough(self):
        """As in the chart's pod: without CAP_SETPCAP the bounding set stays what the runtime made it."""
        self.make_agent()
        prepared = self.host.run([program("netclsd"), "--config", self.agent.config_file, "--prepare"])
        self.assertEqual(prepared.returncode, 0, prepared.stderr)
        self.agent.launcher = ["setpriv", "--bounding-set=-all,+net_admin", "--inh-caps=-all"]
        self.agent.start()
        for has in privileges(self.agent.pid).values():
            self.assertEqual(has["CapEff"], 0 if kernel_is_at_least(6, 6) else NET_ADMIN)
            self.assertEqual((has["CapBnd"], has["CapAmb"], has["NoNewPrivs"]), (NET_ADMIN, 0, 1))
        container = self.make_container("one", annotations={CLASSID: "10:1"}).start()
        self.assert_container_placed(container, 0x100001)

    def test_the_buffer_is_a_large_one(self):
        self.start_agent(receive_buffer="64MiB")
        self.assertEqual(self.agent.metrics().value("receive_buffer_bytes"), 2 * (64 << 20))


class LateRegistration(EndToEndTest):
    """The agent finds a container's members by files that it may read without a privilege."""

    def setUp(self):
        super().setUp()
        self.make_agent()
        self.container = self.make_container("late", stages=()).start()
        self.entrant = self.container.exec_detached("sleep", "1000")

    def register(self):
        answer = self.agent.register(self.container.id, self.container.pid)
        self.assertEqual(answer.status, 201, answer)

    def test_entrants_before_and_after_are_members(self):
        self.agent.start()
        self.assertNotEqual(privileges(self.agent.pid), {})
        self.register()
        self.assert_container_placed(self.container, 0x100001)
        self.container.exec_detached("sleep", "1000")
        self.assert_container_placed(self.container, 0x100001)

    def unified(self, pid):
        return self.host.seen("/sys/fs/cgroup") / kernel.cgroup_paths(pid)[""].lstrip("/") / "cgroup.procs"

    def test_a_path_that_another_containers_process_shares_is_not_the_containers(self):
        other = self.make_container("other", stages=()).start()
        guest = other.exec_detached("sleep", "1000")  # its init, which would tell at once, stays where it is
        self.unified(self.container.pid).write_text(str(guest))
        self.agent.start()
        self.register()
        eventually_equal("init's group", lambda: kernel.net_cls_path(self.container.pid), self.container.own_path())
        self.assertEqual(self.agent.request("POST", "/v1/sweep").status, 200)
        self.assertEqual(kernel.net_cls_path(guest), kernel.own_net_cls_path())

    def test_a_path_that_a_process_of_the_host_shares_is_not_the_containers(self):
        guest = self.host.popen(["sleep", "1000"])
        self.host.on_close(lambda: (guest.kill(), guest.wait()))
        self.unified(self.container.pid).write_text(str(guest.pid))
        self.agent.start()
        self.register()
        self.assertEqual(self.agent.request("POST", "/v1/sweep").status, 200)
        self.assertEqual(kernel.net_cls_path(guest.pid), kernel.own_net_cls_path())


class Landlock(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.start_agent()
        if not any(each.startswith("landlock") for each in self.agent.get("/v1/status")["kernel_features"]):
            raise unittest.SkipTest("this kernel has no Landlock")

    def reload_is_taken(self):
        before = self.agent.metrics().value("config_reloads_total")
        self.agent.process.send_signal(signal.SIGHUP)
        eventually("the reload", lambda: self.agent.metrics().value("config_reloads_total") > before)

    def test_a_configuration_that_is_renamed_into_its_place_is_read(self):
        new = self.agent.config_file.with_suffix(".new")
        new.write_text(self.agent.config_file.read_text())
        new.rename(self.agent.config_file)
        self.reload_is_taken()

    def test_a_configuration_elsewhere_cannot_be_read_any_more(self):
        """Whatever an attacker makes the agent do, the kernel refuses it."""
        elsewhere = Path("/var/tmp") / (self.host.tag + ".json")
        elsewhere.write_text(self.agent.config_file.read_text())
        self.addCleanup(elsewhere.unlink)
        self.agent.config_file.unlink()
        self.agent.config_file.symlink_to(elsewhere)
        self.agent.process.send_signal(signal.SIGHUP)
        eventually("the reload fails", lambda: self.agent.metrics().value("config_reload_failures_total") == 1)
        self.assertIn("Permission denied", self.agent.log())

    def test_a_cgroup_mount_out_of_reach_is_left_out(self):
        """Such as one of a rootless runtime, below its user's directory, which root without capabilities cannot reach."""
        self.agent.stop()
        home = self.host.work / "home"
        (home / "cgroup").mkdir(parents=True)
        self.host.run(["mount", "--bind", "/sys/fs/cgroup", home / "cgroup"])
        os.chown(home, 65534, 65534)
        home.chmod(0o700)
        self.agent.start()
        self.assertIn(f"cgroup_mount_out_of_reach mount={home}/cgroup", self.agent.log())
        container = self.make_container("beside", annotations={CLASSID: "10:1"}).start()
        container.exec_detached("sleep", "1000")
        self.assert_container_placed(container, 0x100001)

    def test_it_is_switched_off_by_the_configuration(self):
        self.agent.stop()
        self.agent.configuration["sandbox"] = {"landlock": "off"}
        self.agent.write_config()
        self.agent.start()
        self.assertIn("landlock_abi=0", self.agent.log().rpartition(" confined ")[2])
