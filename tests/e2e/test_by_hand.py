"""Changes that somebody makes by hand to a running container's group: the next audit repairs and counts them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually, eventually_equal


class ByHand(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.start_agent(audit_interval="1s")
        self.container = self.make_container("hand", "sh", "-c", "sleep 1000 & sleep 1000 & wait",
                                             annotations={CLASSID: "10:1"}).start()
        eventually("its children", lambda: len(self.container.members()) == 3)
        self.assert_container_placed(self.container, 0x100001)
        self.root = self.host.seen(self.host.net_cls_mount)
        self.assert_counted(strays=0, groups=0)

    def assert_counted(self, strays, groups):
        def counted():
            now = self.agent.metrics()
            return {"strays": now.value("strays_repaired_total"), "groups": now.value("groups_repaired_total")}
        eventually_equal("repairs", counted, {"strays": strays, "groups": groups})

    def move_by_hand(self, pids, group):
        for pid in pids:
            (group / "cgroup.procs").write_text(str(pid))

    def remove_group_by_hand(self):
        """The agent stands still meanwhile: an audit between the two steps would undo the first."""
        with self.agent.stopped():
            self.move_by_hand(self.container.members(), self.root)
            self.container.own_group().rmdir()

    def test_process_moved_out(self):
        self.move_by_hand([self.container.pid], self.root)
        self.assert_container_placed(self.container, 0x100001)
        self.assert_counted(strays=1, groups=0)

    def test_group_removed(self):
        self.remove_group_by_hand()
        eventually("the group is there again", self.container.own_group().is_dir)
        eventually_equal("its class", lambda: kernel.classid(self.container.own_group()), 0x100001)
        self.assert_container_placed(self.container, 0x100001)
        self.assert_counted(strays=3, groups=1)

    def test_entrant_while_the_group_is_removed(self):
        self.remove_group_by_hand()
        entrant = self.container.exec_detached("sleep", "1000")
        eventually_equal("the entrant's group", lambda: kernel.net_cls_path(entrant), self.container.own_path())
        self.assert_container_placed(self.container, 0x100001)

    def test_classid_overwritten(self):
        (self.container.own_group() / "net_cls.classid").write_text("4711")
        eventually_equal("its class", lambda: kernel.classid(self.container.own_group()), 0x100001)
        self.assert_container_placed(self.container, 0x100001)
        self.assert_counted(strays=0, groups=1)

    def test_stranger_written_into_the_group(self):
        stranger = self.start_process()
        home = kernel.net_cls_path(stranger.pid)
        self.move_by_hand([stranger.pid], self.container.own_group())
        eventually_equal("the stranger's group", lambda: kernel.net_cls_path(stranger.pid), home)
        self.assert_container_placed(self.container, 0x100001)

    def test_stranger_of_another_group_goes_back_to_where_its_parent_is(self):
        other = self.root / f"{self.host.tag}-other"
        other.mkdir()
        daemon = self.host.popen(["sh", "-c", "read -r _; sleep 1000 & echo $!; wait"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        self.addCleanup(daemon.communicate)
        self.addCleanup(daemon.kill)
        self.move_by_hand([daemon.pid], other)
        daemon.stdin.write("\n")
        daemon.stdin.flush()
        stranger = int(daemon.stdout.readline())
        self.addCleanup(os.kill, stranger, signal.SIGKILL)
        self.move_by_hand([stranger], self.container.own_group())
        eventually_equal("the stranger's group", lambda: kernel.net_cls_path(stranger), f"/{other.name}")
        self.assert_container_placed(self.container, 0x100001)

    def test_container_ends_while_its_group_is_gone(self):
        self.remove_group_by_hand()
        self.container.delete()
        self.wait_released(self.container)


# Its second thread says its number, and makes a child for each line that it reads.
TWO_THREADS = """
import os, sys, threading
def serve():
    print(threading.get_native_id(), flush=True)
    for _ in sys.stdin:
        print(os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "1000"), flush=True)
threading.Thread(target=serve).start()
"""


class OneThread(EndToEndTest):
    """What `tasks` does to a single thread is a limit (docs/security.md). The test shows how it is, not what we want."""

    def setUp(self):
        super().setUp()
        self.start_agent(audit_interval="1s")
        self.process = self.host.popen([sys.executable, "-c", TWO_THREADS], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.process.communicate)
        self.addCleanup(self.process.kill)
        self.thread = int(self.process.stdout.readline())
        self.id = f"{self.host.prefix}-threads"
        answer = self.agent.register(self.id, self.process.pid)
        self.assertEqual(answer.status, 201, answer)
        self.root = self.host.seen(self.host.net_cls_mount)
        self.own_path = f"/{self.host.parent}/{self.id}"

    def path_of_thread(self):
        lines = Path(f"/proc/{self.process.pid}/task/{self.thread}/cgroup").read_text().splitlines()
        return next(path for _, names, path in (line.split(":", 2) for line in lines) if "net_cls" in names.split(","))

    def spawn(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline())
        self.addCleanup(os.kill, child, signal.SIGKILL)
        return child

    def test_moved_alone_it_stays_out_and_what_it_forks_does_not(self):
        self.assertEqual(self.path_of_thread(), self.own_path, "a move takes all threads along")
        (self.root / "tasks").write_text(str(self.thread))
        self.assertEqual(self.agent.request("POST", "/v1/sweep").json["strays"], 0)
        self.assertEqual(self.path_of_thread(), "/")
        child = self.spawn()
        eventually_equal("the group of its child", lambda: kernel.net_cls_path(child), self.own_path)

    def test_it_comes_back_when_its_process_does(self):
        (self.root / "tasks").write_text(str(self.thread))
        (self.root / "tasks").write_text(str(self.process.pid))  # the leader thread: the process is where that is
        eventually_equal("the thread's group", self.path_of_thread, self.own_path)
