"""What docs/recipes.md says: each recipe's commands are run as they are written there, and their effect is counted."""

import json
import re

from .support.networks import PORT
from .support.programs import REPOSITORY, tool
from .support.waiting import eventually_equal
from .test_carry import BULK, GOLD, CarryTest

_PAGE = REPOSITORY / "docs" / "recipes.md"
_NODES_DEVICE = "eth0"  # in the page; here it is wire0


def commands(name):
    """The shell commands of the recipe that <!-- recipe: NAME --> precedes."""
    found = re.search(rf"<!-- recipe: {name} -->\n```sh\n(.*?)```", _PAGE.read_text(), re.S)
    return found[1].replace(f"dev {_NODES_DEVICE}", "dev wire0").replace(f'"{_NODES_DEVICE}"', '"wire0"')


class Recipes(CarryTest):
    def apply(self, name):
        self.networks.node.run("/bin/sh", "-euxc", commands(name))

    def send_from_both(self, gold=40, bulk=25, address=None):
        gold_pod, bulk_pod = self.start_pod("gold"), self.start_pod("bulk", classid="10:20")
        self.send(gold_pod, gold, address)
        self.send(bulk_pod, bulk, address)

    def htb_packets(self):
        """class → packets that HTB has sent of it"""
        shown = self.networks.node.run(tool("tc"), "-s", "class", "show", "dev", "wire0")
        found = re.findall(r"^class htb (10:\w+) .*\n Sent \d+ bytes (\d+) pkt", shown, re.M)
        return {handle: int(packets) for handle, packets in found if handle != "10:30"}

    def assert_htb(self, gold, bulk):
        eventually_equal("packets by HTB's classes", self.htb_packets, {"10:1": gold, "10:20": bulk})

    def nft_counter(self, table, name):
        listed = json.loads(self.networks.node.run(tool("nft"), "-j", "list", "counter", "inet", table, name))
        return next(entry["counter"]["packets"] for entry in listed["nftables"] if "counter" in entry)


class ByMark(Recipes):
    def test_nftables_chooses_the_htb_class_by_the_mark(self):
        self.apply("htb")
        self.apply("htb-by-nftables")
        self.carrier.start()
        self.send_from_both()
        self.assert_htb(40, 25)

    def test_a_class_has_a_limit(self):
        self.apply("limit")
        self.carrier.start()
        self.send_from_both(gold=40, bulk=200)
        marks = {}

        def dropped():
            marks.update(self.networks.marks())
            return self.nft_counter("class_limits", "dropped") + marks.get(BULK, 0)
        eventually_equal("packets of bulk, sent or dropped", dropped, 200)
        self.assertEqual(marks[GOLD], 40)
        self.assertGreater(self.nft_counter("class_limits", "dropped"), 0)

    def test_a_class_has_a_route_of_its_own(self):
        self.networks.node.ip("link", "add", "uplink", "type", "veth", "peer", "name", "beyond", "netns", self.networks.wire.pid)
        self.networks.wire.ip("link", "set", "beyond", "up")
        self.networks.node.ip("link", "set", "uplink", "up", "arp", "off")  # nobody answers there
        self.apply("route")
        self.carrier.start()
        self.send_from_both()
        self.assert_marks({BULK: 25})
        sent = json.loads(self.networks.node.ip("-s", "-j", "link", "show", "uplink"))[0]["stats64"]["tx"]["packets"]
        self.assertGreaterEqual(sent, 40)

    def test_the_network_beyond_sees_a_dscp(self):
        self.apply("dscp")
        self.networks.wire.run(tool("nft"), "-f", "-", input="""
            table inet seen {
              set by_dscp { type dscp; flags dynamic; counter; }
              chain in {
                type filter hook input priority 0;
                udp dport """ + str(PORT) + """ update @by_dscp { ip dscp }
              }
            }
        """)
        self.carrier.start()
        self.send_from_both()

        def seen():
            listed = json.loads(self.networks.wire.run(tool("nft"), "-j", "list", "set", "inet", "seen", "by_dscp"))
            elements = next(entry["set"].get("elem", []) for entry in listed["nftables"] if "set" in entry)
            return {each["elem"]["val"]: each["elem"]["counter"]["packets"] for each in elements}
        eventually_equal("packets by DSCP", seen, {"ef": 40, "cs1": 25})


class ByPriority(Recipes):
    carry = {"to": "priority"}

    def test_htb_needs_no_filter(self):
        self.apply("htb")
        self.apply("htb-by-priority")
        self.carrier.start()
        self.send_from_both()
        self.assert_htb(40, 25)

    def test_nor_for_ipv6(self):
        self.apply("htb")
        self.carrier.start()
        self.send_from_both(address=self.networks.address6)
        self.assert_htb(40, 25)


class ByPriorityBridged(Recipes):
    bridged = True
    carry = {"to": "priority"}

    def test_htb_needs_no_filter(self):
        self.apply("htb")
        self.carrier.start()
        self.send_from_both()
        self.assert_htb(40, 25)
