"""netclsctl hook, and what real podman, containerd and runc make of it."""

import json
import tomllib
import unittest

from .support.host_tree import KILLED, lean, shape
from .support.private_host import Containerd, PrivateHost
from .support.programs import need_fault_points

LINK = "/opt/netclsd/netclsd-hook"
BOTH = ("--runtime", "podman", "--runtime", "containerd")


class RealRuntimesTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.host = PrivateHost()
        self.addCleanup(self.host.close)
        self.log = self.host.work / "hook.log"
        self.containerd = Containerd(self.host)
        self.config = self.host.seen("/etc/containerd/config.toml")
        self.config.write_text(self.containerd.configuration())
        self.before = self.places()

    def places(self):
        return [shape(place) for place in self.host.places()]

    def install(self, *arguments, status=0):
        # Without an agent a call of the hook is a line in its log. A class known by name only is placed nowhere.
        done = self.host.hook("install", "--hook-arg", f"--socket={self.host.work}/agent.sock", "--hook-arg",
                              f"--spool={self.host.work}/spool", "--hook-arg", f"--log-file={self.log}", *arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def uninstall(self, status=0):
        done = self.host.hook("uninstall")
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def calls(self):
        """How often the hook has been called since the last question."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return len(lines)

    def check_ran(self, done):
        self.assertEqual((done.returncode, done.stdout.strip()), (0, "ran"), done.stderr)

    def base_spec(self):
        """The one that containerd begins a container with; None: its built-in one."""
        cri = tomllib.loads(self.config.read_text())["plugins"]["io.containerd.grpc.v1.cri"]
        path = cri.get("containerd", {}).get("runtimes", {}).get("runc", {}).get("base_runtime_spec")
        return json.loads(self.host.seen(path).read_text()) if path else None


class Podman(RealRuntimesTest):
    def test_podman_calls_the_hook_for_annotated_containers_only(self):
        self.install("--runtime", "podman")
        self.check_ran(self.host.podman_run("--annotation", "netclsd.io/class=gold"))
        self.assertEqual(self.calls(), 2, "prestart and poststop")
        self.check_ran(self.host.podman_run("--annotation", "netclsd.io/other=x"))
        self.assertEqual(self.calls(), 0)
        self.uninstall()
        self.check_ran(self.host.podman_run("--annotation", "netclsd.io/class=gold"))
        self.assertEqual(self.calls(), 0)
        self.assertEqual(self.places(), self.before)

    def test_podman_calls_the_hook_for_all_containers_if_asked_to(self):
        self.install("--runtime", "podman", "--all-containers")
        self.check_ran(self.host.podman_run())
        self.assertEqual(self.calls(), 2)


class ContainerdFromDebian(RealRuntimesTest):
    def test_cri_plugin_loads_the_configuration_and_the_base_spec_runs(self):
        self.install("--runtime", "containerd")
        plugins = self.containerd.start()
        self.assertEqual(plugins["cri"], "ok")
        dump = tomllib.loads(self.host.run(["containerd", "config", "dump"]).stdout)
        runc = dump["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]["runtimes"]["runc"]
        self.assertEqual((runc["runtime_type"], runc["base_runtime_spec"], runc["pod_annotations"]),
                         ("io.containerd.runc.v2", "/etc/containerd/netclsd-base-spec.json", ["netclsd.io/*"]))
        self.check_ran(self.host.runc_run(self.base_spec()))
        self.assertEqual(self.calls(), 1, "prestart")

    def test_after_a_restart_containers_that_run_need_no_stub(self):
        self.install("--runtime", "containerd")
        self.containerd.start()
        end = self.containerd.run_container("c1", self.base_spec())
        self.assertEqual(self.calls(), 1)
        self.containerd.stop()
        self.uninstall(status=0)
        self.containerd.start()
        end()
        self.assertEqual(self.places(), self.before)

    def test_running_containerd_keeps_a_stub_until_it_is_restarted(self):
        self.install("--runtime", "containerd")
        self.containerd.start()
        in_memory = self.base_spec()
        done = self.uninstall(status=3)
        self.assertIn("containerd has the hook in its memory", done.stdout)
        self.assertEqual(self.config.read_text(), self.containerd.configuration())
        self.check_ran(self.host.runc_run(in_memory))
        self.assertEqual(self.calls(), 0, "the stub does nothing")
        self.uninstall(status=3)
        self.containerd.stop()
        self.assertEqual(self.containerd.start()["cri"], "ok")
        self.uninstall()
        self.assertEqual(self.places(), self.before)

    def test_status_tells_that_containerd_was_not_restarted(self):
        self.containerd.start()
        self.assertIn("restart it", self.install("--runtime", "containerd").stdout)
        done = self.host.hook("status", "-o", "json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["needs_restart"]), (3, True))
        self.containerd.stop()
        self.containerd.start()
        self.assertEqual(self.host.hook("status").returncode, 0)


class Interrupted(RealRuntimesTest):
    """Killed before each step and before each rename: the runtimes start containers at every moment."""

    def setUp(self):
        need_fault_points()
        super().setUp()
        self.lean = ("--binary", str(lean("netclsd-hook")))
        self.seen_states = []

    def check_runtimes_start_containers(self):
        state = self.places()
        if state in self.seen_states:
            return
        self.seen_states.append(state)
        self.check_ran(self.host.podman_run("--annotation", "netclsd.io/class=gold"))
        self.assertEqual(self.containerd.start()["cri"], "ok")
        self.containerd.stop()
        if spec := self.base_spec():
            self.check_ran(self.host.runc_run(spec))

    def kill_at_each(self, verb, *arguments):
        for point in ("install_step", "file_rename"):
            for number in range(1, 100):
                done = self.host.hook(verb, *arguments, faults=f"{point}=kill@{number}")
                self.check_runtimes_start_containers()
                yield
                if done.returncode == 0:
                    self.assertGreater(number, 2, "it was killed more than once")
                    break
                self.assertEqual(done.returncode, KILLED, done.stderr)

    def test_while_installing(self):
        for _ in self.kill_at_each("install", *BOTH, *self.lean):
            self.install(*BOTH, *self.lean)
            self.check_runtimes_start_containers()
            self.uninstall()
            self.assertEqual(self.places(), self.before)
        self.assertGreater(len(self.seen_states), 10)

    def test_while_removing(self):
        self.install(*BOTH, *self.lean)
        installed = self.places()
        for _ in self.kill_at_each("uninstall"):
            self.uninstall()
            self.assertEqual(self.places(), self.before)
            self.install(*BOTH, *self.lean)
            self.assertEqual([set(place) for place in self.places()], [set(place) for place in installed])
        self.assertGreater(len(self.seen_states), 5)
