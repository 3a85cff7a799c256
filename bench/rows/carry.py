"""What carrying the class over veths costs: a packet, a container, and the carrier when nothing happens."""

import time

from e2e.support.carrier import Carrier
from e2e.support.networks import PORT, Namespace, Networks
from e2e.support.other_program import OtherProgram
from e2e.support.programs import tool
from e2e.support.waiting import eventually, eventually_equal

from ..support import processes
from ..support.bpf import run_statistics, runs_and_ns
from ..support.load import PacketSender
from ..support.result import Result, of_median, percentile

RATIO_MIN = 0.9
MIB = 1 << 20
CARRIED, BARE, PLAIN = "with a carrier", "with a program that does nothing", "without a program"


class Node:
    """Three pods, a sender in each. What they send is routed, and dropped where it arrives."""

    def __init__(self, session):
        self.session, self.many = session, []
        self.agent = session.start_agent(carry={"to": "mark"})
        self.networks = Networks(session.host)
        self.node = self.networks.node
        self.node.run(tool("nft"), "delete", "table", "netdev", "carry")  # counting would cost as much as carrying
        self.networks.wire.run(tool("nft"), "-f", "-", input=f"""
            table netdev sink {{
              chain in {{
                type filter hook ingress device "eth0" priority 0;
                udp dport {PORT} drop
              }}
            }}
        """)
        self.carrier = Carrier(session.host, self.agent, self.networks)
        self.pods = {name: self.networks.pod() for name in (PLAIN, BARE, CARRIED)}
        for pod in self.pods.values():
            self.networks.warm_up(pod)
        self.senders = {name: self.sender(name) for name in self.pods}
        self.other = OtherProgram(self.node, "pod1", mark_bit=0)

    def sender(self, name):
        return PacketSender(self.session, self.pods[name].launcher(), self.networks.address, PORT)

    def close(self):
        self.other.close()
        for sender in self.senders.values():
            sender.close()
        self.carrier.stop()
        self.carrier.clean_up()
        self.agent.stop()
        for namespace in (*self.many, *self.pods.values(), self.node, self.networks.wire):
            namespace.close()

    def start_carrier(self):
        self.carrier.start()
        self.session.register(self.agent, "sender", self.senders[CARRIED].pid)
        self.wait_for(self.traces("pod2"))

    @property
    def carrier_pid(self):
        return self.carrier.process.pid

    def traces(self, interface):
        """What the carrier leaves in its file system when it has attached something there, by tcx or by clsact."""
        top, index = self.session.host.seen(self.carrier.bpffs) / "netclsd", self.node.ifindex(interface)
        return [top / "links" / str(index), top / "filters" / str(index)]

    @staticmethod
    def wait_for(traces):
        eventually("it has a carrier", lambda: any(path.exists() for path in traces), pause_s=0.0005)

    def counted(self):
        return self.carrier.counts()["packets"]

    def add_container(self, number):
        """In a network namespace of its own. How many ms after its registration was answered it has its carrier."""
        namespace, interface = Namespace(), f"many{number}"
        self.many.append(namespace)
        self.node.ip("link", "add", interface, "up", "type", "veth", "peer", "name", "eth0", "netns", namespace.pid)
        traces = self.traces(interface)
        self.session.register(self.agent, f"many{number}", namespace.pid)
        began = time.perf_counter()
        self.wait_for(traces)
        return (time.perf_counter() - began) * 1000


def measure(session):
    node = Node(session)
    try:
        with run_statistics():
            runs = _runs(session, node)
        return [*_throughput(session, node), *runs, *_containers(session, node)]
    finally:
        node.close()


def _runs(session, node):
    node.start_carrier()
    of_class = _ns_of_a_run(node, node.senders[CARRIED], session.effort.packets)
    other = node.sender(CARRIED)
    try:
        of_none = _ns_of_a_run(node, other, session.effort.packets)
    finally:
        other.close()
    eventually_equal("runs that counted no packet", lambda: runs_and_ns(node.carrier_pid)[0] - node.counted(), 0)
    total, _ = runs_and_ns(node.carrier_pid)
    return [Result("  one run of the carrier's program, for a packet with a class", of_class, "ns"),
            Result("  the same for a packet without", of_none, "ns"),
            Result("  runs that counted a packet", node.counted() / total, "×", limit=1, is_at_least=True, note=f"all {total:,}")]


def _ns_of_a_run(node, sender, packets):
    before = runs_and_ns(node.carrier_pid)
    sender.send(packets)
    runs, ns = (after - earlier for after, earlier in zip(runs_and_ns(node.carrier_pid), before))
    return ns / runs


def _throughput(session, node):
    """In each round all send, one after the other, and each begins once in a while."""
    names, rates = list(node.senders), {name: [] for name in node.senders}
    for number in range(session.effort.packet_rounds):
        for shift in range(len(names)):
            name = names[(number + shift) % len(names)]
            rates[name].append(session.effort.packets / node.senders[name].send(session.effort.packets) * 1e9)
    session.say("packets a second, medians: " + ", ".join(f"{name} {percentile(each, 50):,.0f}" for name, each in rates.items()))

    def ratio(other):
        return [ours / theirs for ours, theirs in zip(rates[CARRIED], rates[other])]

    return [of_median("routed packets a second of a sender in a pod with a carrier ÷ without", ratio(PLAIN), "×", limit=RATIO_MIN,
                      is_at_least=True, detail=rates, note="paired; 64 bytes each, by UDP"),
            of_median("  ÷ with a program that does nothing in its place", ratio(BARE), "×")]


def _containers(session, node):
    count = session.effort.carried
    cpu_ns = processes.cpu_ns(node.carrier_pid)
    waits_ms = [node.add_container(number) for number in range(count)]
    cpu_of_each_ms = (processes.cpu_ns(node.carrier_pid) - cpu_ns) / 1e6 / count
    idle_from, began = processes.cpu_ns(node.carrier_pid), time.monotonic()
    time.sleep(session.effort.idle_s / 2)
    idle_percent = (processes.cpu_ns(node.carrier_pid) - idle_from) / 1e7 / (time.monotonic() - began)
    resident, proportional = processes.resident_bytes(node.carrier_pid), processes.proportional_bytes(node.carrier_pid)
    return [of_median("  a new container's carrier after its registration", waits_ms, "ms", note=f"p99 {percentile(waits_ms, 99):.1f} ms"),
            Result("  CPU of the carrier for each of them", cpu_of_each_ms, "ms"),
            Result(f"  CPU of the carrier with {count} containers and nothing to do", idle_percent, "% of one CPU"),
            Result(f"  memory of the carrier with {count} containers (resident)", resident / MIB, "MiB",
                   note=f"{proportional / MIB:.1f} MiB without what it shares with others (PSS); the kernel's tables come on top")]
