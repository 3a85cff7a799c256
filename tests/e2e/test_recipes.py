"""What docs/recipes.md says: each recipe's commands are run as they are written there, and their effect is counted. What is
carried is what the values for the chart say that are named there."""

import json
import re
import subprocess
import unittest

import yaml

from .support.networks import PORT, Namespace
from .support.programs import REPOSITORY, program, tool
from .support.waiting import eventually_equal
from .test_carry import BULK, GOLD, CarryTest

_PAGE = REPOSITORY / "docs" / "recipes.md"
_EXAMPLES = REPOSITORY / "charts/netclsd/examples"
_NODES_DEVICE = "eth0"  # in the page; here it is wire0


def commands(name, device="wire0"):
    """The shell commands of the recipe that <!-- recipe: NAME --> precedes."""
    found = re.search(rf"<!-- recipe: {name} -->\n```sh\n(.*?)```", _PAGE.read_text(), re.S)
    return found[1].replace(f"dev {_NODES_DEVICE}", f"dev {device}").replace(f'"{_NODES_DEVICE}"', f'"{device}"')


def values(name):
    return yaml.safe_load((_EXAMPLES / f"{name}-values.yaml").read_text())


def carried_by(name):
    return values(name)["config"]["carry"]


class Recipes(CarryTest):
    def apply(self, name):
        self.networks.node.run("/bin/sh", "-euxc", commands(name))

    def send_from_both(self, gold=40, bulk=25, address=None, namespace=None):
        gold_pod, bulk_pod = self.start_both(namespace)
        self.send(gold_pod, gold, address)
        self.send(bulk_pod, bulk, address)

    def start_both(self, namespace=None):
        """Without a namespace: each in a pod, and carried."""
        start = self.make_pod if namespace else self.start_pod
        return start("gold", namespace=namespace), start("bulk", namespace=namespace, classid="10:20")

    @staticmethod
    def htb_packets(namespace, device):
        """class → packets that HTB has sent of it"""
        shown = namespace.run(tool("tc"), "-s", "class", "show", "dev", device)
        found = re.findall(r"^class htb (10:\w+) .*\n Sent \d+ bytes (\d+) pkt", shown, re.M)
        return {handle: int(packets) for handle, packets in found if handle in ("10:1", "10:20")}

    def assert_htb(self, gold, bulk, namespace=None, device="wire0"):
        eventually_equal("packets by HTB's classes", lambda: self.htb_packets(namespace or self.networks.node, device),
                         {"10:1": gold, "10:20": bulk})

    def nft_counter(self, table, name):
        listed = json.loads(self.networks.node.run(tool("nft"), "-j", "list", "counter", "inet", table, name))
        return next(entry["counter"]["packets"] for entry in listed["nftables"] if "counter" in entry)


class ByMark(Recipes):
    carry = carried_by("carry-mark")

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
    carry = carried_by("carry-priority")

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
    carry = carried_by("carry-priority")

    def test_htb_needs_no_filter(self):
        self.apply("htb")
        self.carrier.start()
        self.send_from_both()
        self.assert_htb(40, 25)


class ByPriorityInATunnel(Recipes):
    """As flannel's VXLAN: the outer packets are what the node's interface sees."""

    carry = {"to": ["mark", "priority"]}

    def test_the_outer_packets_have_mark_and_priority_of_the_inner_ones(self):
        for namespace, device, here, there in ((self.networks.node, "wire0", 1, 2), (self.networks.wire, "eth0", 2, 1)):
            namespace.ip("link", "add", "tunnel0", "type", "vxlan", "id", 7, "dstport", PORT, "dev", device,
                         "local", f"10.78.0.{here}", "remote", f"10.78.0.{there}")
            namespace.ip("addr", "add", f"10.79.0.{here}/24", "dev", "tunnel0")
            namespace.ip("link", "set", "tunnel0", "up")
        self.apply("htb")
        self.apply("htb-by-priority")
        self.carrier.start()
        self.send_from_both(address="10.79.0.2")
        self.assert_htb(40, 25)
        marks = self.networks.marks()
        self.assertEqual({mark: marks.get(mark) for mark in (GOLD, BULK)}, {GOLD: 40, BULK: 25})


