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
        """Ready when the agent, too, knows of it: only then registrations wait for it."""
        self.carrier.start()
        eventually("the agent knows of the carrier", lambda: (self.agent.get("/v1/status")["carry"] or {}).get("state") == "ok")
        self.session.register(self.agent, "sender", self.senders[CARRIED].pid)
        eventually("the sender has a carrier", lambda: self.is_carried("pod2"))

    @property
    def carrier_pid(self):
        return self.carrier.process.pid

    def is_carried(self, interface):
        """By tcx or by clsact: the carrier leaves a trace of either in its file system."""
        top, index = self.session.host.seen(self.carrier.bpffs) / "netclsd", str(self.node.ifindex(interface))
        return (top / "links" / index).exists() or (top / "filters" / index).exists()

    def counted(self):
        return self.carrier.counts()["packets"]

    def add_container(self):
        """In a network namespace of its own: how many ms its registration took, and whether it has its carrier then."""
        namespace, interface = Namespace(), f"many{len(self.many)}"
        self.many.append(namespace)
        self.node.ip("link", "add", interface, "up", "type", "veth", "peer", "name", "eth0", "netns", namespace.pid)
        began = time.perf_counter()
        self.session.register(self.agent, interface, namespace.pid)
        return (time.perf_counter() - began) * 1000, self.is_carried(interface)


def measure(session):
    node = Node(session)
    try:
        alone_ms = [node.add_container()[0] for _ in range(session.effort.carried // 2)]
        with run_statistics():
            runs = _runs(session, node)
        return [*_throughput(session, node), *runs, *_containers(session, node, alone_ms)]
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


def _containers(session, node, alone_ms):
    cpu_ns = processes.cpu_ns(node.carrier_pid)
    added = [node.add_container() for _ in alone_ms]
    cpu_of_each_ms = (processes.cpu_ns(node.carrier_pid) - cpu_ns) / 1e6 / len(added)
    with_ms, late = [ms for ms, _ in added], sum(not is_carried for _, is_carried in added)
    idle_from, began = processes.cpu_ns(node.carrier_pid), time.monotonic()
    time.sleep(session.effort.idle_s / 2)
    idle_percent = (processes.cpu_ns(node.carrier_pid) - idle_from) / 1e7 / (time.monotonic() - began)
    resident, proportional = processes.resident_bytes(node.carrier_pid), processes.proportional_bytes(node.carrier_pid)
    count = len(node.many)
    return [of_median("  registering a container, which waits for the carrier", with_ms, "ms", note=f"p99 {percentile(with_ms, 99):.1f} ms"),
            of_median("  the same while there is no carrier", alone_ms, "ms", note=f"p99 {percentile(alone_ms, 99):.1f} ms"),
            Result("  containers that were registered before they had their carrier", late, "containers", note=f"of {len(added)}"),
            Result("  CPU of the carrier for each container", cpu_of_each_ms, "ms"),
            Result(f"  CPU of the carrier with {count} containers and nothing to do", idle_percent, "% of one CPU"),
            Result(f"  memory of the carrier with {count} containers (resident)", resident / MIB, "MiB",
                   note=f"{proportional / MIB:.1f} MiB without what it shares with others (PSS); the kernel's tables come on top")]
