"""Registrations with false claims about the process or the container. Only root can make them. The agent believes them
as far as the kernel confirms them."""

import json
import os
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASS, CLASSID
from .support.waiting import eventually, eventually_equal

_LAST_PID = Path("/proc/sys/kernel/ns_last_pid")
# Names of files that every group has, and what could lead out of a directory or end a string early.
CONTROL_FILES = ("tasks", "cgroup.procs", "net_cls.classid", "notify_on_release", "cgroup.clone_children")
BAD_IDS = ("../escape", "a/../../escape", "..", ".", ".hidden", "a\0b", "a\nb", "a/b", "x" * 201, "~", "$(id)", "a;b",
           "%2e%2e", "\u202eab")


class Lies(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.start_agent(audit_interval="1h")

    def put(self, name, pid, **fields):
        body = {"pid": pid, "annotations": {CLASSID: "10:1"}, "source": "hook", **fields}
        return self.agent.request("PUT", "/v1/containers/" + quote(f"{self.host.prefix}-{name}", safe=""), body)

    def assert_untouched(self, *pids):
        self.assertEqual({kernel.net_cls_path(pid) for pid in pids}, {kernel.own_net_cls_path()})


class AboutTheProcess(Lies):
    def start_as(self, pid):
        """A process of the host with a reused pid."""
        def attempt():
            _LAST_PID.write_text(str(pid - 1))
            process = subprocess.Popen(["sleep", "1000"])
            if process.pid == pid:
                return process
            process.kill()
            process.wait()
            return None
        process = eventually(f"a process gets the number {pid}", attempt)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def die_and_be_followed(self):
        """What a hook saw, and which process has the pid now."""
        seen = self.host.popen(["sleep", "1000"])
        start_time = kernel.start_time(seen.pid)
        seen.kill()
        seen.wait()
        time.sleep(0.05)  # start times have hundredths of a second: no machine uses all pids within one
        follower = self.start_as(seen.pid)
        self.assertNotEqual(kernel.start_time(follower.pid), start_time)
        return follower, start_time

    def test_a_number_that_another_process_has_by_now_is_refused(self):
        follower, start_time = self.die_and_be_followed()
        answer = self.put("recycled", follower.pid, start_time=start_time)
        self.assertEqual(answer.status, 409, answer)
        self.assert_untouched(follower.pid)
        self.assertEqual(self.host.groups(), set())

    def test_nor_is_it_believed_of_the_spool(self):
        follower, start_time = self.die_and_be_followed()
        entry = {"version": 1, "id": f"{self.host.prefix}-recycled", "pid": follower.pid, "start_time": start_time,
                 "bundle": "/bundle", "annotations": {CLASSID: "10:1"}, "source": "hook"}
        self.agent.spool.joinpath("recycled.json").write_text(json.dumps(entry))
        eventually_equal("files in the spool", self.agent.spool_files, set())
        self.assert_untouched(follower.pid)
        self.assertEqual(self.agent.containers(), {})

    def test_nor_of_a_kept_registration_when_the_agent_starts(self):
        container = self.make_container("kept", annotations={CLASSID: "10:1"}, stages=("prestart",)).start()
        pid, start_time = container.pid, kernel.start_time(container.pid)
        self.agent.stop()
        container.delete()
        follower = self.start_as(pid)
        self.assertNotEqual(kernel.start_time(pid), start_time)
        self.agent.start()
        self.assert_untouched(follower.pid)
        eventually_equal("containers", self.agent.containers, {})

    def test_a_wrong_start_time_is_refused(self):
        stranger = self.start_process()
        for lie in (0, 1, kernel.start_time(stranger.pid) + 1, (1 << 64) - 1):
            with self.subTest(lie):
                self.assertEqual(self.put("lie", stranger.pid, start_time=lie).status, 409)
        self.assert_untouched(stranger.pid)

    def test_a_process_of_the_host_takes_nobody_of_its_cgroup_along(self):
        """Root may register it; its path is shared, so only its own children follow."""
        stranger, neighbour = self.start_process(), self.start_process()
        self.assertEqual(self.put("host", stranger.pid).status, 201)
        self.agent.request("POST", "/v1/sweep")
        self.assertEqual(kernel.net_cls_path(stranger.pid), f"/{self.host.parent}/{self.host.prefix}-host")
        self.assert_untouched(neighbour.pid, os.getpid())
        self.assertEqual(kernel.pids_in_group(self.host.group()), {stranger.pid})

    def test_neither_pid_one_nor_a_kernel_thread_nor_the_agent_moves_the_host(self):
        before = kernel.net_cls_path(1)
        for pid in (2, self.agent.pid):  # 2: kthreadd
            self.put("special", pid)
            self.assertLessEqual(kernel.pids_in_group(self.host.group()), {pid})
            self.agent.request("DELETE", f"/v1/containers/{self.host.prefix}-special?force=true")
        self.assertEqual(kernel.net_cls_path(1), before)


class AboutTheContainer(Lies):
    def setUp(self):
        super().setUp()
        self.one = self.make_container("one", annotations={CLASSID: "10:1"}).start()
        self.two = self.make_container("two", annotations={CLASSID: "10:2"}).start()

    def check_unchanged(self):
        self.assert_container_placed(self.one, 0x100001)
        self.assert_container_placed(self.two, 0x100002)
        self.assertEqual(set(self.agent.containers()), {self.one.id, self.two.id})

    def test_another_containers_init_is_not_registered_again(self):
        """To a hook that is no failure: gVisor names its sandbox for each container of a pod."""
        lie = {"annotations": {CLASSID: "10:2"}}
        self.assertEqual(self.put("three", self.one.pid, source="api", **lie).status, 409)
        answer = self.put("three", self.one.pid, source="hook", **lie)
        self.assertEqual((answer.status, answer.json["managed"]), (200, False))
        self.check_unchanged()

    def test_another_containers_id_is_refused(self):
        for pid in (self.two.pid, self.start_process().pid):
            self.assertEqual(self.put("one", pid, annotations={CLASSID: "10:2"}).status, 409)
        self.check_unchanged()

    def test_a_process_in_another_containers_group_does_not_get_that_group(self):
        stranger = self.start_process()
        (self.one.own_group() / "cgroup.procs").write_text(str(stranger.pid))
        self.put("thief", stranger.pid, annotations={CLASSID: "10:2"})
        self.assertEqual(kernel.classid(self.one.own_group()), 0x100001)
        self.assertNotEqual(kernel.net_cls_path(stranger.pid), self.one.own_path())


class AboutNames(Lies):
    def outside(self):
        """Everything around: below the hierarchy's root except the groups of others, and beside the agent's files."""
        root = self.host.seen(self.host.net_cls_mount)
        files = {str(path.relative_to(self.host.work)) for path in self.host.work.rglob("*")
                 if "net_cls" not in path.parts}
        return {path.name for path in root.iterdir() if path.is_file()}, files, self.host.groups()

    def test_no_id_leads_out_of_the_parent_group_or_the_state_directory(self):
        stranger = self.start_process()
        before = self.outside()
        for container_id in BAD_IDS:
            with self.subTest(container_id):
                answer = self.agent.register(container_id, stranger.pid)
                self.assertIn(answer.status, (400, 404), answer)
        self.assertEqual(self.outside(), before)
        self.assert_untouched(stranger.pid)

    def test_the_name_of_a_control_file_is_no_group(self):
        stranger = self.start_process()
        parent = self.host.group()
        parent.mkdir(exist_ok=True)
        before = {name: (parent / name).read_text() for name in CONTROL_FILES}
        for name in CONTROL_FILES:
            with self.subTest(name):
                answer = self.agent.register(name, stranger.pid)
                self.assertGreaterEqual(answer.status, 400, answer)
        self.assertEqual({name: (parent / name).read_text() for name in CONTROL_FILES}, before)
        self.assert_untouched(stranger.pid)
        self.assertEqual(self.agent.containers(), {})
        self.assertTrue(self.agent.is_ready())

    def test_what_a_tenant_writes_forges_no_line_of_the_log_and_no_metric(self):
        forged = 'x\n2026-01-01T00:00:00.000Z info container_registered container=forged\x1b[2J"} 1\nnetclsd_ready 0'
        stranger = self.start_process()
        for annotations in ({CLASS: forged}, {CLASSID: forged}, {forged: forged}):
            self.put("forged", stranger.pid, annotations=annotations, hook_version=forged, bundle=forged,
                     cgroups_path=forged)
        self.assertNotIn("container=forged", "".join(
            line for line in self.agent.log().splitlines() if line.startswith("2026-01-01T00:00:00.000Z")))
        self.assertEqual([line for line in self.agent.log().splitlines() if "\x1b" in line], [])
        self.assertNotIn("forged", self.agent.metrics_text())
        self.assertEqual(self.agent.metrics().value("ready"), 1)

    def test_a_processs_name_writes_nothing_on_the_terminal_of_who_looks(self):
        container = self.make_container("names", "sh", annotations={CLASSID: "10:1"})
        container.add_program("escape")
        container.start_attached()
        eventually("the container runs", container.own_group().is_dir)
        container.process.stdin.write("escape renamed\n")
        container.process.stdin.flush()
        eventually("its processes", lambda: len(container.members()) == 6)
        for pid in container.members():
            for arguments in (("show", container.id), ("explain", str(pid)), ("list",)):
                done = self.netclsctl(*arguments)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertFalse(any(ord(c) < 32 and c != "\n" for c in done.stdout), done.stdout)
