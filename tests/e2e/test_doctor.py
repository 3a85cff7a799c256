"""What netclsctl doctor finds on a node where the class is to be carried and something is in the way, and that it is right."""

import json

from .support.other_program import OtherProgram
from .support.programs import program, tool
from .support.waiting import eventually, eventually_equal
from .test_carry import GOLD, CarryTest

# ethtool -K, which not every machine has. Numbers: include/uapi/linux/sockios.h and ethtool.h
_SET_GRO = """
import ctypes, fcntl, socket, struct, sys
SIOCETHTOOL, ETHTOOL_SGRO = 0x8946, 0x2c
value = ctypes.create_string_buffer(struct.pack("=II", ETHTOOL_SGRO, int(sys.argv[2])))
fcntl.ioctl(socket.socket(), SIOCETHTOOL, struct.pack("16sQ16x", sys.argv[1].encode(), ctypes.addressof(value)))
"""


class Doctor(CarryTest):
    carry = {"to": ["mark", "priority"]}

    def doctor(self):
        """check → its object; the node's network namespace is not the host's, and so something is always wrong"""
        done = self.host.run([program("netclsctl"), "--socket", self.agent.socket, "-o", "json", "doctor"],
                             self.networks.node.launcher())
        self.assertEqual(done.returncode, 1, done.stderr)
        found = json.loads(done.stdout)
        for each in found:
            self.assertEqual(list(each), ["check", "state", "message", "mend"])
            self.assertEqual(each["mend"] == "", each["state"] == "ok", each)
        return {each["check"]: each for each in found}

    def assert_finds(self, check, state, message):
        def finds():
            found = self.doctor()[check]
            return found["state"] == state and message in found["message"] or (self.last.append(found) and False)
        self.last = []
        try:
            eventually(f"{check} is {state}: {message}", finds)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self.last[-1]}") from None

    def set_gro(self, interface, is_on):
        self.networks.node.run(tool("python3"), "-c", _SET_GRO, interface, int(is_on))

    def test_what_is_in_the_way_at_the_pods_interface(self):
        self.assert_finds("carry", "fail", "no carrier has reported")
        self.carrier.start()
        pod = self.start_pod()
        for check, message in (("carry", "at 1 interfaces, by tcx"), ("xdp", "no native XDP"), ("gro", "off at every"),
                               ("carriers", "1 carrier, and no program of others"),
                               ("kernel options", "all 4 that are needed")):
            self.assert_finds(check, "ok", message)
        self.send(pod, 10)
        self.assert_marks({GOLD: 10})

        generic = OtherProgram(self.networks.node, "pod0", how="generic xdp")
        eventually_equal("what the carrier reports", self.xdp, "generic")
        self.assert_finds("xdp", "ok", "no native XDP")
        self.send(pod, 10)
        self.assert_marks({GOLD: 20})
        generic.close()

        native = OtherProgram(self.networks.node, "pod0", how="native xdp")
        self.addCleanup(native.close)
        self.assert_finds("xdp", "warn", "pod0 (")
        self.send(pod, 10)
        self.assert_marks({GOLD: 20, 0: 10})

        self.set_gro("pod0", True)
        self.assert_finds("gro", "warn", "the host's end of pod0")
        self.networks.node.run(tool("tc"), "qdisc", "add", "dev", "pod0", "clsact")
        self.networks.node.run(tool("tc"), "filter", "add", "dev", "pod0", "ingress", "protocol", "all", "pref", "7",
                               "u32", "match", "u32", "0", "0")
        self.assert_finds("carriers", "ok", "pod0 (" + pod.id + "): clsact's filter (u32)")
        other = OtherProgram(self.networks.node, "pod0", mark_bit=1)
        self.addCleanup(other.close)
        self.assert_finds("carriers", "warn", "1 before ours, clsact's filter (u32)")

    def xdp(self):
        carriers = [each for container in self.agent.get("/v1/containers")["containers"]
                    for each in container["carriers"] or []]
        return carriers[0]["xdp"]

    def test_what_is_in_the_way_at_the_nodes_interface(self):
        self.carrier.start()
        self.start_pod()
        self.assert_finds("priority", "warn", "ip_forward_update_priority is not 0")
        self.networks.node.set("ipv4/ip_forward_update_priority", 0)
        self.assert_finds("priority", "ok", "is 0")
        self.assert_finds("use", "warn", "no qdisc or filter")
        add = (tool("tc"), "qdisc", "add", "dev", "wire0", "root", "handle")
        self.networks.node.run(*add, "1:", "htb")
        self.assert_finds("use", "warn", "(wire0: htb 1:)")
        self.networks.node.run(tool("tc"), "qdisc", "del", "dev", "wire0", "root")
        self.networks.node.run(*add, "10:", "htb")
        self.assert_finds("use", "ok", "wire0: htb 10:")

    def test_who_lives_where_and_hears_the_kernel(self):
        found = self.doctor()
        self.assertEqual((found["namespaces"]["state"], found["process events"]["state"]), ("warn", "fail"))
        self.assertIn("(network)", found["namespaces"]["message"])
        on_the_host = {each["check"]: each for each in json.loads(self.netclsctl("-o", "json", "doctor").stdout)}
        self.assertEqual(on_the_host["namespaces"]["message"], "netclsctl and the agent are in the host's")
        self.assertRegex(on_the_host["canary"]["message"], r"^the agent heard its own last event after \d+ microseconds")
        self.assertEqual({on_the_host[check]["state"] for check in ("canary", "receive buffer", "capabilities", "versions")},
                         {"ok"})
