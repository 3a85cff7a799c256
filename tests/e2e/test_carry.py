"""The class of a packet's socket is on the wire: in the packet's mark, behind the veth."""

import signal
import time
from pathlib import Path

from .support import kernel
from .support.carrier import Carrier
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.networks import PORT, Networks
from .support.other_program import OtherProgram
from .support.programs import need_fault_points, tool
from .support.waiting import DeadlinePassed, eventually, eventually_equal

GOLD, BULK = 0x100001, 0x100020
CAP_NET_ADMIN, CAP_BPF = 12, 39
_FOR_EVER = ("sh", "-c", "while :; do sleep 1; done")


class CarryTest(EndToEndTest):
    bridged = False
    faults = ""
    carry = {"to": "mark"}

    def setUp(self):
        super().setUp()
        if self.faults:
            need_fault_points("netclsd-carrier")
        self.start_agent(carry=self.carry, audit_interval="300ms")
        self.networks = Networks(self.host, bridged=self.bridged)
        self.carrier = Carrier(self.host, self.agent, self.networks, faults=self.faults)

    def make_pod(self, name, namespace=None, **options):
        """A container in a network namespace that is there before it, as a pod's is."""
        self.namespace = namespace or self.networks.pod()
        self.networks.warm_up(self.namespace)
        return self.start_in(self.namespace, name, **options)

    def start_in(self, namespace, name, classid="10:1", command=_FOR_EVER, has_pid_namespace=True):
        annotations = {CLASSID: classid} if classid else None
        container = self.make_container(name, *command, annotations=annotations)
        namespaces = container.spec["linux"]["namespaces"]
        next(each for each in namespaces if each["type"] == "network")["path"] = namespace.path
        if not has_pid_namespace:
            namespaces.remove({"type": "pid"})
        container.write_spec()
        container.add_program("udp_tool")
        return container.start()

    def wait_carried(self, container, *interfaces):
        try:
            eventually_equal("interfaces with a carrier", lambda: self.carrier.interfaces_of(container.id),
                             set(interfaces or ("pod0",)))
        except DeadlinePassed as problem:
            raise AssertionError(f"{problem}\n{self.carrier.report()}\n--- its log:\n{self.carrier.log()}\n"
                                 f"{self.agent.state_files()}\n{self.agent.log_tail()}") from None

    def start_pod(self, name="gold", **options):
        container = self.make_pod(name, **options)
        self.wait_carried(container, f"pod{self.networks.pods - 1}")
        return container

    def send(self, container, count, address=None):
        """From a process that is exec'd into the container, when it is in its group."""
        command = f"udp_tool send {PORT} {count} {address or self.networks.address}"
        container.exec("sh", "-c", self.when_placed(container, command))

    @staticmethod
    def when_placed(container, command):
        return f"until grep -q 'net_cls.*:{container.own_path()}$' /proc/self/cgroup; do :; done; exec {command}"

    def assert_marks(self, expected):
        eventually_equal("marks of the packets that left the node", self.networks.marks, expected)