class ByFreeBits(Recipes):
    carry = carried_by("carry-free-bits")

    def test_nftables_chooses_the_htb_class_and_the_bits_of_others_stay(self):
        self.networks.node.run(tool("nft"), "-f", "-", input="""
            table inet others {
              chain before {
                type filter hook prerouting priority mangle;
                iifname "pod*" meta mark set meta mark or 0x4000
              }
            }
        """)
        self.apply("htb")
        self.apply("htb-by-free-bits")
        self.carrier.start()
        self.send_from_both()
        self.assert_htb(40, 25)
        self.assert_marks({0x4001: 40, 0x4002: 25})


class WithoutCarrier(Recipes):
    """Where the class itself is visible."""

    def test_a_pod_s_interface_is_divided_between_its_containers(self):
        pod = self.networks.pod()
        gold, bulk = self.start_both(pod)
        self.networks.node.run("/bin/sh", "-euxc", f"PID={gold.pid}\n" + commands("in-the-pod", device="eth0"))
        self.send(gold, 40)
        self.send(bulk, 25)
        self.send(bulk, 5, self.networks.address6)
        self.assert_htb(40, 30, pod, "eth0")

    def test_containers_of_the_host_s_network_are_classified_and_limited(self):
        tool("iptables")
        self.apply("htb")
        self.apply("host-htb")
        gold, bulk = self.start_both(self.networks.node)
        self.send(gold, 40)
        self.send(bulk, 25, self.networks.address6)
        self.assert_htb(40, 25)
        self.networks.node.run(tool("nft"), "delete", "table", "inet", "host_class_to_htb")
        self.send(gold, 10)
        self.apply("host-iptables")
        self.send(gold, 5)
        self.send(bulk, 3)
        self.assert_htb(45, 28)
        self.apply("host-limit")
        bulk.exec_detached("udp_tool", "stream", str(PORT), self.networks.address)
        eventually_equal("many are dropped", lambda: self.nft_counter("host_class_limits", "dropped") > 100, True)
        self.send(gold, 60)
        self.assertEqual(self.htb_packets(self.networks.node, "wire0")["10:1"], 105)


class FiltersOfTc(Recipes):
    """The kernel has both or neither, or what tc says without them is what the page says."""

    def setUp(self):
        self.namespace = Namespace()
        self.addCleanup(self.namespace.close)
        self.namespace.run("/bin/sh", "-euxc", commands("htb", device="lo"))

    def assert_refused(self, done):
        self.assertIn("TC classifier not found", _PAGE.read_text().replace("\n", " "))
        self.assertIn("TC classifier not found", done.stderr)

    def try_on_loopback(self, name):
        return subprocess.run([*self.namespace.launcher(), "/bin/sh", "-euc", commands(name, device="lo")],
                              capture_output=True, text=True, check=False)

    def test_fw_chooses_the_htb_class_by_the_mark(self):
        done = self.try_on_loopback("htb-by-fw")
        if done.returncode != 0:
            return self.assert_refused(done)
        super().setUp()
        self.apply("htb")
        self.apply("htb-by-fw")
        self.carrier.start()
        self.send_from_both()
        return self.assert_htb(40, 25)

    def test_cgroup_chooses_it_by_the_class_of_the_host_s_containers(self):
        done = self.try_on_loopback("host-cls-cgroup")
        if done.returncode != 0:
            return self.assert_refused(done)
        super().setUp()
        self.apply("htb")
        self.apply("host-cls-cgroup")
        self.send_from_both(namespace=self.networks.node)
        return self.assert_htb(40, 25)


class Values(unittest.TestCase):
    def test_the_agent_takes_the_configuration_of_each_example(self):
        files = sorted(_EXAMPLES.glob("*-values.yaml"))
        self.assertEqual(len(files), 4)
        for file in files:
            with self.subTest(file.name):
                self.assertIn(f"`{file.name}`", _PAGE.read_text())
                configuration = json.dumps(yaml.safe_load(file.read_text())["config"])
                done = subprocess.run([program("netclsd"), "--config", "/dev/stdin", "--check-config"], input=configuration,
                                      capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_the_page_shows_is_what_they_carry(self):
        shown = [json.loads("{" + block + "}")["carry"] for block in re.findall(r"```json\n(.*?)```", _PAGE.read_text(), re.S)]
        self.assertEqual(shown, [carried_by("carry-priority"), carried_by("carry-mark"), carried_by("carry-free-bits")])
