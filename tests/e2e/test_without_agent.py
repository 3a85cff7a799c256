"""The hook when the agent is away or mute, and the agent that takes over what the hook left."""

import json
import signal
from statistics import median

from .support import kernel
from .support.agent import MuteAgent, Stopwatch
from .support.case import EndToEndTest
from .support.container import CLASS, CLASSID
from .support.waiting import eventually_equal


class HookAlone(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.host.use_default_parent()
        self.make_agent()

    def check_placed_and_spooled(self, container, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_shows_group(done.stdout, container)

    def check_run_is_placed_and_spooled(self, container):
        with Stopwatch() as watch:
            self.check_placed_and_spooled(container, container.run())
        print(f"\n    the whole run took {watch.ms:.0f} ms", end=" ", flush=True)
        self.assertEqual(len(self.agent.spool_files()), 1)

    def test_stopped_agent(self):
        container = self.make_container("stopped", "cat", "/proc/self/cgroup", annotations={CLASSID: "10:1"},
                                        stages=("prestart",))
        self.check_run_is_placed_and_spooled(container)

    def test_mute_agent(self):
        mute = MuteAgent(self.agent.socket)
        self.addCleanup(mute.close)
        container = self.make_container("mute", "cat", "/proc/self/cgroup", annotations={CLASSID: "10:1"},
                                        hook_options=("--timeout", "300ms"), stages=("prestart",))
        self.check_run_is_placed_and_spooled(container)

    def test_agent_takes_the_spool_up_when_it_starts(self):
        container = self.make_container("spooled", "sh", "-c", "sleep 1000 & wait",
                                        annotations={CLASSID: "10:1"}).start()
        entrant = container.exec_detached("sleep", "1000")  # nobody places it yet
        self.assertEqual(kernel.net_cls_path(container.pid), container.own_path())
        self.assertEqual(kernel.net_cls_path(entrant), kernel.own_net_cls_path())
        self.agent.start()
        eventually_equal("files in the spool", self.agent.spool_files, set())
        view = self.agent.container(container.id)
        self.assertEqual((view["classid"], view["source"], view["pid"]), ("10:1", "spool", container.pid))
        self.assert_container_placed(container, 0x100001)
        self.assertEqual(self.agent.metrics().value("registrations_total", source="spool"), 1)
        container.delete()
        self.wait_released(container)

    def test_agent_takes_up_a_class_that_only_it_can_resolve(self):
        container = self.make_container("named", annotations={CLASS: "bulk"}).start()
        self.assertEqual(kernel.net_cls_path(container.pid), kernel.own_net_cls_path())
        self.agent.start()
        self.assert_container_placed(container, 0x100020)

    def test_spooled_container_that_is_gone_leaves_nothing(self):
        container = self.make_container("gone", "true", annotations={CLASSID: "10:1"}).start()
        container.delete()
        self.agent.start()
        eventually_equal("files in the spool", self.agent.spool_files, set())
        self.assertIsNone(self.agent.container(container.id))
        eventually_equal("its group", lambda: container.own_group().exists(), False)

    def test_on_failure_deny_stops_the_container(self):
        container = self.make_container("deny", "true", annotations={CLASSID: "10:1"},
                                        hook_options=("--on-failure", "deny"))
        self.assertNotEqual(container.run(check=False).returncode, 0)

    def test_exempt_namespace_is_never_denied(self):
        container = self.make_container(
            "exempt", "true", annotations={CLASSID: "10:1", "io.kubernetes.cri.sandbox-namespace": "netclsd"},
            hook_options=("--on-failure", "deny", "--deny-exempt-namespace", "netclsd"))
        self.assertEqual(container.run().returncode, 0)


class Restart(EndToEndTest):
    def check(self, how):
        self.start_agent()
        containers = [self.make_container(f"stays{n}", "sh", "-c", "sleep 1000 & sleep 1000 & wait",
                                          annotations={CLASSID: f"10:{n}"}).start() for n in range(1, 6)]
        for container in containers:
            container.exec_detached("sleep", "1000")
        for n, container in enumerate(containers, 1):
            self.assert_container_placed(container, 0x100000 + n)
        before = self.agent.containers()
        code = self.agent.stop(how)
        if how == signal.SIGTERM:
            self.assertEqual(code, 0)
        for n, container in enumerate(containers, 1):
            self.assertEqual(kernel.classid(container.own_group()), 0x100000 + n, "classes outlive the agent")
        self.agent.start()
        self.assertEqual(self.agent.containers(), before)
        self.assertEqual(self.agent.moves(), {"register": 0, "fork": 0, "exec": 0, "sweep": 0})
        now = self.agent.metrics()
        self.assertEqual(now.value("registrations_total", source="recovered"), len(containers))
        self.assertEqual(now.value("processes"), 4 * len(containers))
        for n, container in enumerate(containers, 1):
            self.assert_container_placed(container, 0x100000 + n)
            for pid in container.members():
                self.assertEqual(self.agent.get(f"/v1/processes/{pid}")["container"], container.id)

    def test_after_sigterm_everything_is_known_again_and_nothing_moves(self):
        self.check(signal.SIGTERM)

    def test_after_sigkill_everything_is_known_again_and_nothing_moves(self):
        self.check(signal.SIGKILL)

    def test_entrant_of_the_absence_is_placed_at_the_start(self):
        self.start_agent()
        container = self.make_container("absent", annotations={CLASSID: "10:1"}).start()
        self.agent.stop()
        entrant = container.exec_detached("sleep", "1000")
        self.assertEqual(kernel.net_cls_path(entrant), kernel.own_net_cls_path())
        self.agent.start()
        self.assert_container_placed(container, 0x100001)
        self.assertEqual(self.agent.moves()["sweep"], 1)

    def test_a_deeper_directory_of_the_same_name_is_not_the_containers(self):
        """crun calls the directory of each of its containers "container", and so may a container one of its own."""
        self.start_agent()
        container = self.make_container("deeper", annotations={CLASSID: "10:1"})
        container.spec["linux"]["cgroupsPath"] += "/container"
        container.write_spec()
        container.start()
        top = self.host.seen("/sys/fs/cgroup") / kernel.cgroup_paths(container.pid)[""].lstrip("/")
        (top / "container").mkdir()
        (top / "container" / "cgroup.procs").write_text(str(container.pid))
        self.agent.stop()
        entrant = self.host.popen(["sleep", "1000"])  # in the container's directory, and no descendant of init
        self.host.on_close(lambda: (entrant.kill(), entrant.wait()))
        (top / "cgroup.procs").write_text(str(entrant.pid))
        self.agent.start()
        eventually_equal("the entrant's group", lambda: kernel.net_cls_path(entrant.pid), container.own_path())
        container.delete()

    def test_container_that_ended_meanwhile_is_released(self):
        self.start_agent()
        container = self.make_container("ended", annotations={CLASSID: "10:1"}).start()
        self.agent.stop()
        container.delete()
        self.agent.start()
        self.wait_released(container)


class HookTime(EndToEndTest):
    def test_registration_through_the_hook(self):
        """Reported, not asserted: what a registration through the hook costs (less than 5 ms when the machine is idle).

        A first write to any cgroup.procs waits for the kernel's grace period (8 ms); runc has just made such writes when
        it calls the hook, and so has "warm".
        """
        self.start_agent()
        self.bundle = self.host.work / "timing"
        self.bundle.mkdir()
        (self.bundle / "config.json").write_text(json.dumps({"ociVersion": "1.0.2", "annotations": {CLASSID: "10:1"}}))
        cold = [self.time_one(f"cold{n}") for n in range(20)]
        warm = [self.time_one(f"warm{n}", warm=True) for n in range(20)]
        with Stopwatch() as watch:
            self.host.run(["true"])
        print("\n    wall time with Python and nsenter around it: "
              f"cold median {median(cold):.1f} ms, best {min(cold):.1f} ms; "
              f"warm median {median(warm):.1f} ms, best {min(warm):.1f} ms; `true` the same way: {watch.ms:.1f} ms",
              end=" ", flush=True)

    def time_one(self, name, warm=False):
        init = self.host.popen(["sleep", "1000"])
        try:
            state = {"ociVersion": "1.0.2", "id": f"{self.host.prefix}-{name}", "status": "creating",
                     "pid": init.pid, "bundle": str(self.bundle)}
            if warm:
                self.host.run(["sh", "-c", f"echo $$ > {self.host.net_cls_mount}/cgroup.procs"])
            with Stopwatch() as watch:
                done = self.host.run(self.hook_command("prestart"), input=json.dumps(state))
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(kernel.net_cls_path(init.pid), f"/{self.host.parent}/{state['id']}")
            return watch.ms
        finally:
            init.kill()
            init.wait()
