"""Four count the same packets: who sends them, the carrier, nftables at the node's interface, and HTB."""

from typing import NamedTuple

from .support.networks import PORT
from .support.nft import set_counters
from .support.paths import limit_cards, sent_by_card
from .support.programs import program, tool
from .support.waiting import eventually_equal
from .test_carry import BULK, GOLD, CarryTest
from .test_recipes import commands

HANDLES = {GOLD: "10:1", BULK: "10:20"}
UDP4, UDP6, TCP4 = 14 + 20 + 8, 14 + 40 + 8, 14 + 20 + 32  # Ethernet, IP, TCP with time stamps
TCP_BYTES = 2_000_000


class Count(NamedTuple):
    packets: int
    bytes: int

    def since(self, earlier):
        return Count(self.packets - earlier.packets, self.bytes - earlier.bytes)


class Accounting(CarryTest):
    def setUp(self):
        super().setUp()
        self.networks.node.run("/bin/sh", "-euc", commands("htb-by-nftables"))
        limit_cards(self.networks.node, {"wire0": ()}, {"10:1": 1000, "10:20": 1000})
        self.networks.node.run(tool("nft"), "-f", "-", input="""
            table netdev counts {
              set by_mark { type mark; flags dynamic; counter; size 1000; }
              chain out {
                type filter hook egress device "wire0" priority 0;
                update @by_mark { meta mark }
              }
            }
        """)
        self.carrier.start()
        self.start_process(program("tcp_tool"), "sink", str(PORT), launcher=self.networks.wire.launcher())

    def by_carrier(self, classid):
        counts = self.carrier.counts(classid=classid, id=self.ids[classid])
        return Count(counts["packets"], counts["bytes"])

    def by_nftables(self, classid):
        counters = set_counters(self.networks.node, "netdev", "counts", "by_mark")
        return Count(counters[classid]["packets"], counters[classid]["bytes"]) if classid in counters else Count(0, 0)

    def by_htb(self, classid):
        sent = sent_by_card(self.networks.node, ["wire0"])["wire0"][HANDLES[classid]]
        return Count(sent.packets, sent.bytes)

    def assert_all_have_counted(self, classid, expected):
        for count in (self.by_htb, self.by_nftables, self.by_carrier):
            eventually_equal(count.__name__, lambda count=count: count(classid), expected)

    def run_in(self, container, command):
        container.exec("sh", "-c", self.when_placed(container, command))

    def send_sized(self, container, count, size, address):
        self.run_in(container, f"udp_tool send {PORT} {count} {address} / {size}")

    def counts_of(self, container, classid, command):
        """What nftables and HTB count of it."""
        counts = self.by_nftables, self.by_htb
        before = [count(classid) for count in counts]
        self.run_in(container, command)
        return [count(classid).since(earlier) for count, earlier in zip(counts, before)]

    def test_they_agree(self):
        bulk, gold = self.start_pod("bulk", classid="10:20"), self.start_pod("gold")
        pod_of_gold = self.namespace
        self.ids = {GOLD: gold.id, BULK: bulk.id}
        gold.add_program("tcp_tool")
        with self.subTest("UDP"):
            self.send_sized(gold, 300, 1000, self.networks.address)
            self.send_sized(gold, 41, 1, self.networks.address6)
            self.send_sized(bulk, 120, 1, self.networks.address)
            self.send_sized(bulk, 77, 700, self.networks.address6)
            self.send_sized(bulk, 5, 4000, self.networks.address)  # each in three fragments
            self.assert_all_have_counted(GOLD, (341, 300 * (UDP4 + 1000) + 41 * (UDP6 + 1)))
            self.assert_all_have_counted(BULK, (197 + 15, 120 * (UDP4 + 1) + 77 * (UDP6 + 700) +
                                                 5 * (UDP4 + 4000 + 2 * (14 + 20))))
        with self.subTest("UDP that the card cuts"):
            segmented = f"sh -c 'SEGMENT=500 udp_tool send {PORT} 20 {self.networks.address} / 4000'"
            nftables, htb = self.counts_of(gold, GOLD, segmented)
            self.assertEqual(nftables, (20, 20 * (UDP4 + 4000)))
            self.assertEqual(htb, (20 * 8, 20 * 8 * (UDP4 + 500)))
        tcp = f"tcp_tool send {PORT} {TCP_BYTES} {self.networks.address}"
        with self.subTest("TCP that the card cuts"):
            nftables, htb = self.counts_of(gold, GOLD, tcp)
            self.assertLess(nftables.packets, htb.packets / 2, "nothing was to be cut")
            self.assertEqual(htb.bytes, nftables.bytes + (htb.packets - nftables.packets) * TCP4)
        with self.subTest("TCP that is not cut"):
            pod_of_gold.ip("link", "set", "eth0", "gso_max_segs", "1")
            nftables, htb = self.counts_of(gold, GOLD, tcp)
            self.assertEqual(nftables, htb)
            self.assertGreater(htb.bytes, TCP_BYTES)
        with self.subTest("the carrier"):  # packets as HTB, bytes as nftables
            eventually_equal("counted", lambda: self.by_carrier(GOLD),
                             (self.by_htb(GOLD).packets, self.by_nftables(GOLD).bytes))
