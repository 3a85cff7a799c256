"""What is asked of every row. Nothing here trusts netclsd: the kernel says where processes are."""

import contextlib
from pathlib import Path

from e2e.support import kernel
from e2e.support.containerd import IMAGE
from e2e.support.image import make_tree, write_oci_archive
from e2e.support.waiting import DeadlinePassed, eventually

from .report import Cell

CLASSID, RAW_CLASSID = "10:1", 0x100001
# In the container: the host's net_cls hierarchy, for reading.
MOUNT = "/net_cls"
_CHILDREN = 2
_DEADLINE_S = 5

# Busybox's shell alone, without a fork: init reads where it is, and what class that place has at this moment.
COMMAND = ("sh", "-c", f"""
while IFS=: read -r number controllers path; do
  case ",$controllers," in
    *,net_cls,*) read -r classid < "{MOUNT}$path/net_cls.classid"; echo "$classid $path" > /tmp/first;;
  esac
done < /proc/self/cgroup
{"sleep 1000 & " * _CHILDREN}wait""")
# In the background, of no terminal.
ENTRANT = ("sh", "-c", "sleep 999 </dev/null >/dev/null 2>&1 &")


def write_image(directory):
    """Busybox alone: a release has no test programs."""
    make_tree(directory / "tree")
    return write_oci_archive(directory / "image.tar", directory / "tree", IMAGE, ("sleep", "1000"))


@contextlib.contextmanager
def _cell(outcome, name):
    try:
        yield
    except Exception as problem:  # a row that fails must not end the others
        outcome.cells[name] = Cell.FAILED
        outcome.fail(f"{_WORDS[name]}: {words_of(problem)}")
    else:
        outcome.cells[name] = Cell.PASSED


_WORDS = {"first": "first instruction", "fork": "fork", "exec": "exec", "released": "release", "uninstalled": "uninstall"}


def words_of(problem):
    """grpc's errors have what the runtime said in a member."""
    details = getattr(problem, "details", None)
    return details() if callable(details) else problem


def examine(outcome, host, agent, way):
    """`way`: start() → container with id, pid and members(); exec(), remove(), undo() (None: there is nothing to undo)."""
    try:
        container = way.start()
    except Exception as problem:  # the same
        outcome.fail(f"start: {words_of(problem)}")
        return
    with _cell(outcome, "first"):
        _check_first(container)
    with _cell(outcome, "fork"):
        _wait_count(container, 1 + _CHILDREN)
        _check_all_in_class(host, container)
    with _cell(outcome, "exec"):
        way.exec(*ENTRANT)
        _wait_count(container, 2 + _CHILDREN)
        _wait_all_in_class(host, container)
    with _cell(outcome, "released"):
        is_known = agent.container(container.id) is not None  # else there is nothing to release
        way.remove()
        _wait_released(host, agent, container)
    if outcome.cells["released"] is Cell.PASSED and not is_known:
        outcome.cells["released"] = Cell.NOT_RUN
    if way.undo is None:
        outcome.cells["uninstalled"] = Cell.NOTHING
        return
    with _cell(outcome, "uninstalled"):
        way.undo()


def _check_first(container):
    file = Path(f"/proc/{container.pid}/root/tmp/first")

    def written():
        text = file.read_text() if file.exists() else ""
        return text if text.endswith("\n") else None
    try:
        classid = eventually("init has written where it is", written, _DEADLINE_S).split()[0]
    except DeadlinePassed:
        raise AssertionError("init has written nothing") from None
    if classid != str(RAW_CLASSID):
        raise AssertionError(f"init's net_cls.classid was {classid}, not {RAW_CLASSID}")


def _wait_count(container, count):
    eventually(f"{count} processes", lambda: len(container.members()) == count, _DEADLINE_S)


def _outside(host, container):
    """pid → net_cls path of the members that are in another class."""
    top = host.seen(host.net_cls_mount)
    paths = {pid: kernel.net_cls_path(pid) for pid in container.members()}
    return {pid: path for pid, path in paths.items()
            if path is not None and _classid(top, path) != RAW_CLASSID}


def _classid(top, path):
    return None if path == kernel.NOT_MOUNTED else kernel.classid(top / path.lstrip("/"))


def _describe(outside):
    return f"{len(outside)} processes are not in the class, but in {' '.join(sorted(set(outside.values())))}"


def _check_all_in_class(host, container):
    if outside := _outside(host, container):
        raise AssertionError(_describe(outside))


def _wait_all_in_class(host, container):
    try:
        eventually("all are in the class", lambda: not _outside(host, container), _DEADLINE_S)
    except DeadlinePassed:
        raise AssertionError(_describe(_outside(host, container))) from None


def _wait_released(host, agent, container):
    """No registration, no group, no state file."""
    eventually("the agent has forgotten it", lambda: agent.container(container.id) is None, _DEADLINE_S)
    eventually("the agent's groups are removed", lambda: not host.groups(), _DEADLINE_S)
    eventually("its state file is removed", lambda: not any(
        name.startswith(container.id) for name in agent.state_files()), _DEADLINE_S)
