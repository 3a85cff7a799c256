"""netclsctl hook with real podman, containerd and runc."""

import json
import tomllib
import unittest
from functools import partial

from .support.host_tree import interrupted, lean, shape
from .support.private_host import Containerd, PrivateHost
from .support.programs import need_fault_points, program
from .support.turns import share_of

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
                              f"--spool={self.host.work}/spool", "--hook-arg", f"--mount={self.host.net_cls_mount}",
                              "--hook-arg", f"--log-file={self.log}", *arguments)
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


    def test_podman_finds_the_hook_where_its_configuration_says(self):
        self.host.configure_podman('[engine]\nhooks_dir = ["/etc/containers/elsewhere"]\n')
        self.install("--runtime", "podman")
        self.check_ran(self.host.podman_run("--annotation", "netclsd.io/class=gold"))
        self.assertEqual(self.calls(), 2)
        self.assertEqual(self.host.hook("status").returncode, 0)


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


class ContainerdAndOthersFiles(RealRuntimesTest):
    """What others have written beside us, and what the running daemon has read of it."""

    DROP_IN = "/etc/containerd/conf.d/99-other.toml"
    REGISTRY = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n'

    def setUp(self):
        super().setUp()
        self.config.write_text('imports = ["/etc/containerd/conf.d/*.toml"]\n' + self.containerd.configuration())
        self.host.seen("/etc/containerd/conf.d").mkdir()
        self.drop_in = self.host.seen(self.DROP_IN)
        self.before = self.places()

    def status(self):
        done = self.host.hook("status", "-o", "json")
        answer = json.loads(done.stdout)
        return done.returncode, next(each for each in answer["runtimes"] if each["runtime"] == "containerd")

    def test_drop_in_after_the_installation_is_seen(self):
        self.install("--runtime", "containerd")
        self.assertEqual(self.status(), (0, {"runtime": "containerd", "state": "ok", "message": ""}))
        self.drop_in.write_text(self.REGISTRY)
        status, runtime = self.status()
        self.assertEqual((status, runtime["state"]), (3, "missing"))
        self.assertIn(f"{self.DROP_IN} is imported and has the CRI plugin's table", runtime["message"])
        self.assertIn("hook status", self.host.run([program("netclsctl"), "doctor"]).stdout)
        self.drop_in.write_text('disabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        self.assertIn(f"{self.DROP_IN} disables", self.status()[1]["message"])

    def test_copy_of_our_table_in_a_drop_in_keeps_its_base_spec(self):
        self.install("--runtime", "containerd")
        dumped = self.host.run(["containerd", "config", "dump"]).stdout
        self.drop_in.write_text("version = 2\n" + dumped[dumped.index('  [plugins."io.containerd.grpc.v1.cri"]'):
                                                        dumped.index('  [plugins."io.containerd.internal')])
        self.assertEqual(self.status()[0], 0, "it calls the hook, too")
        self.assertIn("it calls the hook, too", self.install("--runtime", "containerd").stdout)

        done = self.uninstall(status=3)
        self.assertIn(f"{self.DROP_IN} names /etc/containerd/netclsd-base-spec.json", done.stdout)
        spec = json.loads(self.host.seen("/etc/containerd/netclsd-base-spec.json").read_text())
        self.assertEqual(spec["hooks"]["prestart"], [])
        self.assertEqual(self.containerd.start()["cri"], "ok", "at its next start")
        self.check_ran(self.host.runc_run(spec))
        self.containerd.stop()
        self.assertEqual(self.uninstall(status=3).stdout.splitlines()[0], "nothing to do")

        self.drop_in.unlink()
        self.uninstall()
        self.assertEqual(self.places(), self.before)

    def test_daemon_with_a_file_of_its_own_gets_that_one_edited(self):
        other = self.host.seen("/etc/containerd/other.toml")
        other.write_text(self.containerd.configuration())
        before = self.config.read_text()
        self.containerd.start("--config", "/etc/containerd/other.toml")
        done = self.install("--runtime", "containerd")
        self.assertRegex(done.stdout, r"containerd \(pid \d+\) reads /etc/containerd/other.toml")
        self.assertIn("netclsd.io/*", other.read_text())
        self.assertEqual(self.config.read_text(), before)
        status, runtime = self.status()
        self.assertEqual((status, runtime["state"]), (3, "restart_needed"))
        self.assertIn("written but not read", runtime["message"])
        self.assertEqual(runtime["not_read_by"]["pid"], self.containerd.process.pid)
        self.containerd.stop()
        self.containerd.start("--config", "/etc/containerd/other.toml")
        self.assertEqual(self.status()[0], 0)
        self.containerd.stop()
        self.assertIn("nothing to do", self.install("--runtime", "containerd").stdout, "it is remembered")

    def test_file_that_nobody_reads_is_told(self):
        other = self.host.seen("/etc/containerd/other.toml")
        other.write_text(self.containerd.configuration())
        self.containerd.start("--config", "/etc/containerd/other.toml")
        done = self.install("--runtime", "containerd", "--containerd-config", "/etc/containerd/config.toml", status=3)
        self.assertIn("does not call the hook: /etc/containerd/other.toml", done.stdout)
        self.assertEqual(self.status()[1]["state"], "missing")


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
        for _ in interrupted(self, partial(self.host.hook, verb, *arguments), ("install_step", "file_rename")):
            self.check_runtimes_start_containers()
            yield

    def test_while_installing(self):
        for _ in self.kill_at_each("install", *BOTH, *self.lean):
            self.install(*BOTH, *self.lean)
            self.check_runtimes_start_containers()
            self.uninstall()
            self.assertEqual(self.places(), self.before)
        self.assertGreater(len(self.seen_states), share_of(10))

    def test_while_removing(self):
        self.install(*BOTH, *self.lean)
        installed = self.places()
        for _ in self.kill_at_each("uninstall"):
            self.uninstall()
            self.assertEqual(self.places(), self.before)
            self.install(*BOTH, *self.lean)
            self.assertEqual([set(place) for place in self.places()], [set(place) for place in installed])
        self.assertGreater(len(self.seen_states), share_of(5))
