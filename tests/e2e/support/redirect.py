"""A BPF program that sends packets on as Cilium's do: at tc ingress, straight out of another interface with
bpf_redirect_neigh."""

import struct
import subprocess
import sys

from .programs import SYSTEM_PATH

# Runs by itself, in the node's network namespace. attr of bpf(2): include/uapi/linux/bpf.h; of the filter:
# include/uapi/linux/pkt_cls.h
_SCRIPT = r'''
import ctypes, os, platform, socket, struct, sys, time
BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
PROG_LOAD, LINK_CREATE, SCHED_CLS, TCX_INGRESS, BEFORE = 5, 28, 3, 46, 8
NEW_FILTER, CREATE_AND_ACKNOWLEDGE, ALL_PROTOCOLS, INGRESS = 44, 0x605, socket.htons(3), 0xfffffff2
index, how, code = int(sys.argv[1]), sys.argv[2], bytes.fromhex(sys.argv[3])
libc = ctypes.CDLL(None, use_errno=True)

def bpf(command, attr):
    buffer = ctypes.create_string_buffer(attr, 128)
    result = libc.syscall(BPF, command, buffer, 128)
    if result < 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    return result

def attribute(kind, payload):
    return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)

def add_filter(program):
    """Of the clsact qdisc, at preference 10, with the program's verdict."""
    options = attribute(6, struct.pack("=I", program)) + attribute(7, b"redirect\0")
    options += attribute(8, struct.pack("=I", 1))
    body = struct.pack("=BBHiIII", 0, 0, 0, index, 0, INGRESS, 10 << 16 | ALL_PROTOCOLS)
    body += attribute(1, b"bpf\0") + attribute(2, options)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as route:
        route.send(struct.pack("=IHHII", 16 + len(body), NEW_FILTER, CREATE_AND_ACKNOWLEDGE, 1, 0) + body)
        error = struct.unpack_from("=i", route.recv(4096), 16)[0]
    if error:
        sys.exit(os.strerror(-error))

kept, license = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"GPL")
program = bpf(PROG_LOAD, struct.pack("<IIQQ", SCHED_CLS, len(code) // 8, ctypes.addressof(kept),
                                     ctypes.addressof(license)))
if how == "tcx":
    link = bpf(LINK_CREATE, struct.pack("<IIII", program, index, TCX_INGRESS, BEFORE))
else:
    add_filter(program)
print("attached", flush=True)
time.sleep(100000)
'''

_PROTOCOL = 16  # its place in __sk_buff
_IPV4, _IPV6 = 0x0008, 0xDD86  # as they are there
_LOAD_BYTES, _REDIRECT_NEIGH = 26, 152  # helpers
_NEXT = -1  # the next program decides


def _instruction(code, target=0, source=0, offset=0, value=0):
    return struct.pack("<BBhi", code, source << 4 | target, offset, value)


def _code(ifindex):
    """IPv4, TCP and UDP are redirected. The others find the neighbours, and stay."""
    return b"".join([_instruction(0x61, 2, 1, _PROTOCOL),           # r2 = skb->protocol
                     _instruction(0x15, 2, offset=12, value=_IPV4),  # if it is IPv4: redirect
                     _instruction(0x55, 2, offset=9, value=_IPV6),   # if it is not IPv6: next
                     _instruction(0xb7, 2, value=14 + 6),            # the place of "next header"
                     _instruction(0xbf, 3, 10),                      # r3 = the stack's end - 8
                     _instruction(0x07, 3, value=-8),
                     _instruction(0xb7, 4, value=1),
                     _instruction(0x85, value=_LOAD_BYTES),          # skb_load_bytes(skb, r2, r3, 1)
                     _instruction(0x55, 0, offset=3, value=0),       # if it failed: next
                     _instruction(0x71, 2, 10, -8),                  # r2 = that byte
                     _instruction(0x15, 2, offset=3, value=6),       # if it is TCP: redirect
                     _instruction(0x15, 2, offset=2, value=17),      # if it is UDP: redirect
                     _instruction(0xb7, 0, value=_NEXT),             # next: return NEXT
                     _instruction(0x95),
                     _instruction(0xb7, 1, value=ifindex),           # redirect: redirect_neigh(ifindex, 0, 0, 0)
                     _instruction(0xb7, 2),
                     _instruction(0xb7, 3),
                     _instruction(0xb7, 4),
                     _instruction(0x85, value=_REDIRECT_NEIGH),
                     _instruction(0x95)])


class Redirect:
    """From one interface of the namespace to another. At tcx it runs before all that are there when it is made; else it is
    a filter of the clsact qdisc, which must be there."""

    def __init__(self, namespace, interface, to, how="tcx"):
        code = _code(namespace.ifindex(to)).hex()
        self._process = subprocess.Popen(
            [*namespace.launcher(), sys.executable, "-c", _SCRIPT, str(namespace.ifindex(interface)), how, code],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={"PATH": SYSTEM_PATH})
        if self._process.stdout.readline() != "attached\n":
            raise AssertionError(f"cannot attach: {self._process.communicate()[1]}")

    def close(self):
        self._process.kill()
        self._process.communicate()
