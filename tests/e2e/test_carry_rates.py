"""HTB keeps the rates of the classes that are carried to it, on each path that a packet may take."""

import os
import signal
import time
from pathlib import Path as File

from .support.networks import PORT
from .support.nft import counter, set_counters
from .support.paths import BRIDGED, BRIDGED_FILTERED, MIRRED, REDIRECTED, REDIRECTED_CLSACT, ROUTED, Path, Paths
from .support.programs import REPOSITORY, program, tool
from .support.waiting import eventually_equal
from .test_carry import CarryTest
from .test_recipes import commands

RATES_MBIT = {"10:1": 2, "10:20": 8}
TOLERANCE = 0.1
WINDOW_S = 1.5
SAMPLES = 3  # of a window
# On a machine that is too busy a sender may not get its turn, and its class's rate is not used; or tc does not, and
# tells late what was sent. A rate that HTB does not keep is wrong in every window.
WINDOWS_MAX = 3
STRAY_BYTES_MAX = 2_000  # without a class: who asks for neighbours
# As docs/carry.md has them: the mark is the classid; seven bits of it are the class's minor number.
MARK_IS_CLASSID = "protocol all bpf bytecode '2,32 0 0 4294963220,22 0 0 0'"
BITS_ARE_MINOR = ("protocol all bpf bytecode "
                  "'6,32 0 0 4294963220,84 0 0 127,21 0 1 0,6 0 0 0,68 0 0 1048576,22 0 0 0'")

RECEIVED = """
    table inet received {
      set from4 { type ipv4_addr; flags dynamic; counter; size 1000; }
      set from6 { type ipv6_addr; flags dynamic; counter; size 1000; }
      chain in {
        type filter hook prerouting priority 0;
        update @from4 { ip saddr }
        update @from6 { ip6 saddr }
      }
    }
"""


class Rates(CarryTest):
    """Two containers send on all paths at once, on each more than their class may."""

    redirected = REDIRECTED

    def setUp(self):
        super().setUp()
        kinds = [(ROUTED, 4), (ROUTED, 6), (BRIDGED, 4), (self.redirected, 4), (self.redirected, 6), (MIRRED, 4)]
        if File("/proc/sys/net/bridge").is_dir():  # br_netfilter is there
            kinds.append((BRIDGED_FILTERED, 6))
        self.paths = Paths(self.networks, *(Path(number, *kind) for number, kind in enumerate(kinds)))
        self.networks.wire.run(tool("nft"), "-f", "-", input=RECEIVED)
        self.carrier.start()
        self.start_process(program("tcp_tool"), "sink", str(PORT), launcher=self.networks.wire.launcher())
        self.pods = [self.start_pod_on_all_paths("gold", "10:1"), self.start_pod_on_all_paths("bulk", "10:20")]

    def start_pod_on_all_paths(self, name, classid):
        number, namespace = self.networks.pods, self.networks.pod()
        carried = self.paths.connect(namespace, number)
        namespace.set("ipv4/tcp_congestion_control", "reno")  # others may leave no queue
        container = self.make_pod(name, namespace=namespace, classid=classid)
        container.add_program("tcp_tool")
        self.wait_carried(container, f"pod{number}", *carried)
        return container

    def assert_rates(self, flood, **limits):
        """While `flood` runs in both containers."""
        self.paths.limit(RATES_MBIT, **limits)
        for family in ("from4", "from6"):
            self.networks.wire.run(tool("nft"), "flush", "set", "inet", "received", family)
        addresses = " ".join(path.address for path in self.paths)
        senders = [container.exec_detached("sh", "-c", self.when_placed(container, f"{flood} {PORT} {addresses}"))
                   for container in self.pods]
        for _ in range(WINDOWS_MAX):
            wrong = self.wrong_rates()
            if not wrong:
                break
        self.assertEqual(wrong, [], "with how many packets waited at times")
        self.assert_each_has_its_own_class()
        for sender in senders:
            os.kill(sender, signal.SIGKILL)

    def received(self):
        """source → bytes, without the Ethernet header and without those of what is cut later"""
        counters = {}
        for family in ("from4", "from6"):
            counters.update(set_counters(self.networks.wire, "inet", "received", family))
        return {source: counter["bytes"] for source, counter in counters.items()}

    def assert_each_has_its_own_class(self):
        before, sent, after = self.received(), self.paths.sent(), self.received()
        for path, classes in sent.items():
            self.assertLess(classes["10:30"].bytes, STRAY_BYTES_MAX, f"without a class: {path}")
            for pod, handle in enumerate(RATES_MBIT):
                of_class, source = classes[handle].bytes, path.source(pod)
                self.assertLess(before[source], of_class * (1 + TOLERANCE), f"{path}, {handle}")
                self.assertGreater(after[source], of_class * (1 - TOLERANCE), f"{path}, {handle}")

    def wrong_rates(self):
        """Of one window."""
        eventually_equal("empty queues", self.empty_queues, [])
        samples = [self.paths.sent()]
        for _ in range(SAMPLES):
            time.sleep(WINDOW_S / SAMPLES)
            samples.append(self.paths.sent())
        wrong = []
        for path in self.paths:
            for handle, mbit in RATES_MBIT.items():
                of_class = [sample[path][handle] for sample in samples]
                measured = self.rate_mbit(of_class[0], of_class[-1])
                if abs(measured / mbit - 1) > TOLERANCE:
                    wrong.append(f"{path}, {handle}: {measured:.2f} Mbit/s, {[each.waiting for each in of_class]}")
        return wrong

    def empty_queues(self):
        return [f"{path}, {handle}" for path, classes in self.paths.sent().items() for handle in RATES_MBIT
                if classes[handle].waiting == 0]

    @staticmethod
    def rate_mbit(first, last):
        return (last.bytes - first.bytes) * 8 / 1e6 / (last.at_s - first.at_s)


