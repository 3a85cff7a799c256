"""The real programs, killed or made to fail at each of their named fault points (docs/reliability.md)."""

import errno
import itertools
import os
import signal
from contextlib import contextmanager

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.programs import need_fault_points, program
from .support.waiting import eventually, eventually_equal

CLASS_10_1 = 0x100001
KILLED = -signal.SIGKILL
FILE_POINTS = ("file_write", "file_sync", "file_rename", "file_directory_sync")


def nth_snapshot(number):
    """The pass of proc_slice at which /proc is read for the nth time: the first time is the first sweep."""
    slices = len(kernel.all_pids()) // 512 + 1
    return (number - 1) * slices + 1


class FaultPoints(EndToEndTest):
    the_hook_may_be_alone = False

    def setUp(self):
        need_fault_points()
        super().setUp()
        if self.the_hook_may_be_alone:
            self.host.use_default_parent()  # it makes its groups there
        self.make_agent(audit_interval="1h")
        self.hook_log = self.host.work / "hook.log"
        self.numbers = itertools.count()
        self.running = []

    def make(self, **options):
        container = self.make_container(f"c{next(self.numbers)}", "sh", "-c", "sleep 1000 & wait",
                                        annotations={CLASSID: "10:1"},
                                        hook_options=("--log-file", str(self.hook_log)), **options)
        self.running.append(container)
        return container

    def check_placed(self, container):
        eventually_equal(f"{container.id} is known", lambda: container.id in self.agent.containers(), True)
        self.assert_container_placed(container, CLASS_10_1)

    def start_with_one(self, **options):
        self.agent.start(**options)
        container = self.make().start()
        self.check_placed(container)
        return container

    def check_nothing_is_left(self):
        eventually_equal("containers", self.agent.containers, {})
        eventually_equal("state files", self.agent.state_files, set())
        eventually_equal("files in the spool", self.agent.spool_files, set())
        eventually_equal("groups", self.own_groups, set())

    def own_groups(self):
        """The default parent may be shared with another netclsd."""
        return {name for name in self.host.groups() if name.startswith(self.host.prefix)}

    def delete(self, container):
        self.running.remove(container)
        container.delete()
        self.check_nothing_is_left()

    @contextmanager
    def step(self, rule):
        """A subtest that leaves a clean host for the next one, even if it fails."""
        with self.subTest(rule):
            try:
                yield
            finally:
                while self.running:
                    self.running.pop().delete()
                self.agent.stop()


class Variable(FaultPoints):
    def test_a_wrong_rule_ends_each_program_with_2_and_what_was_expected(self):
        for name in ("netclsd", "netclsd-hook", "netclsctl"):
            done = self.host.run([program(name), "--version"], env={"NETCLSD_FAULTS": "file_write=EFOO"})
            self.assertEqual(done.returncode, 2, name)
            self.assertRegex(done.stderr, f'^{name}: NETCLSD_FAULTS: "EFOO" is no action; expected one of kill, ')
            self.assert_one_line(done.stderr)


class AgentKilled(FaultPoints):
    the_hook_may_be_alone = True

    def test_at_each_step_of_a_registration(self):
        points = ("register_identify", "register_group", "classid_write", "register_place",
                  "cgroup_attach", "register_watch", "register_keep", *FILE_POINTS)
        # The first group that an agent makes is the parent, at its start.
        for rule in ("group_make=kill@2", *(f"{point}=kill" for point in points)):
            with self.step(rule):
                self.check_killed_while_registering(rule)

    def check_killed_while_registering(self, rule):
        self.agent.start(faults=rule)
        container = self.make().start()
        self.assertEqual(self.agent.wait_end(), KILLED)
        self.assertEqual(kernel.net_cls_path(container.pid), container.own_path(), "the hook placed it itself")
        self.assertEqual(kernel.classid(container.own_group()), CLASS_10_1)
        self.agent.start()
        self.check_placed(container)
        self.delete(container)

    def test_while_it_takes_up_what_was(self):
        container = self.start_with_one()
        for rule in ("register_group=kill", "register_place=kill", "register_watch=kill", "proc_slice=kill"):
            self.agent.stop(signal.SIGKILL)
            self.agent.start(wait_ready=False, faults=rule)
            self.assertEqual(self.agent.wait_end(), KILLED)
            entrant = container.exec_detached("sleep", "1000")
            self.agent.start()
            self.assertIn(entrant, container.members())
            self.check_placed(container)
        self.delete(container)


