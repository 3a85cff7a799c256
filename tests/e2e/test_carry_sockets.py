"""Sockets of every kind: all that they send lands in the HTB class of who owns them."""

from pathlib import Path

from .support.networks import PORT
from .support.paths import limit_cards, sent_by_card
from .support.programs import program, tool
from .support.waiting import eventually, eventually_equal
from .test_carry import BULK, GOLD, CarryTest
from .test_recipes import commands

TCP_BYTES = 200_000
UDP_PACKETS = 200
UDP_BYTES = UDP_PACKETS * (14 + 20 + 8 + 1)
HEADERS_MOST = 1.1
STRAY_BYTES_MAX = 2_000  # without a class: who asks for neighbours, the last ACK of a connection
SERVER = "10.77.0.2"  # the pod
MULTIPATH = "MPTCP=1 " if Path("/proc/sys/net/mptcp").is_dir() else ""  # before a command of the shell


class Sockets(CarryTest):
    carry = {"to": "priority"}

    def setUp(self):
        super().setUp()
        self.networks.node.run("/bin/sh", "-euc", commands("htb-by-priority"))
        limit_cards(self.networks.node, {"wire0": ()}, {"10:1": 1000, "10:20": 1000})
        self.carrier.start()
        self.start_process(program("tcp_tool"), "sink", str(PORT), launcher=self.networks.wire.launcher())
        self.namespace = self.networks.pod()

    def start_in_pod(self, name, classid=None):
        """All in the same one."""
        container = self.make_pod(name, namespace=self.namespace, classid=classid)
        container.add_program("tcp_tool")
        return container

    def run_until_told(self, container, command, name):
        """The command waits for a file. The result is what makes this file."""
        container.exec_detached("sh", "-c", f"{command} /tmp/{name}")
        return (container.bundle / "rootfs/tmp" / name).touch

    def run_in(self, container, command):
        """When it is in its container's group, if it has one."""
        is_registered = self.agent.container(container.id) is not None
        container.exec_detached("sh", "-c", self.when_placed(container, command) if is_registered else command)

    def fetch(self, port):
        """From the pod's server there."""
        self.start_process(program("tcp_tool"), "fetch", str(port), SERVER, launcher=self.networks.wire.launcher())

    def wait_connected(self, count):
        eventually_equal("connections of the pod", lambda: self.namespace.run(
            tool("ss"), "-Htn", "state", "established").count("\n"), count)

    def sent(self):
        return {handle: sent.bytes for handle, sent in sent_by_card(self.networks.node, ["wire0"])["wire0"].items()}

    def assert_lands_in(self, handle, send, expected=TCP_BYTES):
        """Without headers, if it is TCP."""
        before = self.sent()
        send()

        def sent():
            return {each: now - before[each] for each, now in self.sent().items()}
        eventually("it was sent", lambda: sum(sent().values()) >= expected)
        eventually("none is on its way", lambda: sent() == sent())
        now = sent()
        self.assertTrue(expected <= now[handle] < expected * HEADERS_MOST, now)
        self.assertLess(sum(now.values()) - now[handle], STRAY_BYTES_MAX, now)

    def wait_counted(self, bytes_min, **wanted):
        eventually("it is reported", lambda: self.carrier.counts(**wanted)["bytes"] >= bytes_min)
        return self.carrier.counts(**wanted)

    def test_it_may_be_older_than_the_class_or_younger(self):
        late = self.start_in_pod("late")
        to_wire = f"tcp_tool send {PORT} {TCP_BYTES} {self.networks.address}"
        udp = f"udp_tool send {PORT} {UDP_PACKETS} {self.networks.address}"
        send_connected = self.run_until_told(late, to_wire, "connected")
        send_multipath = self.run_until_told(late, MULTIPATH + to_wire, "multipath")
        send_opened = self.run_until_told(late, udp, "opened")
        accept_queued = self.run_until_told(late, f"tcp_tool serve 4712 {TCP_BYTES}", "queued")
        self.run_in(late, f"tcp_tool serve 4713 {TCP_BYTES}")
        self.run_in(late, f"{MULTIPATH} tcp_tool serve 4714 {TCP_BYTES}")
        self.fetch(4712)
        self.wait_connected(3)
        self.assertEqual(self.agent.register(late.id, late.pid).status, 201)
        self.wait_carried(late)
        self.assert_lands_in("10:1", send_connected)
        self.assert_lands_in("10:1", send_opened, UDP_BYTES)
        self.assert_lands_in("10:1", lambda: self.fetch(4713))
        self.run_in(late, f"tcp_tool serve 4715 {TCP_BYTES}")
        self.assert_lands_in("10:1", lambda: self.fetch(4715))
        self.assert_lands_in("10:1", lambda: self.run_in(late, to_wire))
        self.assert_lands_in("10:1", lambda: self.run_in(late, f"sh -c '{MULTIPATH} {to_wire}'"))
        self.assert_lands_in("10:1", lambda: self.run_in(late, udp), UDP_BYTES)
        counted = self.wait_counted(5 * TCP_BYTES + 2 * UDP_BYTES, id=late.id, classid=GOLD)
        self.assertEqual(counted["by_fallback"], 0)
        # The kernel gives no class to these: a connection that nobody has accepted yet, and the sockets behind an older
        # one of Multipath TCP. Their cgroup tells.
        for send in (accept_queued, send_multipath, lambda: self.fetch(4714)):
            self.assert_lands_in("10:1", send)
        counted = self.wait_counted(8 * TCP_BYTES + 2 * UDP_BYTES, id=late.id, classid=GOLD)
        self.assertGreater(counted["by_fallback"], (2 if MULTIPATH else 0) * TCP_BYTES / 1500)

    def test_one_that_is_passed_on_has_the_class_of_who_receives_it(self):
        plain = self.start_in_pod("plain")
        gold, bulk = self.start_in_pod("gold", "10:1"), self.start_in_pod("bulk", "10:20")
        for container in (gold, bulk):
            self.wait_carried(container)
        for giver, receiver, handle in ((gold, bulk, "10:20"), (plain, gold, "10:1")):
            self.assert_lands_in(handle, self.pass_on(giver, receiver))
        # Who receives it has no class, and so the socket has none any more. Its cgroup tells whose it was.
        self.assert_lands_in("10:1", self.pass_on(gold, plain))
        counted = self.wait_counted(TCP_BYTES, id=gold.id, classid=GOLD)
        self.assertGreater(counted["by_fallback"], TCP_BYTES / 1500)
        self.wait_counted(TCP_BYTES, id=None, classid=GOLD)
        differing = self.carrier.counts(id=gold.id, classid=BULK)
        self.assertGreater(differing["bytes"], TCP_BYTES)
        self.assertEqual(self.carrier.report()["totals"]["differing"], differing["packets"])

    def pass_on(self, giver, receiver):
        """A connection. The result lets the receiver send."""
        name = f"{giver.id}-{receiver.id}"
        self.run_in(giver, f"tcp_tool pass {name} {PORT} {self.networks.address}")
        self.run_in(receiver, f"tcp_tool take {name} {TCP_BYTES} /tmp/{name}")
        self.wait_connected(1)
        return (receiver.bundle / "rootfs/tmp" / name).touch
