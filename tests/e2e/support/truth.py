"""Where every process is, in one pass over /proc: fast enough to be repeated during a storm."""

import os
from pathlib import Path

from . import kernel
from .waiting import eventually


class Truth:
    """`strays`: live members that are not in their container's group, with their path. `intruders`: live processes in a
    group of ours that are no members of its container."""

    def __init__(self, host, containers):
        self.strays, self.intruders, self.members = {}, {}, 0
        namespaces = {_namespace(f"/proc/{container.pid}"): container for container in containers}
        namespaces.pop(None, None)
        cgroups = {container.spec["linux"]["cgroupsPath"]: container for container in containers}
        ours = f"/{host.parent}/"
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            found = _look_at(name, namespaces, cgroups)
            if found is None:
                continue
            container, path, description = found
            if container is not None:
                self.members += 1
                if path != container.own_path():
                    self.strays[int(name)] = f"{path}, of {container.id}: {description}"
            if path.startswith(ours) and (container is None or path != container.own_path()):
                self.intruders[int(name)] = f"{path}: {description}"

    def is_good(self):
        return not self.strays and not self.intruders

    def __repr__(self):
        return f"members={self.members} strays={self.strays} intruders={self.intruders}"


def wait_until_true(host, containers, deadline_s):
    """Waits until there is no stray and no intruder. Returns the truth."""
    def good():
        truth = Truth(host, containers)
        return truth if truth.is_good() else None
    try:
        return eventually("every process is where it belongs", good, deadline_s)
    except AssertionError as problem:
        raise AssertionError(f"{problem}: {Truth(host, containers)}") from None


def strangers(host, containers):
    """{pid: what it is} of the live processes in the containers' groups that are no members. Much cheaper than Truth:
    it does not read the cgroups of a process in the right pid namespace, which the kernel guards by one big lock."""
    found = {}
    for container in containers:
        namespaces = {_namespace(f"/proc/{container.pid}"): container}
        cgroups = {container.spec["linux"]["cgroupsPath"]: container}
        for pid in (container.own_group() / "cgroup.procs").read_text().split():
            seen = _look_at(pid, namespaces, cgroups, is_path_needed=False)
            if seen is not None and seen[0] is None and seen[1] == container.own_path():
                found[int(pid)] = f"{container.own_path()}: {seen[2]}"
    return found


def _look_at(pid, namespaces, cgroups, is_path_needed=True):
    """(container or None, path in net_cls, what it is), or None for a process that has ended. The open directory stays
    that of the process: if the pid is reused meanwhile, reading it fails."""
    try:
        directory = os.open(f"/proc/{pid}", os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        namespace = _namespace("ns/pid", directory)
        if namespace in namespaces and not is_path_needed:
            return namespaces[namespace], "", ""
        paths = _paths(_read("cgroup", directory))
        path = next((value for key, value in paths.items() if "net_cls" in key.split(",")), "(no net_cls)")
        container = namespaces.get(namespace)
        if container is None:
            container = cgroups.get("/" + paths.get("", "/").split("/")[1])
        if container is None and path.count("/") < 2:
            return None, path, ""
        stat = _read("stat", directory)
        if stat.rpartition(")")[2].split()[0] in "ZX":  # of a zombie leader's threads, if it has any
            path = kernel.net_cls_path(pid)
            if path is None:
                return None
        return container, path, stat[:60]
    except OSError:
        return None
    finally:
        os.close(directory)


def _namespace(path, directory=None):
    try:
        return os.readlink(path if directory is not None else path + "/ns/pid", dir_fd=directory)
    except OSError:
        return None


def _read(name, directory):
    file = os.open(name, os.O_RDONLY, dir_fd=directory)
    try:
        return os.read(file, 8192).decode(errors="replace")
    finally:
        os.close(file)


def _paths(text):
    return {name: path for _, name, path in (line.split(":", 2) for line in text.splitlines())}


def socket_drops(pid):
    """What the kernel counts as dropped on the process's connector socket."""
    return int(_connector_socket(pid)[8])


def connector_port(pid):
    """The netlink port of the process's connector socket: anybody can read it."""
    return int(_connector_socket(pid)[2])


def _connector_socket(pid):
    """The fields of its line in /proc/net/netlink."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(os.readlink(descriptor).removeprefix("socket:[").rstrip("]"))
        except OSError:
            continue
    lines = [line.split() for line in Path("/proc/net/netlink").read_text().splitlines()[1:]]
    found = [fields for fields in lines if fields[1] == "11" and fields[9] in inodes]  # NETLINK_CONNECTOR
    if len(found) != 1:
        raise AssertionError(f"the agent has {len(found)} connector sockets")
    return found[0]
