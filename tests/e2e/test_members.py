"""Every live process of a container is in its class, and no other process is, whatever it forks and whatever enters it."""

import random

from .support import kernel, metrics
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually, eventually_equal

FORKS = 10_000
BURSTS = 10
EXECS = 200


class ForkStorm(EndToEndTest):
    def command(self, container, text):
        container.process.stdin.write(text + "\n")
        container.process.stdin.flush()
        return self.quiet(container)

    def quiet(self, container):
        line = container.process.stdout.readline().split()
        self.assertEqual(line[:1], ["quiet"], f"fork_storm says {line}\n{container.output()}")
        return {name: int(value) for name, value in (part.split("=") for part in line[1:])}

    def test_ten_thousand_forks_in_all_shapes_need_no_move(self):
        self.start_agent(audit_interval="1h")  # nothing may be repaired behind our back
        container = self.make_container("storm", "fork_storm", annotations={CLASSID: "10:1"})
        container.add_program("fork_storm")
        container.start_attached()
        self.quiet(container)
        self.assert_container_placed(container, 0x100001)
        before = self.agent.metrics()
        seed = random.randrange(1, 1 << 30)
        print(f"\n    seed {seed}", end="", flush=True)
        for burst in range(BURSTS):
            with self.subTest(seed=seed, burst=burst):
                said = self.command(container, f"burst {FORKS // BURSTS} {seed + burst}")
                self.check_quiet_moment(container, said)
                self.check_quiet_moment(container, self.command(container, "thin"))
        self.assertGreaterEqual(said["forks"], FORKS)
        after = self.agent.metrics()
        print(f", {said['forks']} forks, {said['alive']} alive at the end", end=" ", flush=True)
        for cause in ("register", "fork", "exec", "sweep"):
            self.assertEqual(after.value("moves_total", cause=cause), before.value("moves_total", cause=cause), cause)
        self.assertEqual(after.value("strays_repaired_total"), 0)
        container.process.stdin.write("quit\n")
        container.process.stdin.flush()
        self.wait_released(container)

    def check_quiet_moment(self, container, said):
        members = container.members()
        self.assertEqual(len(members), said["alive"] + 1, "the storm and /proc agree on who lives")
        self.assert_container_placed(container, 0x100001)
        eventually_equal("processes the agent counts",
                         lambda: {p["pid"] for p in self.agent.container(container.id)["processes"]} & members, members)


class Entrants(EndToEndTest):
    def test_two_hundred_execs_end_in_the_class(self):
        self.start_agent(audit_interval="1h")
        container = self.make_container("execs", annotations={CLASSID: "10:1"}).start()
        entrants = {container.exec_detached("sleep", "1000") for _ in range(EXECS)}
        self.assertEqual(len(entrants), EXECS)
        self.assertEqual(container.members(), entrants | {container.pid})
        self.assert_container_placed(container, 0x100001)
        now = self.agent.metrics()
        self.assertEqual(now.value("strays_repaired_total"), 0, "found by their events, not by a sweep")
        self.assertGreaterEqual(now.value("moves_total", cause="exec") + now.value("moves_total", cause="fork"), EXECS)
        print("\n    from the event to the finished write:\n" +
              metrics.draw_histogram(now, "move_latency_seconds"), end="\n    ", flush=True)

    def test_what_an_entrant_forks_is_in_the_class(self):
        self.start_agent(audit_interval="1h")
        container = self.make_container("children", annotations={CLASSID: "10:1"}).start()
        for _ in range(20):
            container.exec_detached("sh", "-c", "for i in 1 2 3 4; do sleep 1000 & done; wait")
        eventually("all are there", lambda: len(container.members()) == 1 + 20 * 5)
        self.assert_container_placed(container, 0x100001)

    def test_short_lived_entrants_harm_nobody(self):
        self.start_agent()
        container = self.make_container("short", annotations={CLASSID: "10:1"}).start()
        for _ in range(50):
            container.exec("true")
        self.assert_container_placed(container, 0x100001)
        self.assertEqual(self.agent.request("POST", "/v1/sweep").json["strays"], 0)
        self.assertEqual(self.agent.metrics().value("processes"), 1, "the dead are forgotten by a sweep at the latest")

    def test_explain_says_how_each_got_there(self):
        self.start_agent()
        container = self.make_container("explain", "sh", "-c", "sleep 1000 & wait",
                                        annotations={CLASSID: "10:1"}).start()
        child = eventually("the child", lambda: next(iter(container.members() - {container.pid}), None))
        entrant = container.exec_detached("sleep", "1000")
        self.assert_container_placed(container, 0x100001)
        for pid, causes in ((container.pid, {"register"}), (child, {"inherited"}), (entrant, {"exec", "fork"})):
            view = eventually("it is placed", lambda: self.placed_view(pid))
            self.assertEqual(view["container"], container.id)
            self.assertIn(view["cause"], causes)
            self.assertEqual((view["expected"], view["actual"]), ("10:1", "10:1"))

    def placed_view(self, pid):
        view = self.agent.get(f"/v1/processes/{pid}")
        return view if view["placed"] else None


