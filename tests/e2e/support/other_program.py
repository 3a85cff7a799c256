"""BPF programs of somebody else: at tc ingress, where each sets one bit of the mark, or with 0 none; at XDP, one that lets
all packets pass."""

import subprocess
import sys

from .programs import SYSTEM_PATH, tool

# Runs by itself, in the node's network namespace. attr of bpf(2): include/uapi/linux/bpf.h; the filter's attributes:
# include/uapi/linux/pkt_cls.h
_SCRIPT = r'''
import ctypes, os, platform, socket, struct, sys, time
BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
PROG_LOAD, LINK_CREATE, SCHED_CLS, TCX_INGRESS, BEFORE = 5, 28, 3, 46, 8
XDP, XDP_ATTACH, XDP_FLAGS = 6, 37, {"generic xdp": 2, "native xdp": 4}
index, bit, verdict, how, count = (int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
libc = ctypes.CDLL(None, use_errno=True)

def bpf(command, attr):
    buffer = ctypes.create_string_buffer(attr, 128)
    result = libc.syscall(BPF, command, buffer, 128)
    if result < 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    return result

def instruction(code, target, source, offset, value):
    return struct.pack("<BBhi", code, source << 4 | target, offset, value)

MARK = 8  # its place in __sk_buff
to_mark = [instruction(0x61, 2, 1, MARK, 0),                       # r2 = skb->mark
           instruction(0x44, 2, 0, 0, bit),                        # r2 |= bit
           instruction(0x63, 1, 2, MARK, 0)]                       # skb->mark = r2
if how in XDP_FLAGS:
    to_mark, verdict = [], 2                                       # XDP_PASS
code = b"".join([*(to_mark if bit else []),
                 instruction(0xb7, 0, 0, 0, verdict),              # return verdict
                 instruction(0x95, 0, 0, 0, 0)])
kept, license = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"GPL")

def load(kind=SCHED_CLS):
    return bpf(PROG_LOAD, struct.pack("<IIQQ", kind, len(code) // 8, ctypes.addressof(kept), ctypes.addressof(license)))

def attribute(kind, payload):
    return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)

def put_filter(parent):
    """As Cilium does: at preference 1, of the handle 1, with the program's verdict."""
    options = attribute(6, struct.pack("=I", load())) + attribute(7, b"other_program\0") + attribute(8, struct.pack("=I", 1))
    tcm = struct.pack("=BBHiIII", 0, 0, 0, index, 1, parent, 1 << 16 | socket.htons(3))
    body = tcm + attribute(1, b"bpf\0") + attribute(2, options)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as route:
        route.send(struct.pack("=IHHII", 16 + len(body), 44, 0x505, 1, 0) + body)
        error = struct.unpack_from("=i", route.recv(4096), 16)[0]
    if error:
        sys.exit(os.strerror(-error))

PARENTS = {"clsact ingress": 0xfffffff2, "clsact egress": 0xfffffff3}  # of the filter, in the qdisc
if how in PARENTS:
    put_filter(PARENTS[how])
elif how in XDP_FLAGS:
    link = bpf(LINK_CREATE, struct.pack("<IIII", load(XDP), index, XDP_ATTACH, XDP_FLAGS[how]))
else:
    links = [bpf(LINK_CREATE, struct.pack("<IIII", load(), index, TCX_INGRESS, BEFORE if how == "first" else 0))
             for _ in range(count)]
print("attached", flush=True)
time.sleep(100000)
'''
NEXT, ACCEPT = -1, 0  # as a verdict: whether those behind it run


class OtherProgram:
    """At tcx before all that are there when it is made (how="first"), or behind them ("last"). Or a filter of the clsact
    qdisc ("clsact ingress", "clsact egress"), before all others of its preference; it stays when this is closed. Or
    "generic xdp", "native xdp"."""

    def __init__(self, namespace, interface, mark_bit=0, how="first", verdict=NEXT, count=1):
        self._process = subprocess.Popen(
            [*namespace.launcher(), sys.executable, "-c", _SCRIPT,
             *map(str, (namespace.ifindex(interface), mark_bit, verdict, how, count))],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={"PATH": SYSTEM_PATH})
        if self._process.stdout.readline() != "attached\n":
            raise AssertionError(f"cannot attach: {self._process.communicate()[1]}")

    def close(self):
        self._process.kill()
        self._process.communicate()


class Clsact:
    """That qdisc of an interface, in the hands of somebody else."""

    def __init__(self, namespace, interface):
        self._namespace, self._interface = namespace, interface

    def _tc(self, *words):
        return self._namespace.run(tool("tc"), *words[:2], "dev", self._interface, *words[2:])

    def add(self):
        self._tc("qdisc", "add", "clsact")

    def is_there(self):
        return "clsact" in self._tc("qdisc", "show")

    def delete_all_filters(self, direction="ingress"):
        """As Cilium does, whoever's they are. The qdisc stays."""
        self._tc("filter", "del", direction)

    def filters(self, direction="ingress"):
        """Their names, in the order in which they run."""
        lines = map(str.split, self._tc("filter", "show", direction).splitlines())
        return [words[words.index("handle") + 2] for words in lines if "handle" in words]
