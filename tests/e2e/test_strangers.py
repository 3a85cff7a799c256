"""Only a container's own processes are in its class: not those that joined its pid namespace, and not those that
another container's member started elsewhere."""

import shutil
import unittest

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually, eventually_equal

GOLD, BULK = 0x100001, 0x100020


class JoinedPidNamespace(EndToEndTest):
    """`kubectl debug --target`, `podman run --pid=container:`: the target's init becomes the parent of the other
    container's orphans."""

    def test_the_orphans_of_a_container_without_a_class_stay_without_one(self):
        self.start_agent(audit_interval="1s")
        target = self.make_container("target", "sh", "-c", "sleep 1000 & wait", annotations={CLASSID: "10:1"}).start()
        debug = self.make_container("debug", "sh", "-c", "(sleep 1000 & sleep 1000 &) ; sleep 1000")
        for namespace in debug.spec["linux"]["namespaces"]:
            if namespace["type"] == "pid":
                namespace["path"] = f"/proc/{target.pid}/ns/pid"
        debug.write_spec()
        debug.start()
        orphans = eventually("two orphans have the target's init as parent", lambda: self.orphans(debug, target))
        sweeps = self.sweeps()
        eventually("two audits", lambda: self.sweeps() >= sweeps + 2)
        self.assertEqual({kernel.net_cls_path(pid) for pid in debug.processes_of_its_cgroup()},
                         {kernel.own_net_cls_path()})
        self.assertEqual(self.agent.metrics().value("strays_repaired_total"), 0)
        said = self.netclsctl_json("explain", str(orphans.pop()))
        self.assertIsNone(said.get("container"))
        debug.delete()

    def sweeps(self):
        return self.agent.metrics().value("sweeps_total", cause="audit")

    @staticmethod
    def orphans(debug, target):
        found = {pid for pid in debug.processes_of_its_cgroup() if StartedByAMember.parent(pid) == target.pid}
        return found if len(found) == 2 else None


class StartedByAMember(EndToEndTest):
    """A CI runner, or a shell on the node that is registered: it runs `runc exec` into another container."""

    @staticmethod
    def parent(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
                return int(stat.read().rpartition(")")[2].split()[1])
        except OSError:
            return None

    def test_what_it_execs_into_another_container_is_in_that_one_s_class(self):
        self.start_agent(audit_interval="1h")
        entered = self.make_container("entered", annotations={CLASSID: "10:1"}).start()
        runner = self.host.popen(["/bin/sh"], stdin=-1, stdout=-1, text=True, start_new_session=True)
        self.host.on_close(lambda: (runner.kill(), runner.communicate()))
        self.assertEqual(self.netclsctl("register", f"{self.host.prefix}-runner", "--pid", str(runner.pid),
                                        "--classid", "10:20").returncode, 0)
        before = self.agent.moves()
        command = " ".join(map(str, [*entered._runtime, "exec", "--detach", entered.id, "sh", "-c",
                                     "'sleep 1000 & sleep 1000 & wait'"]))
        runner.stdin.write(f"{command} </dev/null >/dev/null 2>&1; echo done\n")
        runner.stdin.flush()
        self.assertEqual(runner.stdout.readline(), "done\n")
        eventually_equal("processes of the container", lambda: len(entered.members()), 4)
        self.assert_container_placed(entered, GOLD)
        after = self.agent.moves()
        self.assertEqual(after["sweep"], before["sweep"], "found by its event")
        self.assertEqual(kernel.classid(self.host.group(f"{self.host.prefix}-runner")), BULK)
        self.assertEqual(kernel.net_cls_path(runner.pid), f"/{self.host.parent}/{self.host.prefix}-runner")


class StillInTheCgroup(EndToEndTest):
    def test_a_container_is_not_released_while_a_process_lives_in_its_cgroup(self):
        """An entrant without init's pid namespace survives init. It was moved in, and called no exec."""
        self.start_agent(audit_interval="1h")
        container = self.make_container("kept", annotations={CLASSID: "10:1"}).start()
        cgroup = self.host.seen("/sys/fs/cgroup") / container.spec["linux"]["cgroupsPath"].lstrip("/")
        survivor = self.host.popen([shutil.which("sleep"), "1000"])
        self.host.on_close(lambda: (survivor.kill(), survivor.wait()))
        eventually("its last exec is over", lambda: kernel.comm(survivor.pid) == "sleep")
        (cgroup / "cgroup.procs").write_text(str(survivor.pid))
        container.kill()
        eventually("init is gone", lambda: not kernel.is_alive(container.pid))
        eventually_equal("where the survivor is", lambda: kernel.net_cls_path(survivor.pid), container.own_path())
        self.assertIsNotNone(self.agent.container(container.id))
        survivor.kill()
        survivor.wait()
        container.delete()
        self.wait_released(container)


if __name__ == "__main__":
    unittest.main()