class RegistrationHindered(FaultPoints):
    the_hook_may_be_alone = True

    def test_registration_that_fails_is_taken_up_from_the_spool(self):
        for rule in ("register_identify=EIO", "cgroup_attach=EACCES"):
            with self.step(rule):
                self.agent.start(faults=rule)
                container = self.make().start()
                self.assertEqual(kernel.net_cls_path(container.pid), container.own_path(), "the hook placed it itself")
                self.check_placed(container)
                self.assertEqual(self.agent.metrics().value("registration_failures_total", reason="system"), 1)
                self.delete(container)


    def test_spool_entry_that_cannot_be_read_now_is_taken_up_later(self):
        container = self.make().start()
        self.agent.start(faults="file_read=EMFILE,file_read=ENOMEM@2")
        self.check_placed(container)
        self.assertIn("spool_entry_not_readable", self.agent.log())
        self.delete(container)


class ReleaseKilled(FaultPoints):
    def test_while_a_container_is_released(self):
        for rule in ("group_remove=kill", "file_remove=kill"):
            with self.step(rule):
                self.start_with_one(faults=rule)
                self.running.pop().delete()
                self.assertEqual(self.agent.wait_end(), KILLED)
                self.agent.start()
                self.check_nothing_is_left()


class AgentHindered(FaultPoints):
    def test_move_that_fails_is_counted_and_repaired_by_the_next_sweep(self):
        errors = {"EACCES": "denied", "ENODEV": "other", "EBUSY": "other", "ENOSPC": "other", "ESRCH": "gone"}
        for error, reason in errors.items():
            with self.step(error):
                self.agent.start(faults=f"cgroup_attach={error}@2")  # the first one moves init
                container = self.make().start()
                self.check_placed(container)
                (self.host.seen(self.host.net_cls_mount) / "cgroup.procs").write_text(str(container.pid))
                first = self.agent.request("POST", "/v1/sweep").json
                self.assertEqual((first["strays"], first["moved"]), (1, 0))
                self.assertEqual(self.agent.metrics().value("move_failures_total", reason=reason), 1)
                self.agent.request("POST", "/v1/sweep")
                self.check_placed(container)
                self.assertEqual(self.agent.metrics().value("strays_repaired_total"), 1)
                self.delete(container)

    def test_state_that_cannot_be_kept_is_told_and_kept_later(self):
        for point, error in (("file_write", errno.ENOSPC), ("file_sync", errno.EIO)):
            with self.step(point):
                name = errno.errorcode[error]
                self.agent.start(faults=f"{point}={name}@1,{point}={name}@2")
                container = self.make().start()
                self.assert_container_placed(container, CLASS_10_1)
                self.assertEqual(self.agent.state_files(), set())
                self.assertIn(f"placed, and left in {self.agent.spool}", self.hook_log.read_text())
                answer = eventually("/readyz says 503", self.not_ready)
                self.assertIn("registrations cannot be kept", answer.body)
                self.assertIn(os.strerror(error), answer.body)
                eventually("it is ready again", self.agent.is_ready)
                self.assertEqual(self.agent.state_files(), {f"{container.id}.json"})
                self.hook_log.unlink()
                self.delete(container)

    def test_registration_that_cannot_be_read_at_the_start_is_taken_up_later(self):
        container = self.start_with_one()
        self.agent.stop(signal.SIGKILL)
        entrant = container.exec_detached("sleep", "1000")
        self.agent.start(faults="file_read=EMFILE,file_read=EIO@2")
        self.assertIn("state_not_readable", self.agent.log())
        self.assertEqual(self.agent.state_files(), {f"{container.id}.json"})
        self.assertIn(entrant, container.members())
        self.check_placed(container)
        self.delete(container)

    def test_init_that_cannot_be_watched_at_the_start_is_watched_later(self):
        container = self.start_with_one()
        self.agent.stop(signal.SIGKILL)
        self.agent.start(faults="register_group=EMFILE,exit_watch=EMFILE,exit_watch=ENOMEM@2")
        self.assertIn("recovery_failed", self.agent.log())
        self.check_placed(container)
        self.running.remove(container)
        container.kill()  # no poststop tells of the end
        self.check_nothing_is_left()

    def not_ready(self):
        answer = self.agent.request("GET", "/readyz")
        return answer if answer.status == 503 else None

    def test_it_is_not_ready_until_a_first_sweep_has_succeeded(self):
        self.agent.start(wait_ready=False, faults=f"proc_slice=EIO@1,proc_slice=EIO@{nth_snapshot(1) + 1}")
        eventually("the first sweep has failed", lambda: "sweep_failed" in self.agent.log())
        answer = self.agent.request("GET", "/readyz")
        self.assertEqual(answer.status, 503)
        self.assertIn("the first sweep has not succeeded yet", answer.body)
        self.assertEqual(self.agent.request("GET", "/livez").status, 200)
        self.assertEqual(self.agent.metrics().value("sweeps_total", cause="startup"), 0)
        eventually("it is ready", self.agent.is_ready)
        self.assertEqual(self.agent.metrics().value("sweeps_total", cause="startup"), 1)

    def test_release_that_fails_is_finished_later(self):
        self.agent.start(faults="group_remove=EBUSY,group_remove=EBUSY@2,file_remove=EIO")
        container = self.make().start()
        self.check_placed(container)
        self.delete(container)

    def test_events_that_are_lost_while_receiving_are_counted_and_repaired(self):
        self.agent.start(faults="event_receive=ENOBUFS@10+")
        container = self.make().start()
        for _ in range(5):
            container.exec_detached("sleep", "1000")
        self.check_placed(container)
        now = self.agent.metrics()
        self.assertGreater(now.value("events_dropped_total"), 0)
        self.assertGreater(now.value("overruns_total"), 0)
        self.delete(container)