class Basics:
    """On each kernel path."""

    def test_every_packet_of_a_container_is_marked_and_counted(self):
        self.carrier.start()
        gold, bulk = self.start_pod("gold"), self.start_pod("bulk", classid="10:20")
        self.send(gold, 100)
        self.send(gold, 23, self.networks.address6)
        self.send(bulk, 50)
        self.assert_marks({GOLD: 123, BULK: 50})
        eventually_equal("packets of gold", lambda: self.carrier.counts(id=gold.id, classid=GOLD)["packets"], 123)
        eventually_equal("packets of bulk", lambda: self.carrier.counts(id=bulk.id, classid=BULK)["packets"], 50)
        self.assertEqual(self.carrier.report()["totals"]["differing"], 0)

    def test_a_socket_that_is_older_than_the_class_is_carried(self):
        self.carrier.start()
        container = self.make_pod("late", classid=None)
        container.exec_detached("udp_tool", "send", str(PORT), "40", self.networks.address, "/tmp/go")
        (container.bundle / "rootfs/tmp").mkdir(exist_ok=True)
        self.assertEqual(self.agent.register(container.id, container.pid).status, 201)
        self.wait_carried(container)
        (container.bundle / "rootfs/tmp/go").touch()
        self.assert_marks({GOLD: 40})

    def test_a_carrier_that_is_killed_loses_no_mark(self):
        self.carrier.start()
        container = self.start_pod()
        entrant = container.exec_detached("udp_tool", "stream", str(PORT), self.networks.address)
        eventually("it is placed", lambda: kernel.net_cls_path(entrant) == container.own_path())
        self.networks.forget_marks()
        before = 0
        for _ in range(3):
            self.carrier.stop(signal.SIGKILL)
            before = eventually("it goes on", lambda: self.networks.marks().get(GOLD, 0) > before + 20
                                and self.networks.marks()[GOLD])
            self.carrier.start()
        counted = eventually("counted", lambda: self.carrier.counts(classid=GOLD)["packets"])
        self.assertEqual(set(self.networks.marks()), {GOLD})
        self.assertGreaterEqual(counted, before)

    def test_what_counts_is_kept_when_the_container_ends_and_nothing_of_it_stays_attached(self):
        self.carrier.start()
        container = self.start_pod()
        self.send(container, 77)
        container.delete()
        self.wait_released(container)
        eventually_equal("carriers", lambda: self.carrier.report()["totals"]["attached"], 0)
        eventually_equal("packets of the past", lambda: self.carrier.past(GOLD), 77)
        self.assertEqual(self.attached_to("pod0"), 0)
        self.assertEqual(self.carrier.counts()["packets"], 0)
        self.assertEqual(self.carrier.stop(), 0)
        self.carrier.start()
        self.assertEqual(self.carrier.past(GOLD), 77)

    def attached_to(self, interface):
        """How many programs of ours the kernel has there."""
        shown = self.networks.node.run(tool("tc"), "filter", "show", "dev", interface, "ingress")
        return sum("netclsd_carry" in line for line in shown.splitlines()) + sum(
            path.endswith(f"links/{self.networks.node.ifindex(interface)}") for path in self.carrier.pins())

    def test_nothing_is_left_when_carrying_is_switched_off_or_cleaned_up(self):
        self.carrier.start()
        container = self.start_pod()
        self.assertEqual(self.attached_to("pod0"), 1)
        self.agent.configuration["carry"] = None
        self.agent.write_config()
        self.carrier.reload()
        eventually_equal("what is left", self.carrier.pins, {"netclsd"})
        self.assertEqual(self.attached_to("pod0"), 0)
        self.agent.configuration["carry"] = self.carry
        self.agent.write_config()
        self.carrier.reload()
        eventually_equal("carriers", lambda: self.attached_to("pod0"), 1)
        self.assertEqual(self.carrier.stop(), 0)
        self.assertEqual(self.attached_to("pod0"), 1, "an upgrade loses no mark")
        self.send(container, 10)
        self.assert_marks({GOLD: 10})
        done = self.carrier.clean_up()
        self.assertEqual((done.returncode, done.stderr.count("\n")), (0, 1), done.stderr)
        self.assertEqual(self.carrier.pins(), set())
        self.assertEqual(self.attached_to("pod0"), 0)
        self.assertNotIn("clsact", self.networks.node.run(tool("tc"), "qdisc", "show", "dev", "pod0"))
        self.assertFalse(self.carrier.report_file.exists())

    def test_interfaces_that_come_later_and_veths_that_are_made_anew_get_a_carrier(self):
        self.carrier.start()
        container = self.start_pod()
        self.networks.connect(self.namespace, "multus0", "net1", 9)
        self.wait_carried(container, "pod0", "multus0")
        self.networks.node.ip("link", "set", "multus0", "name", "multus1")
        self.wait_carried(container, "pod0", "multus1")
        self.networks.node.ip("link", "del", "pod0")
        self.wait_carried(container, "multus1")
        self.networks.connect(self.namespace, "pod0", "eth0", 0)
        self.wait_carried(container, "pod0", "multus1")
        self.networks.warm_up(self.namespace)
        self.send(container, 10)
        self.assert_marks({GOLD: 10})
        self.assertEqual(self.carrier.report()["totals"]["repairs"], 0)

    def test_a_carrier_that_somebody_removed_is_put_back(self):
        self.carrier.start()
        container = self.start_pod()
        self.remove_by_hand("pod0")
        eventually_equal("repairs", lambda: self.carrier.report()["totals"]["repairs"], 1)
        self.wait_carried(container)
        self.send(container, 10)
        self.assert_marks({GOLD: 10})

    def remove_by_hand(self, interface):
        (self.host.seen(self.carrier.bpffs) / "netclsd/links" / str(self.networks.node.ifindex(interface))).unlink()


