"""Metrics, status and netclsctl, which users read and use in scripts."""

import json
import os
import subprocess

from .support import kernel, unix_http
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.programs import tool
from .support.waiting import eventually

CLOSED_LABELS = {
    "moves_total": ("cause", ("register", "fork", "exec", "sweep")),
    "move_failures_total": ("reason", ("gone", "denied", "other")),
    "sweeps_total": ("cause", ("startup", "overrun", "audit", "request", "silence", "queue_full", "strays", "failed",
                              "registration")),
    "registrations_total": ("source", ("hook", "nri", "spool", "api", "recovered")),
}
PLAIN = ("ready", "containers", "processes", "events_dropped_total", "overruns_total", "strays_repaired_total", "groups_repaired_total",
         "canary_misses_total", "resubscriptions_total", "receive_buffer_bytes", "receive_buffer_events", "config_reloads_total",
         "config_reload_failures_total", "sweep_duration_seconds_count", "move_latency_seconds_count")
STANDARD = ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds",
            "process_start_time_seconds", "process_virtual_memory_bytes")


class Metrics(EndToEndTest):
    def test_all_are_exported_from_the_start(self):
        self.start_agent()
        now = self.agent.metrics()
        for name in PLAIN:
            with self.subTest(name):
                now.value(name)
        for name, (label, values) in CLOSED_LABELS.items():
            with self.subTest(name):
                for value in values:
                    now.value(name, **{label: value})
        for name in ("events_total", "registration_failures_total", "build_info"):
            self.assertIn("netclsd_" + name, now)
        for name in STANDARD:
            self.assertIn(name, now)
        self.assertEqual(now.value("ready"), 1)
        self.assertEqual(now.value("sweeps_total", cause="startup"), 1)
        self.assertGreater(now.value("receive_buffer_bytes"), 64 << 20)
        status = self.agent.get("/v1/status")
        self.assertEqual(now.value("receive_buffer_events"), status["receive_buffer_events"])
        event_bytes = status["receive_buffer_bytes"] / status["receive_buffer_events"]
        self.assertTrue(512 < event_bytes < 2048, event_bytes)

    def test_promtool_accepts_them(self):
        self.start_agent()
        self.make_container("metrics", annotations={CLASSID: "10:1"}).start()
        done = subprocess.run([tool("promtool"), "check", "metrics"], input=self.agent.metrics_text(),
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_events_are_counted(self):
        self.start_agent()
        before = self.agent.metrics()
        for _ in range(20):
            subprocess.run(["/bin/true"], check=True)
        after = eventually("20 more execs", lambda: self.later(before))
        self.assertGreaterEqual(after.value("events_total", event="fork"), before.value("events_total", event="fork"))

    def later(self, before):
        now = self.agent.metrics()
        more = now.value("events_total", event="exec") - before.value("events_total", event="exec")
        return now if more >= 20 else None

    def test_probes_answer_on_both_listeners(self):
        self.start_agent()
        host, _, port = self.agent.configuration["listen"].rpartition(":")
        for target in ("/livez", "/readyz", "/metrics", "/"):
            with self.subTest(target):
                self.assertEqual(self.agent.request("GET", target).status, 200)
                self.assertEqual(unix_http.request_tcp(host, int(port), "GET", target).status, 200)

    def test_status(self):
        self.start_agent()
        status = self.agent.get("/v1/status")
        self.assertIs(status["ready"], True)
        self.assertEqual(status["net_cls_mount"], str(self.host.net_cls_mount))


class HookReport(EndToEndTest):
    """The report of netclsctl about the runtimes, in a file beside the agent."""

    def setUp(self):
        super().setUp()
        self.start_agent()
        self.runtime = subprocess.Popen(["sleep", "1000"])
        self.addCleanup(self.end_runtime)

    def end_runtime(self):
        self.runtime.kill()
        self.runtime.wait()

    def report(self, state, runtimes):
        new = self.agent.state_dir / ".hook.json.tmp"
        new.write_text(json.dumps({"version": 1, "written_at": "2026-11-29T01:00:00Z", "state": state,
                                   "message": "of a test", "runtimes": runtimes}))
        new.chmod(0o600)
        new.rename(self.agent.state_dir / "hook.json")

    def check(self, state, installed):
        eventually(f"the hook is {state}", lambda: (self.agent.get("/v1/status")["hook"] or {}).get("state") == state)
        now = self.agent.metrics()
        self.assertEqual(now.value("hook_state", state=state), 1)
        self.assertEqual(now.value("hook_installed", runtime="containerd"), installed)
        self.assertTrue(self.agent.is_ready())
        self.assertIn(f"hook {state}: ", self.netclsctl("status").stdout)

    def test_is_shown_and_counted_until_the_runtime_is_restarted(self):
        self.assertIsNone(self.agent.get("/v1/status")["hook"])
        self.report("degraded", [
            {"runtime": "containerd", "state": "restart_needed", "message": "runs since before the change",
             "not_read_by": {"pid": self.runtime.pid, "start_time": kernel.start_time(self.runtime.pid)}}])
        self.check("degraded", 0)
        self.assertRegex(self.netclsctl("doctor").stdout, r"warn +runtimes +hook degraded: of a test; containerd: restart")
        self.agent.stop()
        self.agent.start()
        self.check("degraded", 0)
        self.end_runtime()
        self.check("ok", 1)

    def test_nonsense_is_said_and_does_no_harm(self):
        (self.agent.state_dir / "hook.json").write_text("{" * 100_000)
        eventually("it says so", lambda: self.agent.get("/v1/status")["hook"])
        self.assertEqual(self.agent.get("/v1/status")["hook"]["state"], "unreadable")
        self.assertTrue(self.agent.is_ready())
        self.assertIn("hook_reported", self.agent.log())


class Log(EndToEndTest):
    def test_nobody_waits_for_who_reads_it(self):
        """A pipe takes 64 KiB; each request is a line."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        try:
            self.make_agent().start(stderr=writing)
        finally:
            os.close(writing)
        for _ in range(1_500):
            self.assertEqual(self.agent.request("GET", "/livez").status, 200)
        container = self.make_container("unheard", annotations={CLASSID: "10:1"}).start()
        self.assert_container_placed(container, 0x100001)
        self.read_what_is_there(reading)
        self.agent.request("GET", "/livez")
        self.assertRegex(self.read_what_is_there(reading), r"(?m)^\S+ warning log_lines_dropped lines=\d+$")

    @staticmethod
    def read_what_is_there(pipe):
        os.set_blocking(pipe, False)
        text = b""
        try:
            while part := os.read(pipe, 1 << 16):
                text += part
        except BlockingIOError:
            pass
        return text.decode()


class Client(EndToEndTest):
    def test_every_command(self):
        self.start_agent()
        container = self.make_container("client", annotations={CLASSID: "10:1"}).start()
        self.assertIs(self.netclsctl_json("status")["ready"], True)
        self.assertEqual([view["id"] for view in self.netclsctl_json("list")["containers"]], [container.id])
        self.assertEqual(self.netclsctl_json("show", container.id)["pid"], container.pid)
        self.assertEqual(self.netclsctl_json("explain", str(container.pid))["container"], container.id)
        self.assertEqual(self.netclsctl_json("sweep")["members"], 1)
        for command in (("status",), ("list",), ("show", container.id), ("explain", str(container.pid)), ("sweep",)):
            with self.subTest(command):
                done = self.netclsctl(*command)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout.strip())

    def test_register_and_release_by_hand(self):
        self.start_agent()
        sleeper = self.host.popen(["sleep", "1000"])
        try:
            name = f"{self.host.prefix}-hand"
            done = self.netclsctl("register", name, "--pid", str(sleeper.pid), "--classid", "10:20")
            self.assertEqual(done.returncode, 0, done.stderr)
            path = f"/{self.host.parent}/{name}"
            self.assert_exactly_in_group(lambda: {sleeper.pid}, self.host.group(name), path)
            self.assertEqual(kernel.classid(self.host.group(name)), 0x100020)
            self.assertEqual(self.agent.container(name)["source"], "api")
            done = self.netclsctl("release", name)
            self.assertEqual(done.returncode, 0, done.stderr)
            eventually("its group is gone", lambda: not self.host.group(name).exists())
            self.assertEqual(kernel.net_cls_path(sleeper.pid), kernel.own_net_cls_path())
        finally:
            sleeper.kill()
            sleeper.wait()

    def test_failures_are_one_line_and_exit_code_1(self):
        self.start_agent()
        for command in (("show", "none"), ("register", "x", "--pid", "999999999", "--classid", "10:1"),
                        ("register", "a/b", "--pid", "1", "--classid", "10:1")):
            with self.subTest(command):
                done = self.netclsctl(*command)
                self.assertIn(done.returncode, (1, 2), done.stderr)
                self.assert_one_line(done.stderr)

    def test_agent_that_is_away(self):
        self.make_agent()
        for command in (("status",), ("list",), ("sweep",)):
            with self.subTest(command):
                done = self.netclsctl(*command)
                self.assertEqual(done.returncode, 1)
                self.assert_one_line(done.stderr)
                self.assertIn(str(self.agent.socket), done.stderr)

    def test_wrong_usage(self):
        self.make_agent()
        for command in (("no-such-command",), ("show",), ("register", "x"), ("-o", "xml", "list")):
            with self.subTest(command):
                self.assertEqual(self.netclsctl(*command).returncode, 2)

    def test_doctor(self):
        self.start_agent()
        done = self.netclsctl("doctor")
        self.assertIn(done.returncode, (0, 3), done.stderr)
