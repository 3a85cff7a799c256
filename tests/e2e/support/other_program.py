"""A BPF program of somebody else at tcx ingress: sets one bit of the mark, or with 0 none, and lets the next one decide."""

import subprocess
import sys

from .programs import SYSTEM_PATH

# Runs by itself, in the node's network namespace. attr of bpf(2): include/uapi/linux/bpf.h
_SCRIPT = r'''
import ctypes, os, platform, struct, sys, time
BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
PROG_LOAD, LINK_CREATE, SCHED_CLS, TCX_INGRESS, BEFORE = 5, 28, 3, 46, 8
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
bit = int(sys.argv[2])
to_mark = [instruction(0x61, 2, 1, MARK, 0),                       # r2 = skb->mark
           instruction(0x44, 2, 0, 0, bit),                        # r2 |= bit
           instruction(0x63, 1, 2, MARK, 0)]                       # skb->mark = r2
code = b"".join([*(to_mark if bit else []),
                 instruction(0xb7, 0, 0, 0, -1),                   # return TCX_NEXT
                 instruction(0x95, 0, 0, 0, 0)])
kept, license = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"GPL")
program = bpf(PROG_LOAD, struct.pack("<IIQQ", SCHED_CLS, len(code) // 8, ctypes.addressof(kept), ctypes.addressof(license)))
link = bpf(LINK_CREATE, struct.pack("<IIII", program, int(sys.argv[1]), TCX_INGRESS, BEFORE))
print("attached", flush=True)
time.sleep(100000)
'''


class OtherProgram:
    """Runs before all that are there when it is made."""

    def __init__(self, namespace, interface, mark_bit):
        self._process = subprocess.Popen(
            [*namespace.launcher(), sys.executable, "-c", _SCRIPT, str(namespace.ifindex(interface)), str(mark_bit)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={"PATH": SYSTEM_PATH})
        if self._process.stdout.readline() != "attached\n":
            raise AssertionError(f"cannot attach: {self._process.communicate()[1]}")

    def close(self):
        self._process.kill()
        self._process.communicate()