class Routed(Basics, CarryTest):
    def test_an_entrant_is_marked_by_its_cgroup_before_the_agent_has_moved_it(self):
        self.carrier.start()
        container = self.start_pod()
        self.assertTrue(eventually("a report", lambda: self.carrier.containers().get(container.id))["fallback"])
        with self.agent.stopped():
            container.exec("udp_tool", "send", str(PORT), "60", self.networks.address)
        self.assert_marks({GOLD: 60})
        eventually_equal("by the fallback", lambda: self.carrier.counts(id=container.id)["by_fallback"], 60)

    def test_containers_of_one_pod_are_counted_apart(self):
        self.carrier.start()
        first = self.start_pod("first")
        second = self.make_pod("second", namespace=self.namespace, classid="10:20")
        self.wait_carried(second)
        plain = self.make_pod("plain", namespace=self.namespace, classid=None)
        self.send(first, 30)
        self.send(second, 40)
        plain.exec("udp_tool", "send", str(PORT), "5", self.networks.address)
        self.assert_marks({GOLD: 30, BULK: 40, 0: 5})
        for container, packets in ((first, 30), (second, 40)):
            eventually_equal("packets", lambda container=container: self.carrier.counts(id=container.id)["packets"], packets)
        eventually_equal("of nobody", lambda: self.carrier.counts(id=None, classid=0)["packets"] >= 5, True)
        second.delete()
        eventually_equal("of the past", lambda: self.carrier.past(BULK), 40)
        self.assertEqual(self.carrier.interfaces_of(first.id), {"pod0"})

    def test_it_works_on_while_the_agent_is_away(self):
        self.carrier.start()
        container = self.start_pod()
        self.agent.stop(signal.SIGKILL)
        self.networks.connect(self.namespace, "multus0", "net1", 9)
        self.wait_carried(container, "pod0", "multus0")

    def test_a_container_without_a_network_of_its_own_needs_no_carrier(self):
        self.carrier.start()
        container = self.make_container("host", *_FOR_EVER, annotations={CLASSID: "10:1"})
        container.spec["linux"]["namespaces"] = [each for each in container.spec["linux"]["namespaces"]
                                                 if each["type"] != "network"]
        container.write_spec()
        container.start()
        view = eventually("it is known", lambda: self.carrier.containers().get(container.id))
        self.assertEqual((view["carriers"], view["problem"]), ([], ""))


class FirstPackets(CarryTest):
    def test_inits_first_packet_is_marked_although_nobody_knew_its_container_before(self):
        self.carrier.start()
        count = 10
        first = f"udp_tool send {PORT} 1 {self.networks.address}; while :; do sleep 1; done"
        for number in range(count):
            container = self.make_pod(f"first{number}", command=("sh", "-c", first))
        late = self.agent.metrics().value("carry_late_total")  # on a machine that is too busy
        eventually_equal("packets", lambda: sum(self.networks.marks().values()), count)
        self.assertGreaterEqual(self.networks.marks().get(GOLD, 0), count - late)
        self.assertEqual(self.agent.register(container.id, container.pid).status, 200)
        self.assertEqual(self.agent.metrics().value("carry_late_total"), late, "known before: there is nothing to wait for")


class Differing(CarryTest):
    def test_sockets_that_have_the_class_of_others_for_long_are_reported(self):
        self.carrier.start()
        gold, bulk = self.start_pod("gold"), self.start_pod("bulk", classid="10:20")
        entrant = gold.exec_detached("udp_tool", "stream", str(PORT), self.networks.address)
        eventually("it is placed", lambda: kernel.net_cls_path(entrant) == gold.own_path())
        with self.agent.stopped():  # no audit
            (self.host.group(bulk.id) / "cgroup.procs").write_text(str(entrant))
            eventually_equal("differs", lambda: self.carrier.containers()[gold.id].get("differs", {}).get("classid"), BULK)
            self.assertIn("class_differs", self.carrier.log())
        self.assertNotIn("differs", self.carrier.containers()[bulk.id])
        eventually("the agent shows it", lambda: "10:20" in (self.agent.container(gold.id)["carry_problem"] or ""))


class Bridged(CarryTest):
    bridged = True

    def test_every_packet_is_marked(self):
        self.carrier.start()
        container = self.start_pod()
        self.send(container, 100)
        self.send(container, 23, self.networks.address6)
        self.assert_marks({GOLD: 123})


class WithoutTcx(Basics, CarryTest):
    """What a kernel before 6.6 does."""

    faults = "tcx_probe=ENODEV"

    def remove_by_hand(self, interface):
        self.networks.node.run(tool("tc"), "qdisc", "del", "dev", interface, "clsact")

    def test_a_qdisc_of_others_stays(self):
        pod = self.networks.pod()
        self.networks.node.run(tool("tc"), "qdisc", "add", "dev", "pod0", "clsact")
        self.carrier.start()
        container = self.make_pod("gold", namespace=pod)
        self.wait_carried(container)
        self.assertEqual(self.carrier.containers()[container.id]["carriers"][0]["how"], "clsact")
        self.assertEqual(self.carrier.stop(), 0)
        self.assertEqual(self.carrier.clean_up().returncode, 0)
        self.assertIn("clsact", self.networks.node.run(tool("tc"), "qdisc", "show", "dev", "pod0"))
        self.assertEqual(self.attached_to("pod0"), 0)


