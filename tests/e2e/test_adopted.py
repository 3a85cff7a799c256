"""cgroup v1: the container runtime makes a net_cls group, and the agent adopts it. The runtime owns the group: it
removes it with the container, and makes one of the same name for the next."""

import os
import unittest

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASS, CLASSID
from .support.host import V1
from .support.waiting import eventually, eventually_equal

GOLD = 0x100001


class Adopted(EndToEndTest):
    layout = V1

    def runtime_group(self, container):
        return self.host.seen(self.host.net_cls_mount) / container.spec["linux"]["cgroupsPath"].lstrip("/")

    def start(self, name, *command, **options):
        container = self.make_container(name, *command, annotations={CLASSID: "10:1"}, **options).start()
        self.assertIs(self.agent.container(container.id)["adopted"], True)
        self.assert_in_class(container, GOLD)
        return container

    def restart_after(self, change):
        self.agent.stop()
        change()
        self.agent.start()

    def move(self, pid, group):
        (group / "cgroup.procs").write_text(str(pid))

    def root_group(self):
        return self.host.seen(self.host.net_cls_mount)


class StartedAgain(Adopted):
    def test_under_the_same_id_and_path_it_is_registered_each_time(self):
        self.start_agent()
        container = self.make_container("again", hook_options=("--on-failure", "deny"))
        for annotations in ({CLASSID: "10:1"}, {CLASSID: "10:1"}, {CLASS: "gold"}):
            container.spec["annotations"] = annotations
            container.write_spec()
            container.start()
            self.assertIs(self.agent.container(container.id)["adopted"], True)
            self.assert_in_class(container, GOLD)
            container.exec_detached("sleep", "1000")
            self.assert_in_class(container, GOLD)
            container.delete()
            self.wait_released(container)
        self.assertEqual(self.agent.metrics().value("registrations_total", source="hook"), 3)

    def test_containers_and_lookers_leave_no_descriptor_behind(self):
        self.start_agent()

        def descriptors():
            return len(os.listdir(f"/proc/{self.agent.pid}/fd"))

        def live(name):
            container = self.start(name)
            self.netclsctl_json("explain", str(container.pid))
            container.delete()
            self.wait_released(container)

        live("first")
        before = descriptors()
        for number in range(5):
            live(f"next{number}")
        # A connection that was just being closed may be among the earlier ones; five leaks are more than that.
        eventually("there are no more open descriptors", lambda: descriptors() <= before)

    def test_of_a_group_made_anew_the_class_is_told_that_it_has_now(self):
        self.start_agent()
        container = self.start("anew")
        stranger = self.host.popen(["sleep", "1000"])
        self.host.on_close(lambda: (stranger.kill(), stranger.wait()))
        group = self.root_group() / f"{self.host.tag}-strange"
        for classid in (0x77, 0x78):
            group.mkdir()
            (group / "net_cls.classid").write_text(str(classid))
            self.move(stranger.pid, group)
            said = self.netclsctl_json("explain", str(stranger.pid))
            self.assertEqual(said["actual"], f"0:{classid:x}")
            self.move(stranger.pid, self.root_group())
            eventually("the group is removed", lambda: self.is_removed(group))
        container.delete()

    @staticmethod
    def is_removed(group):
        try:
            group.rmdir()
        except OSError:
            return False
        return True


class AfterARestart(Adopted):
    def test_init_that_was_moved_out_meanwhile_is_a_stray(self):
        self.start_agent(audit_interval="1h")
        container = self.start("moved")
        self.restart_after(lambda: self.move(container.pid, self.root_group()))
        self.assertTrue(kernel.net_cls_path(container.pid).endswith("-moved"), "init is brought back")
        self.assert_in_class(container, GOLD)
        said = self.netclsctl_json("explain", str(container.pid))
        self.assertEqual((said["expected"], said["actual"], said["placed"]), ("10:1", "10:1", True))

    def test_init_in_a_group_below_is_where_it_belongs_and_nobody_is_swept_for_it(self):
        self.start_agent(audit_interval="1h")
        container = self.start("below", "sh", "-c", "sleep 1000 & wait")
        below = self.runtime_group(container) / "init.scope"

        def go_below():
            below.mkdir()
            self.move(container.pid, below)

        self.restart_after(go_below)
        entrant = container.exec_detached("sleep", "1000")
        self.assertEqual(kernel.net_cls_path(container.pid), f"/{self.host.tag}-below/init.scope")
        self.assertEqual(kernel.net_cls_path(entrant), f"/{self.host.tag}-below")
        self.assertEqual(self.agent.get("/v1/status")["counters"]["sweeps_total{cause=\"overrun\"}"], 0)
        report = self.netclsctl_json("sweep")
        self.assertEqual((report["strays"], report["moved"]), (0, 0))


class GroupsBelow(Adopted):
    """Docker in docker, kind and LXC make groups below the container's own."""

    def test_one_that_was_there_before_the_registration_gets_the_class(self):
        self.start_agent()
        container = self.make_container("nested", "sh", "-c", "sleep 1000 & wait").start()  # no class, no registration
        below = self.runtime_group(container) / "docker" / "inner"
        below.mkdir(parents=True)
        inner = container.exec_detached("sleep", "1000")
        self.move(inner, below)
        self.assertEqual(self.netclsctl("register", container.id, "--pid", str(container.pid),
                                        "--classid", "10:1").returncode, 0)
        self.assertEqual([kernel.classid(group) for group in (below, below.parent, below.parent.parent)], [GOLD] * 3)

    def test_the_audit_writes_over_a_class_that_somebody_gave_to_one(self):
        self.start_agent(audit_interval="1s")
        container = self.start("audited")
        below = self.runtime_group(container) / "sub"
        below.mkdir()
        (below / "net_cls.classid").write_text(str(0x100020))
        eventually_equal("the class of the group below", lambda: kernel.classid(below), GOLD)
        self.assertGreaterEqual(self.agent.metrics().value("groups_repaired_total"), 1)

    def test_a_forced_release_leaves_no_class_in_any(self):
        self.start_agent()
        container = self.start("released")
        below = self.runtime_group(container) / "sub"
        below.mkdir()
        self.assertEqual(self.netclsctl("release", container.id).returncode, 0)
        self.assertEqual([kernel.classid(group) for group in (below, below.parent)], [0, 0])


class GroupGone(Adopted):
    def test_of_a_container_that_lives_is_replaced_by_one_of_ours(self):
        self.start_agent(audit_interval="1s")
        container = self.start("cleared", "sh", "-c", "sleep 1000 & wait")
        group = self.runtime_group(container)

        def clear():  # as cgclear does
            for pid in kernel.pids_in_group(group):
                self.move(pid, self.root_group())
            return StartedAgain.is_removed(group)

        eventually("the group is gone", clear)
        eventually("it has one of ours", container.own_group().is_dir)
        self.assert_container_placed(container, GOLD)
        self.assertIs(self.agent.container(container.id)["adopted"], False)
        container.delete()
        self.wait_released(container)


if __name__ == "__main__":
    unittest.main()