class ByPriority(Rates):
    carry = {"to": "priority"}

    def test_rates_are_kept_on_every_path(self):
        self.networks.node.run("/bin/sh", "-euc", commands("htb-by-priority"))
        self.assert_rates("udp_tool flood")
        self.assert_rates("tcp_tool flood")


class ByMarkWithoutTcx(Rates):
    """What leads from the mark to the class depends on the path. At `postrouting` nftables sees routed packets, and
    with br_netfilter bridged ones; at `egress` all but those that were redirected. Filters of tc see all."""

    faults = "tcx_probe=ENODEV"
    redirected = REDIRECTED_CLSACT

    def test_rates_are_kept_on_every_path(self):
        self.networks.node.run("/bin/sh", "-euc", commands("htb-by-nftables"))
        for path in self.paths:
            rule = "meta priority set meta mark map @class_of" if path.how == BRIDGED else ""
            self.see_at_egress(path.card, rule)
        limits = {"filters": {REDIRECTED_CLSACT: [MARK_IS_CLASSID], MIRRED: [BITS_ARE_MINOR]}}
        self.assert_rates("udp_tool flood", **limits)
        self.assert_rates("tcp_tool flood", **limits)
        seen = {path for path in self.paths if counter(self.networks.node, "netdev", path.card, "seen")["packets"]}
        self.assertEqual(seen, {path for path in self.paths if path.how not in limits["filters"]})
        for filters in limits["filters"].values():
            self.assertIn(f"parent 10: {filters[0]}\n", (REPOSITORY / "docs/carry.md").read_text())

    def see_at_egress(self, card, rule):
        self.networks.node.run(tool("nft"), "-f", "-", input=f"""
            table netdev {card} {{
              counter seen {{ }}
              map class_of {{ type mark : classid; elements = {{ 0x100001 : 10:1, 0x100020 : 10:20 }} }}
              chain out {{
                type filter hook egress device "{card}" priority 0;
                meta mark {{ 0x100001, 0x100020 }} counter name seen
                {rule}
              }}
            }}
        """)
