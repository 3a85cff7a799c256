"""Metrics, status and netclsctl: what users read and script against."""

import subprocess

from .support import kernel, unix_http
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.programs import tool
from .support.waiting import eventually

CLOSED_LABELS = {
    "moves_total": ("cause", ("register", "fork", "exec", "sweep")),
    "move_failures_total": ("reason", ("gone", "denied", "other")),
    "sweeps_total": ("cause", ("startup", "overrun", "audit", "request")),
    "registrations_total": ("source", ("hook", "spool", "api", "recovered")),
}
PLAIN = ("ready", "containers", "processes", "events_dropped_total", "overruns_total", "strays_repaired_total", "groups_repaired_total",
         "canary_misses_total", "resubscriptions_total", "receive_buffer_bytes", "config_reloads_total",
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
