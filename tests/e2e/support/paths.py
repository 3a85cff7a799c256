"""Ways that a pod's packets take through the node. Each has a veth of the pod, a card of the node and a network behind
it of its own, so that all can be tried at once."""

import ipaddress
import re
import time
from dataclasses import dataclass

from .programs import tool
from .redirect import Redirect

ROUTED = "routed"
BRIDGED = "bridged"
BRIDGED_FILTERED = "bridged, with br_netfilter"
REDIRECTED = "redirected by a program at tcx"
REDIRECTED_CLSACT = "redirected by a program of a filter"
MIRRED = "redirected by mirred"

# Of a packet that the card is to cut. With the usual 64 KB a class of 2 Mbit/s sends four packets a second, and what it
# sends in a short time depends on when that begins.
SEGMENTS_MAX = 5

_BRIDGES = (BRIDGED, BRIDGED_FILTERED)
_WIRE, _PODS = 100, 150  # the second number of their addresses


@dataclass
class Sent:
    """What an HTB class has sent, and what waits there."""

    packets: int
    bytes: int
    waiting: int
    at_s: float


class Path:
    def __init__(self, number, how, family=4):
        self.number, self.how, self.family = number, how, family
        self.card, self.bridge, self._far = f"card{number}", f"bridge{number}", f"far{number}"
        self._far_mac = f"02:00:00:00:00:{number:02x}"
        self.address = self._of(_WIRE, 0, 2)  # what is sent to
        self._card_address = self._of(_WIRE, 0, 1)

    def __str__(self):
        return f"{self.how}, IPv{self.family}"

    @property
    def is_bridged(self):
        return self.how in _BRIDGES

    def _of(self, kind, network, host):
        if self.family == 4:
            return f"10.{kind + self.number}.{network}.{host}"
        return f"fd00:{kind + self.number}:{network}::{host}"

    def _network(self, kind, network, host=0):
        return f"{self._of(kind, network, host)}/{24 if self.family == 4 else 64}"

    def source(self, pod):
        """The address that the pod sends from."""
        text = self._of(_WIRE, 0, 10 + pod) if self.is_bridged else self._of(_PODS, pod, 2)
        return str(ipaddress.ip_address(text))

    def of_pod(self, pod):
        """Names: the node's end of the veth, the pod's end."""
        return f"pod{pod}way{self.number}", f"way{self.number}"

    def _give(self, address, interface):
        return f"addr add {address} dev {interface}" + ("" if self.family == 4 else " nodad")

    # --- commands of ip ---

    def in_node(self, wire_pid):
        yield f"link add {self.card} type veth peer name {self._far} address {self._far_mac} netns {wire_pid}"
        if self.is_bridged:
            is_filtered = int(self.how == BRIDGED_FILTERED)
            yield (f"link add {self.bridge} type bridge nf_call_iptables {is_filtered} "
                   f"nf_call_ip6tables {is_filtered}")
            yield f"link set {self.card} master {self.bridge}"
            yield f"link set {self.bridge} up"
        else:
            yield self._give(self._network(_WIRE, 0, 1), self.card)
        yield f"link set {self.card} up"

    def in_wire(self):
        yield self._give(self._network(_WIRE, 0, 2), self._far)
        yield f"link set {self._far} up"
        if not self.is_bridged:
            all_pods = f"10.{_PODS + self.number}.0.0/16" if self.family == 4 else f"fd00:{_PODS + self.number}::/32"
            yield f"route add {all_pods} via {self._card_address}"

    def in_node_for(self, pod, pod_pid):
        outside, inside = self.of_pod(pod)
        yield f"link add {outside} type veth peer name {inside} netns {pod_pid}"
        yield f"link set {outside} master {self.bridge}" if self.is_bridged else self._give(
            self._network(_PODS, pod, 1), outside)
        yield f"link set {outside} up"

    def in_pod(self, pod):
        _, inside = self.of_pod(pod)
        yield f"link set {inside} gso_max_segs {SEGMENTS_MAX}"
        if self.is_bridged:
            yield self._give(self._network(_WIRE, 0, 10 + pod), inside)
        else:
            yield self._give(self._network(_PODS, pod, 2), inside)
        yield f"link set {inside} up"
        if self.is_bridged:
            return
        if self.how == MIRRED:  # what mirred redirects keeps its address, which must be the receiver's
            yield f"neigh replace {self._of(_PODS, pod, 1)} lladdr {self._far_mac} dev {inside} nud permanent"
        yield f"route add {self._network(_WIRE, 0)} via {self._of(_PODS, pod, 1)}"


