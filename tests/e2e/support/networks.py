"""Network namespaces and what connects them: pods - node - wire. Held by processes, without a name or a mount: a killed
test leaves nothing behind."""

import json
import subprocess

from .programs import SYSTEM_PATH, tool
from .waiting import eventually

PORT = 4711
POD_PREFIX, WIRE_PREFIX = "10.77", "10.78"


class Namespace:
    def __init__(self):
        self._holder = subprocess.Popen([tool("unshare"), "--net", "/bin/sh", "-c", "echo ready; exec sleep 100000"],
                                        stdout=subprocess.PIPE, text=True, env={"PATH": SYSTEM_PATH})
        self._holder.stdout.readline()
        self.pid = self._holder.pid
        self.path = f"/proc/{self.pid}/ns/net"
        # Else a new interface looks for its own address for two seconds before it answers for others.
        self.set("ipv6/conf/default/accept_dad", 0)
        self.ip("link", "set", "lo", "up")

    def launcher(self):
        return [tool("nsenter"), f"--net={self.path}"]

    def run(self, *command, **options):
        done = subprocess.run([*self.launcher(), *map(str, command)], capture_output=True, text=True,
                              env={"PATH": SYSTEM_PATH}, **options)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, command))}: {done.stderr}")
        return done.stdout

    def ip(self, *arguments):
        return self.run(tool("ip"), *arguments)

    def set(self, key, value):
        self.run("/bin/sh", "-c", f"echo {value} > /proc/sys/net/{key}")

    def ifindex(self, interface):
        return json.loads(self.ip("-j", "link", "show", interface))[0]["ifindex"]

    def interfaces(self):
        return {link["ifname"] for link in json.loads(self.ip("-j", "link", "show"))}

    def close(self):
        self._holder.kill()
        self._holder.wait()
        self._holder.stdout.close()


class Networks:
    """The node's namespace, and a wire behind the node's interface wire0."""

    def __init__(self, host, bridged=False):
        self.host, self.bridged, self.pods = host, bridged, 0
        self.node, self.wire = self._namespace(), self._namespace()
        self.node.ip("link", "add", "wire0", "type", "veth", "peer", "name", "eth0", "netns", self.wire.pid)
        if bridged:
            self.node.ip("link", "add", "br0", "type", "bridge")
            self.node.ip("link", "set", "br0", "up")
        else:
            self._connect_wire()
        self._join("wire0")
        self.address, self.address6 = f"{WIRE_PREFIX}.0.2", "fd78::2"
        if bridged:
            self.address, self.address6 = f"{POD_PREFIX}.0.200", "fd77::c8"
        self._give(self.wire, "eth0", self.address, self.address6)
        if not bridged:
            self.wire.ip("route", "add", "default", "via", f"{WIRE_PREFIX}.0.1")
            self.wire.ip("-6", "route", "add", "default", "via", "fd78::1")
        self._install_counters()

    def _namespace(self):
        namespace = Namespace()
        self.host.on_close(namespace.close)
        return namespace

    @staticmethod
    def _give(namespace, interface, address, address6):
        namespace.ip("addr", "add", f"{address}/24", "dev", interface)
        namespace.ip("addr", "add", f"{address6}/64", "dev", interface, "nodad")
        namespace.ip("link", "set", interface, "up")

    def _join(self, interface):
        if self.bridged:
            self.node.ip("link", "set", interface, "master", "br0")
        self.node.ip("link", "set", interface, "up")

    def _connect_wire(self):
        self.node.set("ipv4/ip_forward", 1)
        self.node.set("ipv6/conf/all/forwarding", 1)
        self._give(self.node, "wire0", f"{WIRE_PREFIX}.0.1", "fd78::1")

    def pod(self):
        """A network namespace behind the node's interface pod0, pod1, …"""
        number, namespace = self.pods, self._namespace()
        self.pods += 1
        self.connect(namespace, f"pod{number}", "eth0", number)
        return namespace

    def connect(self, namespace, interface, inside, number):
        self.node.ip("link", "add", interface, "type", "veth", "peer", "name", inside, "netns", namespace.pid)
        if self.bridged:
            self._give(namespace, inside, f"{POD_PREFIX}.0.{number + 2}", f"fd77::{number + 2}")
            return self._join(interface)
        self._give(self.node, interface, f"{POD_PREFIX}.{number}.1", f"fd77:{number}::1")
        self._give(namespace, inside, f"{POD_PREFIX}.{number}.2", f"fd77:{number}::2")
        namespace.ip("route", "replace", "default", "via", f"{POD_PREFIX}.{number}.1")
        return namespace.ip("-6", "route", "replace", "default", "via", f"fd77:{number}::1")

    # --- what leaves the node, counted at its interface by mark ---

    def _install_counters(self):
        self.node.run(tool("nft"), "-f", "-", input="""
            table netdev carry {
              set seen { type mark; flags dynamic; counter; size 1000; }
              chain out {
                type filter hook egress device "wire0" priority 0;
                udp dport """ + str(PORT) + """ update @seen { meta mark }
              }
            }
        """)

    def marks(self):
        """mark → packets that left the node with it"""
        listing = json.loads(self.node.run(tool("nft"), "-j", "list", "set", "netdev", "carry", "seen"))
        found = {}
        for entry in listing["nftables"]:
            for element in entry.get("set", {}).get("elem", []):
                element = element["elem"]
                found[element["val"]] = element["counter"]["packets"]
        return found

    def forget_marks(self):
        self.node.run(tool("nft"), "flush", "set", "netdev", "carry", "seen")

    def warm_up(self, namespace):
        """Finds the neighbours, so that no packet of a test waits for that and is lost."""
        for address in (self.address, self.address6):
            eventually(f"{address} answers", lambda address=address: self._answers(namespace, address))

    @staticmethod
    def _answers(namespace, address):
        # The wire answers "port unreachable", which a connected socket gets as an error.
        script = ("import socket, sys\n"
                  "s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)\n"
                  "s.settimeout(0.2)\n"
                  "s.connect((sys.argv[1], 9))\n"
                  "s.send(b'x')\n"
                  "try:\n    s.recv(1)\n"
                  "except ConnectionRefusedError:\n    sys.exit(0)\n"
                  "except OSError:\n    sys.exit(1)\n")
        return subprocess.run([*namespace.launcher(), tool("python3"), "-c", script, address],
                              env={"PATH": SYSTEM_PATH}).returncode == 0