class ByDescentAlone(EndToEndTest):
    """A container without a cgroup of its own: its path is shared with the host, which must not land in the class."""

    def make(self, name):
        container = self.make_container(name, "sh", "-c", "sleep 1000 & sleep 1000 & wait",
                                        annotations={CLASSID: "10:1"}, runtime="crun",
                                        runtime_options=("--cgroup-manager=disabled",))
        del container.spec["linux"]["cgroupsPath"]
        container.write_spec()
        return container.start()

    def test_descendants_are_members_and_the_host_is_not(self):
        self.start_agent()
        container = self.make("descent")
        eventually("its children are there", lambda: len(container.members()) == 3)
        self.assertIsNone(self.agent.container(container.id)["membership_path"])
        self.assert_container_placed(container, 0x100001)
        report = self.agent.request("POST", "/v1/sweep").json
        self.assertEqual(report["members"], 3)
        self.assert_container_placed(container, 0x100001)

    def test_an_exec_is_no_descendant(self):
        self.start_agent()
        container = self.make("outsider")
        outsider = container.exec_detached("sleep", "1000")
        self.agent.request("POST", "/v1/sweep")
        self.assertEqual(kernel.net_cls_path(outsider), kernel.own_net_cls_path())


class WithCrun(EndToEndTest):
    def test_init_children_and_execs_are_in_the_class(self):
        self.start_agent(audit_interval="1h")
        container = self.make_container("crun", "sh", "-c", "sleep 1000 & wait", annotations={CLASSID: "10:1"},
                                        runtime="crun").start()
        for _ in range(20):
            container.exec_detached("sleep", "1000")
        eventually("all are there", lambda: len(container.members()) == 22)
        self.assert_container_placed(container, 0x100001)
        container.delete()
        self.wait_released(container)


class Sweep(EndToEndTest):
    def test_a_stray_is_brought_back_and_counted(self):
        self.start_agent(audit_interval="1h")
        container = self.make_container("stray", annotations={CLASSID: "10:1"}).start()
        (self.host.seen(self.host.net_cls_mount) / "cgroup.procs").write_text(str(container.pid))
        self.assertEqual(kernel.net_cls_path(container.pid), kernel.own_net_cls_path())
        report = self.agent.request("POST", "/v1/sweep").json
        self.assertEqual((report["members"], report["strays"], report["moved"], report["failed"]), (1, 1, 1, 0))
        self.assert_container_placed(container, 0x100001)
        self.assertEqual(self.agent.metrics().value("strays_repaired_total"), 1)

    def test_the_audit_brings_a_stray_back_unasked(self):
        self.start_agent(audit_interval="1s")
        container = self.make_container("audit", annotations={CLASSID: "10:1"}).start()
        (self.host.seen(self.host.net_cls_mount) / "cgroup.procs").write_text(str(container.pid))
        self.assert_container_placed(container, 0x100001)
        self.assertGreaterEqual(self.agent.metrics().value("sweeps_total", cause="audit"), 1)
