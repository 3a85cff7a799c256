"""Where no process events can arrive, the agent says why and ends; it never claims to be ready."""

import subprocess

from .support.case import EndToEndTest
from .support.programs import program
from .support.waiting import eventually


class NoConnector(EndToEndTest):
    def check(self, launcher, *words):
        agent = self.make_agent(launcher=launcher).start(wait_ready=False)
        process, was_ready = agent.process, []

        def ended():
            was_ready.append(agent.is_ready())
            return process.poll() is not None
        try:
            eventually("the agent ends", ended)
        finally:
            if process.poll() is None:
                process.kill()
        self.assertEqual(process.returncode, 1, agent.log())
        self.assertNotIn(True, was_ready)
        line = agent.log().strip().splitlines()[-1]
        for word in words:
            self.assertIn(word.lower(), line.lower())
        self.assertEqual(self.host.groups(), set())

    def test_network_namespace(self):
        self.check(["unshare", "--net"], "network namespace", "hostNetwork")

    def test_pid_namespace(self):
        self.check(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"], "pid namespace", "hostPID")

    def test_user_namespace(self):
        self.check(["unshare", "--user", "--map-root-user"], "user namespace")

    def test_kernel_without_the_connector(self):
        self.check([program("without_connector"), "/usr/bin/env"], "kernel", "CONFIG_CONNECTOR=y", "CONFIG_PROC_EVENTS=y")


class Programs(EndToEndTest):
    def file_type(self, name):
        return subprocess.run(["/usr/bin/file", "-L", program(name)], capture_output=True, text=True, check=True).stdout

    def test_hook_is_static(self):
        self.assertIn("static-pie linked", self.file_type("netclsd-hook"))

    def test_client_is_static(self):
        self.assertIn("static-pie linked", self.file_type("netclsctl"))

    def test_help_shows_examples(self):
        for name in ("netclsd", "netclsd-hook", "netclsctl"):
            with self.subTest(name):
                done = subprocess.run([program(name), "--help"], capture_output=True, text=True, timeout=20)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("example", done.stdout.lower())
                self.assertIn(name, done.stdout)

    def test_version(self):
        for name in ("netclsd", "netclsd-hook", "netclsctl"):
            with self.subTest(name):
                done = subprocess.run([program(name), "--version"], capture_output=True, text=True, timeout=20)
                self.assertEqual(done.returncode, 0)
                self.assert_one_line(done.stdout)
