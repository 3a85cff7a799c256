"""What is carried when many enter a container and send at once, and when agent and carrier are killed under traffic."""

import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from .support import bpf
from .support.networks import PORT
from .support.programs import tool
from .support.turns import share_of
from .support.waiting import eventually, eventually_equal
from .test_carry import BULK, GOLD, CarryTest

ENTRANTS = share_of(200)
ENTRANTS_WITHOUT = share_of(50)
AT_ONCE = 4
ROUNDS_OF_EACH = share_of(38)  # of agent and carrier; in every third it is killed twice: a hundred kills
LIFE_S_MAX = 0.05  # of one that was started and checked
START_S_MAX = 0.1  # of one that may not get so far


class Entrants(CarryTest):
    """The first thing that each of them does is to send a packet. The agent places it some milliseconds after its exec."""

    def test_those_of_200_entrants_are_carried_and_without_the_fallback_they_are_not(self):
        self.carrier.start()
        container = self.start_pod()
        eventually("the fallback", lambda: self.carrier.has_fallback(container.id))
        self.enter(container, ENTRANTS)
        self.assert_marks({GOLD: ENTRANTS})
        eventually_equal("packets", lambda: self.carrier.counts(id=container.id)["packets"], ENTRANTS)
        told_by_cgroup = self.carrier.counts(id=container.id)["by_fallback"]
        with self.agent.stopped():
            self.enter(container, ENTRANTS)
            self.assert_marks({GOLD: 2 * ENTRANTS})
        eventually_equal("told by the cgroup", lambda: self.carrier.counts(id=container.id)["by_fallback"],
                         told_by_cgroup + ENTRANTS)
        unmarked = self.enter_without_fallback(container)
        print(f"\n    the agent runs: of {ENTRANTS} the cgroup told the class of {told_by_cgroup}; without it {unmarked} of "
              f"{ENTRANTS_WITHOUT} had none; the agent is stopped: all had one, and without the cgroup none:",
              end=" ", flush=True)

    def enter(self, container, count):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(container.exec, "udp_tool", "send", str(PORT), "1", self.networks.address)
                         for _ in range(count)]:
                done.result()

    def enter_without_fallback(self, container):
        """How many of their packets had no class while the agent ran. While it was stopped, none may have one."""
        self.assertEqual(self.carrier.stop(), 0)
        self.carrier.hide_unified_hierarchy()
        self.carrier.start()
        eventually_equal("the fallback", lambda: self.carrier.has_fallback(container.id), False)
        self.networks.forget_marks()
        self.enter(container, ENTRANTS_WITHOUT)
        eventually_equal("packets", lambda: sum(self.networks.marks().values()), ENTRANTS_WITHOUT)
        self.assertLessEqual(set(self.networks.marks()), {0, GOLD})
        unmarked = self.networks.marks().get(0, 0)
        self.networks.forget_marks()
        with self.agent.stopped():
            self.enter(container, ENTRANTS_WITHOUT)
            self.assert_marks({0: ENTRANTS_WITHOUT})
        return unmarked


class InitHasEnded(CarryTest):
    """A container without a pid namespace of its own, whose other processes live on when its init ends."""

    def test_a_restarted_carrier_leaves_what_is_attached_for_it(self):
        self.carrier.start()
        container = self.make_pod("gold", has_pid_namespace=False, command=(
            "sh", "-c", f"udp_tool stream {PORT} {self.networks.address} & until cat /tmp/end; do sleep 0.1; done"))
        self.addCleanup(self.kill_processes, container)
        self.wait_carried(container)
        (container.bundle / "rootfs/tmp/end").touch()
        eventually_equal("its init", lambda: container.pid in container.processes_of_its_cgroup(), False)
        before = self.networks.marks()[GOLD]
        self.carrier.stop(signal.SIGKILL)
        self.carrier.start()
        eventually("it sends on", lambda: self.networks.marks()[GOLD] > before + 100)
        self.assertEqual(set(self.networks.marks()), {GOLD})
        self.kill_processes(container)
        self.wait_released(container)
        eventually_equal("interfaces with a carrier", lambda: self.carrier.report()["totals"]["attached"], 0)

    @staticmethod
    def kill_processes(container):
        for pid in container.processes_of_its_cgroup():
            os.kill(pid, signal.SIGKILL)


class Churn:
    """A thread that makes containers and interfaces of a pod, and removes them, so that kills hit a carrier at work. The first
    thing that such a container does is to send a packet."""

    def __init__(self, case):
        self._case, self._namespace = case, case.namespace
        self._is_over = threading.Event()
        self.made, self.problem = 0, None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self):
        self._is_over.set()
        self._thread.join(60)

    def _run(self):
        try:
            while not self._is_over.is_set():
                self._step()
        except Exception as problem:  # for the test's own thread to tell
            self.problem = problem

    def _step(self):
        networks = self._case.networks
        networks.node.ip("link", "add", "later0", "type", "veth", "peer", "name", "later1", "netns", self._namespace.pid)
        container = self._case.start_in(self._namespace, f"churn{self.made}", classid="10:20", command=(
            "sh", "-c", f"udp_tool send {PORT} 1 {networks.address}; sleep 1000"))
        self.made += 1
        networks.node.ip("link", "del", "later0")
        container.delete()


