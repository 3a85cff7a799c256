"""What the kernel has of BPF programs, in whatever namespace they are attached. bpftool is not installed everywhere."""

import ctypes
import os
import platform
import struct

_CALL = {"x86_64": 321, "aarch64": 280}[platform.machine()]
# bpf_cmd, and where a program's name is in bpf_prog_info: include/uapi/linux/bpf.h
_PROG_GET_NEXT_ID, _PROG_GET_FD_BY_ID, _OBJ_GET_INFO_BY_FD = 11, 13, 15
_NAME_AT, _NAME_SIZE, _INFO_SIZE = 64, 16, 128

_libc = ctypes.CDLL(None, use_errno=True)


def _bpf(command, attributes):
    """What the call returns and what it has written to the attributes; raises OSError."""
    buffer = ctypes.create_string_buffer(attributes, 128)
    result = _libc.syscall(_CALL, command, buffer, 128)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result, buffer.raw


def _ids():
    found = 0
    while True:
        try:
            found = struct.unpack_from("I", _bpf(_PROG_GET_NEXT_ID, struct.pack("II", found, 0))[1], 4)[0]
        except FileNotFoundError:
            return
        yield found


def _name(program_id):
    descriptor, _ = _bpf(_PROG_GET_FD_BY_ID, struct.pack("I", program_id))
    try:
        info = ctypes.create_string_buffer(_INFO_SIZE)
        _bpf(_OBJ_GET_INFO_BY_FD, struct.pack("IIQ", descriptor, _INFO_SIZE, ctypes.addressof(info)))
        return info.raw[_NAME_AT:_NAME_AT + _NAME_SIZE].rstrip(b"\0").decode()
    finally:
        os.close(descriptor)


def programs(name):
    """The ids of the loaded programs of this name."""
    found = set()
    for program_id in _ids():
        try:
            if _name(program_id) == name:
                found.add(program_id)
        except FileNotFoundError:
            pass  # it is being freed
    return found