class Paths:
    def __init__(self, networks, *paths):
        self._networks, self._node, self._all = networks, networks.node, paths
        self._leave_filtering_to_each_bridge()
        self._ip(self._node, [line for path in paths for line in path.in_node(networks.wire.pid)])
        self._ip(networks.wire, [line for path in paths for line in path.in_wire()])

    def __iter__(self):
        return iter(self._all)

    def _leave_filtering_to_each_bridge(self):
        self._node.run("/bin/sh", "-c", "for key in /proc/sys/net/bridge/bridge-nf-call-*; do\n"
                                        "  [ ! -e $key ] || echo 0 > $key\ndone")

    @staticmethod
    def _ip(namespace, lines):
        namespace.run(tool("ip"), "-batch", "-", input="\n".join(lines) + "\n")

    def connect(self, namespace, pod):
        """Gives it one more veth for each path. The names of the node's ends."""
        self._ip(self._node, [line for path in self._all for line in path.in_node_for(pod, namespace.pid)])
        self._ip(namespace, [line for path in self._all for line in path.in_pod(pod)])
        for path in self._all:
            self._redirect(path, path.of_pod(pod)[0])
        return [path.of_pod(pod)[0] for path in self._all]

    def _redirect(self, path, interface):
        if path.how in (REDIRECTED_CLSACT, MIRRED):
            self._node.run(tool("tc"), "qdisc", "add", "dev", interface, "clsact")
        if path.how in (REDIRECTED, REDIRECTED_CLSACT):
            how = "tcx" if path.how == REDIRECTED else "clsact"
            self._networks.host.on_close(Redirect(self._node, interface, path.card, how).close)
        if path.how == MIRRED:
            self._node.run(tool("tc"), *f"filter add dev {interface} ingress pref 10 protocol ip u32 match u32 0 0 "
                                        f"action mirred egress redirect dev {path.card}".split())

    # --- HTB at each card ---

    def limit(self, rates, filters=None):
        """Anew, so that nothing waits there. `rates`: class → Mbit/s, its most, too. `filters`: how → filters of tc."""
        cards = {path.card: (filters or {}).get(path.how, ()) for path in self._all}
        limit_cards(self._node, cards, rates)

    def sent(self):
        """path → class → Sent"""
        by_card = sent_by_card(self._node, [path.card for path in self._all])
        return {path: by_card[path.card] for path in self._all}


def limit_cards(node, cards, rates):
    """`cards`: card → filters of tc"""
    limited = set(re.findall(r"^qdisc htb .* dev (\S+) root", node.run(tool("tc"), "qdisc", "show"), re.M))
    lines = [f"qdisc del dev {card} root" for card in cards if card in limited]
    for card, filters in cards.items():
        lines.append(f"qdisc add dev {card} root handle 10: htb default 30")
        lines += [f"class add dev {card} parent 10: classid {handle} htb rate {mbit}mbit"
                  for handle, mbit in rates.items()]
        lines.append(f"class add dev {card} parent 10: classid 10:30 htb rate 1gbit quantum 60000")
        lines += [f"filter add dev {card} parent 10: {each}" for each in filters]
    node.run(tool("tc"), "-batch", "-", input="\n".join(lines) + "\n")


def sent_by_card(node, cards):
    """card → class → Sent"""
    before = time.monotonic()
    shown = node.run(tool("tc"), "-s", "-batch", "-",
                     input="".join(f"class show dev {card}\n" for card in cards))
    at_s = (before + time.monotonic()) / 2
    found = re.findall(r"^class htb (\S+) .*\n Sent (\d+) bytes (\d+) pkt.*\n backlog \S+ (\d+)p", shown, re.M)
    of_each = len(found) // len(cards)  # they have the same classes, and tc does not say whose they are
    sent = [(handle, Sent(int(packets), int(sent), int(waiting), at_s)) for handle, sent, packets, waiting in found]
    return {card: dict(sent[at * of_each:(at + 1) * of_each]) for at, card in enumerate(cards)}