class Killed(CarryTest):
    """kill -9, at random moments, under one packet a millisecond."""

    rounds_of_each = ROUNDS_OF_EACH

    def test_hundred_kills_of_agent_and_carrier_lose_no_mark_and_leave_nothing(self):
        seed = random.randrange(1, 1 << 30)
        print(f"\n    seed {seed}", end="", flush=True)
        self.random = random.Random(seed)
        before = bpf.programs("netclsd_carry")
        self.carrier.start()
        container = self.start_pod()
        self.assertNotEqual(bpf.programs("netclsd_carry"), before)
        stream = container.exec_detached("udp_tool", "stream", str(PORT), self.networks.address)
        churn = Churn(self)
        self.addCleanup(churn.stop)
        began = time.monotonic()
        kills = self.kill_all()
        took_s = time.monotonic() - began
        churn.stop()
        self.assertIsNone(churn.problem)
        os.kill(stream, signal.SIGKILL)
        self.assert_all_is_counted(container)
        self.assert_nothing_is_left(before)
        print(f": {kills} kills in {took_s:.1f} s, {self.networks.marks()[GOLD]} packets, {churn.made} containers:",
              end=" ", flush=True)

    def kill_all(self):
        """How many kills there were."""
        rounds = [(victim, number) for victim in (self.agent, self.carrier) for number in range(self.rounds_of_each)]
        self.random.shuffle(rounds)
        seen = (0, 0, 0)
        for victim, number in rounds:
            time.sleep(self.random.random() * LIFE_S_MAX)
            victim.stop(signal.SIGKILL)
            if number % 3 == 0:
                self.kill_while_it_starts(victim)
            victim.start()
            now = self.what_is_seen(seen)
            self.assertTrue(all(new >= old for new, old in zip(now, seen)), f"{seen} became {now}")
            self.assertLess(seen[0], now[0], "no traffic")
            seen = now
        return sum(2 if number % 3 == 0 else 1 for _, number in rounds)

    def kill_while_it_starts(self, victim):
        victim.start(False)
        time.sleep(self.random.random() * START_S_MAX)
        victim.stop(signal.SIGKILL)

    def what_is_seen(self, before):
        """Packets of the class: on the wire, in the carrier's report, and in the agent's metrics."""
        marks = self.networks.marks()
        self.assertLessEqual(set(marks), {GOLD, BULK}, "packets by mark")
        packets = self.agent.metrics().get("netclsd_class_packets_total", {})
        shown = packets.get(frozenset({("class", "gold"), ("direction", "egress")}), before[2])
        return marks[GOLD], self.carrier.counted(GOLD), shown

    def assert_all_is_counted(self, container):
        eventually_equal("containers", lambda: set(self.agent.containers()), {container.id})
        eventually_equal("packets of the stream that are marked and not counted as its container's",
                         lambda: self.networks.marks()[GOLD] - self.of_stream(container), 0)
        container.delete()
        self.wait_released(container)
        eventually_equal("interfaces with a carrier", lambda: self.carrier.report()["totals"]["attached"], 0)
        marks = self.networks.marks()
        self.assertLessEqual(set(marks), {GOLD, BULK})
        eventually_equal("packets that are counted", lambda: self.carrier.past(GOLD), marks[GOLD])
        # A carrier that is killed while it adds up what is past adds it up twice.
        self.assertGreaterEqual(self.carrier.past(BULK), marks[BULK])
        eventually_equal("packets that the agent shows",
                         lambda: self.agent.metrics().value("class_packets_total", **{"class": "gold", "direction": "egress"}),
                         marks[GOLD])

    def of_stream(self, container):
        return self.carrier.counts(id=container.id, classid=GOLD)["packets"]

    def assert_nothing_is_left(self, programs_before):
        self.assertEqual(self.carrier.stop(), 0)
        self.assertEqual(self.carrier.clean_up().returncode, 0)
        self.assertEqual(self.agent.stop(), 0)
        self.assertEqual(self.carrier.pins(), set())
        eventually_equal("loaded programs", lambda: bpf.programs("netclsd_carry"), programs_before)
        self.assertNotIn("clsact", self.networks.node.run(tool("tc"), "qdisc", "show"))
        self.assertEqual(self.networks.node.run(tool("tc"), "filter", "show", "dev", "pod0", "ingress"), "")
        self.assertEqual(self.agent.state_files() | self.agent.spool_files(), set())
        left = {path.name for path in self.agent.state_dir.iterdir()}
        self.assertLessEqual(left, {"agent.sock", "lock", "containers", "spool"})


class KilledWithoutTcx(Killed):
    """Where the kernel has no tcx, what is attached are filters of a qdisc that the carrier has made."""

    faults = "tcx_probe=ENODEV"
    rounds_of_each = ROUNDS_OF_EACH // 4