class Rights(CarryTest):
    def test_it_keeps_two_capabilities_and_can_do_nothing_else(self):
        self.carrier.start()
        status = dict(line.split(":\t", 1) for line in
                      Path(f"/proc/{self.carrier.process.pid}/status").read_text().splitlines() if ":\t" in line)
        for which in ("CapEff", "CapPrm"):
            self.assertEqual(int(status[which], 16), 1 << CAP_NET_ADMIN | 1 << CAP_BPF, which)
        for which in ("CapInh", "CapAmb", "CapBnd"):
            self.assertEqual(int(status[which], 16), 0, which)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))

    def test_these_two_capabilities_are_enough_from_the_start(self):
        keep = f"+cap_{CAP_BPF},+cap_{CAP_NET_ADMIN}"
        self.carrier.launcher = [tool("setpriv"), "--bounding-set", f"-all,{keep}", "--inh-caps", "-all"]
        self.carrier.start()
        self.send(self.start_pod(), 10)
        self.assert_marks({GOLD: 10})

    def test_without_a_bpf_file_system_it_says_how_to_mount_one(self):
        done = self.host.run([*self.carrier.command()[:3], "--bpffs", self.host.work], self.networks.node.launcher())
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"mount -t bpf bpf {self.host.work}", done.stderr)
        self.assertEqual(self.carrier.report()["state"], "failed")


    def test_a_second_one_ends_and_changes_nothing(self):
        self.carrier.start()
        container = self.start_pod()
        for options in ((), ("--clean-up",)):
            done = self.host.run(self.carrier.command(*options), self.networks.node.launcher())
            self.assertEqual(done.returncode, 1)
            self.assertIn("another netclsd-carrier is running", done.stderr)
        self.assertEqual(self.carrier.interfaces_of(container.id), {"pod0"})


class Others(CarryTest):
    """Programs of others at the same hook."""

    carry = {"to": "mark", "mask": "0xff00", "shift": 8, "map": {"gold": 3}}

    def test_all_run_and_each_keeps_its_own_bits_of_the_mark(self):
        self.namespace = self.networks.pod()
        earlier = OtherProgram(self.networks.node, "pod0", mark_bit=1)
        self.addCleanup(earlier.close)
        self.carrier.start()
        container = self.make_pod("gold", namespace=self.namespace)
        self.wait_carried(container)
        self.assertEqual(self.before_us(container), 0)
        later = OtherProgram(self.networks.node, "pod0", mark_bit=2)
        self.addCleanup(later.close)
        eventually_equal("programs before ours", lambda: self.before_us(container), 1)
        self.send(container, 10)
        self.assert_marks({0x303: 10})
        self.carrier.stop()
        self.assertEqual(self.carrier.clean_up().returncode, 0)
        self.send(container, 5)
        self.assert_marks({0x303: 10, 0x3: 5})

    def before_us(self, container):
        return self.carrier.containers()[container.id]["carriers"][0]["before_us"]

    def test_a_carrier_at_tcx_does_not_mind_what_happens_to_clsact(self):
        self.carrier.start()
        container = self.start_pod()
        self.networks.node.run(tool("tc"), "qdisc", "add", "dev", "pod0", "clsact")
        self.networks.node.run(tool("tc"), "qdisc", "del", "dev", "pod0", "clsact")
        self.send(container, 10)
        self.assert_marks({0x300: 10})


class ByMap(CarryTest):
    carry = {"to": ["mark", "priority"], "mask": "0xff00", "shift": 8, "map": {"gold": 3}}

    def test_a_class_has_its_value_and_others_have_none(self):
        self.carrier.start()
        gold, bulk = self.start_pod("gold"), self.start_pod("bulk", classid="10:20")
        self.send(gold, 10)
        self.send(bulk, 5)
        self.assert_marks({0x300: 10, 0: 5})

    def test_other_values_take_effect_at_once(self):
        self.carrier.start()
        gold = self.start_pod("gold")
        self.agent.configuration["carry"] = {"to": "mark"}
        self.agent.write_config()
        self.carrier.reload()
        eventually("it was read", lambda: "config_reloaded" in self.carrier.log())
        time.sleep(0.2)  # it takes effect with the next look
        self.send(gold, 10)
        self.assert_marks({GOLD: 10})
