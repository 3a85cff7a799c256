"""What the kernel says: where processes are, what sockets and packets carry."""

import json
import os
import re
import subprocess
import uuid
from pathlib import Path

from .programs import tool


def kernel_is_at_least(major, minor):
    return tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups())) >= (major, minor)


def cgroup_paths(pid):
    """hierarchy → path of the process, read from a live thread, because a leader that has exited shows its old path for
    ever. None: the process is gone, or only a zombie is left."""
    try:
        threads = sorted(os.listdir(f"/proc/{pid}/task"), key=int)
    except OSError:
        return None
    for thread in threads:
        try:
            state = Path(f"/proc/{pid}/task/{thread}/stat").read_text().rpartition(")")[2].split()[0]
            if state in "ZX":
                continue
            lines = Path(f"/proc/{pid}/task/{thread}/cgroup").read_text().splitlines()
        except OSError:
            continue
        return {name: path for _, name, path in (line.split(":", 2) for line in lines)}
    return None


NOT_MOUNTED = "(net_cls is not mounted)"


def net_cls_path(pid):
    """Path in the net_cls hierarchy, or None if the process is gone."""
    paths = cgroup_paths(pid)
    if paths is None:
        return None
    return next((path for name, path in paths.items() if "net_cls" in name.split(",")), NOT_MOUNTED)


def own_net_cls_path():
    """The test's own path, where every process is that was not moved."""
    return net_cls_path(os.getpid())


def is_alive(pid):
    return cgroup_paths(pid) is not None


def state(pid):
    """R, S, D, T (stopped), Z …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def start_time(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def pids_in_namespace_of(init):
    """Live processes of the pid namespace of `init`, as the host numbers them: what a container consists of."""
    try:
        namespace = os.readlink(f"/proc/{init}/ns/pid")
    except OSError:
        return set()
    members = set()
    for pid in all_pids():
        try:
            if os.readlink(f"/proc/{pid}/ns/pid") == namespace and is_alive(pid):
                members.add(pid)
        except OSError:
            continue
    return members


def is_at_or_below(pid, path):
    """Of the path in the unified hierarchy."""
    own = (cgroup_paths(pid) or {}).get("")
    return own is not None and (own + "/").startswith(path + "/")


def comm(pid):
    return Path(f"/proc/{pid}/comm").read_text().rstrip("\n")


def resident_bytes(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE).group(1)) * 1024


def pids_in_group(directory):
    """Live processes in the group and below it."""
    pids = set()
    for path in [Path(directory), *Path(directory).rglob("*/")]:
        try:
            pids.update(int(line) for line in (path / "cgroup.procs").read_text().split())
        except OSError:
            continue
    return {pid for pid in pids if is_alive(pid)}


def classid(directory):
    return int((Path(directory) / "net_cls.classid").read_text())


def socket_class_ids(pid, arguments=("-u", "-a", "-n")):
    """The class_id that `ss --tos` shows for the sockets of the process, in its network namespace."""
    out = subprocess.run([tool("nsenter"), "-t", str(pid), "-n", tool("ss"), "--tos", "-p", "-O", "-H", *arguments],
                         capture_output=True, text=True, check=True).stdout
    class_ids = []
    for line in out.splitlines():
        if f"pid={pid}," not in line:
            continue
        match = re.search(r"class_id:(\S+)", line)
        class_ids.append(int(match.group(1), 0) if match else 0)
    return class_ids


class PacketCounter:
    """An nftables counter of packets of a class that leave in the network namespace of `pid`. It ends with that
    namespace."""

    def __init__(self, pid, raw_classid):
        self._pid = pid
        self._table = "netclsd_e2e_" + uuid.uuid4().hex[:8]
        self._nft(f"add table inet {self._table}; "
                  f"add chain inet {self._table} out {{ type filter hook output priority 0 ; }}; "
                  f"add rule inet {self._table} out meta cgroup {raw_classid} counter")

    def _nft(self, *arguments):
        return subprocess.run([tool("nsenter"), "-t", str(self._pid), "-n", tool("nft"), *arguments],
                              capture_output=True, text=True, check=True).stdout

    def packets(self):
        listing = json.loads(self._nft("-j", "list", "table", "inet", self._table))
        return sum(part["counter"]["packets"]
                   for item in listing["nftables"] if "rule" in item
                   for part in item["rule"]["expr"] if "counter" in part)

    def close(self):
        self._nft("delete", "table", "inet", self._table)


def bring_up_loopback(pid):
    subprocess.run([tool("nsenter"), "-t", str(pid), "-n", tool("ip"), "link", "set", "lo", "up"], check=True)