class HookHindered(FaultPoints):
    the_hook_may_be_alone = True

    def test_on_its_way_to_the_agent_init_is_placed_all_the_same(self):
        for rule in ("agent_connect=ECONNREFUSED", "agent_write=EPIPE", "agent_read=ECONNRESET"):
            with self.step(rule):
                self.agent.start()
                container = self.make(hook_faults=rule).start()
                self.assertEqual(kernel.net_cls_path(container.pid), container.own_path())
                self.check_placed(container)
                eventually_equal("files in the spool", self.agent.spool_files, set())
                self.delete(container)

    def test_without_a_spool_it_still_places_init(self):
        for point in FILE_POINTS[:3]:
            with self.step(point):
                container = self.make(hook_faults=f"{point}=ENOSPC").start()
                self.assertEqual(kernel.net_cls_path(container.pid), container.own_path())
                self.assertEqual(kernel.classid(container.own_group()), CLASS_10_1)
                self.assertIn("could not leave the registration", self.hook_log.read_text())
                self.assertEqual(self.agent.spool_files(), set())

    def test_killed_at_any_point_it_leaves_nothing_behind(self):
        away = "agent_connect=ECONNREFUSED"
        rules = ["agent_write=kill", "agent_read=kill",
                 *(f"{away},{point}=kill" for point in ("file_write", "file_rename", "classid_write", "cgroup_attach"))]
        for rule in rules:
            with self.step(rule):
                self.agent.start()
                container = self.make(hook_faults=rule, stages=("prestart",))
                with self.assertRaisesRegex(AssertionError, "run ended with"):
                    container.start()
                self.make_old_what_is_unfinished()
                self.check_nothing_is_left()

    def make_old_what_is_unfinished(self):
        """The agent takes it for a living hook's for two minutes."""
        for name in self.agent.spool_files():
            if name.startswith("."):
                os.utime(self.agent.spool / name, (0, 0))
