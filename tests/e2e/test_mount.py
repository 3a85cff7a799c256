"""net_cls is mounted when the first container needs a class, and unmounted when the last one has ended: as long as it is
mounted, every /proc/PID/cgroup of the machine has a line more, and before the others (docs/adr/0028)."""

import ctypes
import os
import signal
import threading
from pathlib import Path

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASS, CLASSID
from .support.host import BARE
from .support.programs import need_fault_points, program
from .support.waiting import eventually, eventually_equal

GOLD = 0x100001
_PR_SET_CHILD_SUBREAPER = 36


def has_line():
    """Does a process that reads its own /proc/self/cgroup, as this test does, find net_cls there?"""
    return kernel.own_net_cls_path() != kernel.NOT_MOUNTED


def become_subreaper(on):
    """Reaps processes, as a container runtime's shim does. A zombie keeps its group and so the hierarchy from being
    freed: the first processes of `runc run --detach` must not wait for this machine's pid 1."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def reap_all():
    """Reaps what a failed test has left: zombies would keep their groups, and so the hierarchy."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass


class MountTest(EndToEndTest):
    layout = BARE

    launcher = ()

    def setUp(self):
        become_subreaper(True)
        self.addCleanup(become_subreaper, False)
        self.addCleanup(reap_all)
        super().setUp()
        self.make_agent(launcher=self.launcher, net_cls={"mount": "auto", "parent": self.host.parent})
        self.host.net_cls_mount = self.agent.state_dir / "net_cls"
        self.hook_log = self.host.work / "hook.log"  # runc shows what hooks say only when they fail
        self.host.on_close(self.clean_up)

    def clean_up(self):
        """Also after a failure the machine is as it was."""
        self.agent.stop()
        self.host.run([program("netclsd"), "--config", self.agent.config_file, "--clean-up"])

    def configure(self, **changes):
        self.agent.configuration |= changes
        self.agent.write_config()

    def keep_mounted(self):
        self.configure(net_cls={**self.agent.configuration["net_cls"], "keep_mounted": True})

    def prepare(self):
        done = self.host.run([program("netclsd"), "--config", self.agent.config_file, "--prepare"])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def container(self, name, *command, hook_options=(), **options):
        return self.make_container(name, *command, hook_options=(
            "--mount", str(self.host.net_cls_mount), "--log-file", str(self.hook_log), *hook_options), **options)

    def gold(self, name, *command, **options):
        return self.container(name, *command, annotations={CLASSID: "10:1"}, **options)

    def end(self, container):
        container.kill()
        os.waitpid(container.pid, 0)
        container.delete()

    def mounts(self):
        return [line.split()[1] for line in self.host.run(["cat", "/proc/self/mounts"]).stdout.splitlines()
                if line.split()[2] == "cgroup" and "net_cls" in line.split()[3].split(",")]

    def assert_mounted(self):
        self.assertEqual((self.mounts(), has_line()), ([str(self.host.net_cls_mount)], True))

    def assert_not_mounted(self):
        """The kernel ends the hierarchy some milliseconds after the last unmount."""
        self.assertEqual(self.mounts(), [])
        eventually_equal("the line of net_cls", has_line, False)

    def hook_lines(self):
        return self.hook_log.read_text() if self.hook_log.exists() else ""

    def assert_no_complaint(self):
        complaints = [line for line in self.agent.log().splitlines() if line.split()[1].lower() in ("warning", "error")]
        self.assertEqual(complaints, [])

    def in_passing(self, name):
        """A container without a class, from its start to its end."""
        self.container(name, "true").run()


class WhenItIsNeeded(MountTest):
    def test_only_while_a_container_has_a_class(self):
        self.assertIn("is not mounted", self.prepare())
        self.agent.start()
        status = self.agent.get("/v1/status")
        self.assertEqual((status["net_cls_mount"], status["net_cls_mounted"]), (str(self.host.net_cls_mount), False))
        self.in_passing("plain")
        self.assert_not_mounted()
        first = self.gold("first", "sh", "-c", "cat /proc/self/cgroup; sleep 1000 & wait").start()
        self.assert_mounted()
        self.assertTrue(self.agent.get("/v1/status")["net_cls_mounted"])
        eventually("it has spoken", first.output)
        self.assert_shows_group(first.output(), first)
        self.assert_container_placed(first, GOLD)
        self.in_passing("beside")
        second = self.gold("second").start()
        self.end(first)
        self.assert_container_placed(second, GOLD)
        self.assert_mounted()
        self.end(second)
        self.assert_not_mounted()
        self.assertEqual(self.agent.metrics().value("registration_failures_total", reason="busy"), 0)
        self.assertEqual(self.agent.spool_files(), set())
        self.assertEqual(self.hook_lines(), "")
        self.assert_no_complaint()

    def test_again_and_again(self):
        """Removed groups are freed some time later. A hierarchy that still has one does not end at its unmount."""
        self.prepare()
        self.agent.start()
        for number in range(8):
            container = self.gold(f"round{number}").start()
            self.assert_container_placed(container, GOLD)
            self.end(container)
            self.assert_not_mounted()

    def test_without_the_agent(self):
        self.host.use_default_parent()
        container = self.gold("alone", "sh", "-c", "cat /proc/self/cgroup; sleep 1000 & wait").start()
        eventually("it has spoken", container.output)
        self.assert_shows_group(container.output(), container)
        self.assert_mounted()
        self.end(container)
        self.assert_not_mounted()

    def test_without_the_agent_for_a_class_that_only_it_knows(self):
        self.in_passing("plain")
        self.assert_not_mounted()
        container = self.container("named", annotations={CLASS: "gold"}).start()
        self.assert_mounted()
        self.in_passing("beside")
        self.assert_mounted()
        self.prepare()
        self.agent.start()
        self.assert_container_placed(container, GOLD)
        self.end(container)
        self.assert_not_mounted()

    def test_default_class_has_it_mounted_from_the_start(self):
        self.configure(default_class="gold")
        self.assertIn("is mounted", self.prepare())
        self.assert_mounted()
        self.agent.start()
        container = self.container("plain").start()
        self.assert_container_placed(container, GOLD)
        self.end(container)
        self.assert_mounted()

    def test_keep_mounted(self):
        self.keep_mounted()
        self.assertIn("is mounted", self.prepare())
        self.agent.start()
        self.end(self.gold("gold").start())
        self.assert_mounted()

    def test_by_hand(self):
        self.agent.start()
        process = self.start_process()
        mount = ("--mount", str(self.host.net_cls_mount))
        done = self.netclsctl("register", "hand", "--pid", str(process.pid), "--classid", "10:1", *mount)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(kernel.net_cls_path(process.pid), f"/{self.host.parent}/hand")
        self.assert_mounted()
        self.assertEqual(self.netclsctl("release", "hand", *mount).returncode, 0)
        self.assert_not_mounted()


class AgentElsewhere(MountTest):
    """As in a pod (HostToContainer), or in a unit that systemd gives a mount namespace of its own."""
    launcher = ("unshare", "--mount", "--propagation", "slave")

    def test_mounts_reach_it_and_it_keeps_none_of_them(self):
        self.prepare()
        self.agent.start()
        for name in ("first", "second"):
            container = self.gold(name).start()
            self.assert_container_placed(container, GOLD)
            self.assertTrue(self.agent.get("/v1/status")["net_cls_mounted"])
            self.end(container)
            self.assert_not_mounted()
            self.assertFalse(self.agent.get("/v1/status")["net_cls_mounted"])
        self.assertEqual(self.hook_lines(), "")
        self.assert_no_complaint()


class Races(MountTest):
    def at_once(self, *functions):
        problems = []

        def run(function):
            try:
                function()
            except Exception as problem:
                problems.append(problem)
        threads = [threading.Thread(target=run, args=(function,)) for function in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])

    def test_two_first_containers_are_one_mount(self):
        self.prepare()
        self.agent.start()
        containers = [self.gold(f"first{number}") for number in range(4)]
        self.at_once(*(container.start for container in containers))
        self.assert_mounted()
        for container in containers:
            self.assert_container_placed(container, GOLD)
        self.at_once(*(lambda ending=container: self.end(ending) for container in containers))
        self.in_passing("last")  # of those that ended at once none may have seen the others gone
        self.assert_not_mounted()
        self.assertEqual(self.agent.spool_files(), set())

    def test_one_ends_while_another_begins(self):
        self.prepare()
        self.agent.start()
        before = self.gold("before").start()
        for number in range(6):
            after = self.gold(f"after{number}")
            self.at_once(lambda ending=before: self.end(ending), after.start)
            self.assertEqual(self.hook_lines(), "")
            self.assert_container_placed(after, GOLD)
            before = after
        self.end(before)
        self.assert_not_mounted()

    def test_one_ends_while_the_agent_takes_up_another(self):
        self.prepare()
        waiting = self.container("waiting", annotations={CLASS: "gold"}).start()
        passing = [self.container(f"passing{number}", "true") for number in range(3)]
        self.at_once(self.agent.start, *(container.run for container in passing))
        self.assert_container_placed(waiting, GOLD)
        eventually_equal("files in the spool", lambda: {n for n in self.agent.spool_files() if waiting.id in n}, set())
        self.end(waiting)
        self.assert_not_mounted()

    def test_agent_that_comes_back_when_all_is_over(self):
        self.prepare()
        self.agent.start()
        container = self.gold("over").start()
        self.agent.stop(signal.SIGKILL)
        self.end(container)
        self.assert_not_mounted()
        self.prepare()
        self.agent.start()
        self.wait_released(container)
        self.assert_not_mounted()
        self.assert_no_complaint()

    def test_prepare_takes_away_what_was_left(self):
        self.prepare()
        self.agent.start()
        container = self.gold("left", stages=("prestart",)).start()
        self.agent.stop()
        self.prepare()
        self.assert_mounted()
        self.end(container)
        self.assert_mounted()
        self.prepare()
        self.assert_not_mounted()

    def test_the_next_container_takes_away_what_no_poststop_did(self):
        """With containerd's base spec no container has one."""
        self.prepare()
        self.agent.start()
        container = self.gold("left", stages=("prestart",)).start()
        self.end(container)
        self.assert_mounted()
        self.container("next", "true", stages=("prestart",)).run()
        self.in_passing("last")  # where the one before had no time for it
        self.assert_not_mounted()

    def test_hook_that_is_killed_after_it_has_mounted(self):
        need_fault_points()
        self.prepare()
        self.agent.start()
        killed = self.gold("killed", hook_faults="agent_connect=kill@2", stages=("prestart",))
        killed.run(check=False)
        self.assert_mounted()
        self.in_passing("next")
        self.assert_not_mounted()

    def test_somebody_inside_keeps_it_and_is_no_failure(self):
        self.prepare()
        self.agent.start()
        container = self.gold("gold").start()
        guest = self.host.popen(["bash", "-c", f"cd {self.host.net_cls_mount} && echo in && exec sleep 1000"],
                                stdout=-1, text=True)
        self.addCleanup(guest.communicate)
        self.addCleanup(guest.kill)
        self.assertEqual(guest.stdout.readline(), "in\n")
        self.end(container)
        self.assert_mounted()
        self.assertEqual(self.hook_lines(), "")
        again = self.gold("again").start()
        self.assert_container_placed(again, GOLD)
        guest.kill()
        guest.wait()
        self.end(again)
        self.assert_not_mounted()


class WhoMayNotMount(MountTest):
    def test_container_starts_and_the_message_says_what_to_do(self):
        need_fault_points()
        self.prepare()
        self.agent.start()
        container = self.gold("denied", hook_faults="hierarchy_mount=EPERM@1+").start()
        self.assertIn("Operation not permitted", self.hook_lines())
        self.assertIn("keep_mounted", self.hook_lines())
        self.assert_one_line(self.hook_lines())
        self.assert_not_mounted()
        self.assertEqual(len(self.agent.spool_files()), 1)
        # The next one's hook may: then the agent makes up for it.
        self.gold("next").start()
        eventually_equal("files in the spool", self.agent.spool_files, set())
        self.assert_container_placed(container, GOLD)

    def test_nothing_is_made_where_nothing_is_mounted(self):
        self.agent.start()
        process = self.start_process()
        Path(self.host.seen(self.host.net_cls_mount)).mkdir(exist_ok=True)
        answer = self.agent.request("PUT", "/v1/containers/early", {"pid": process.pid, "annotations": {CLASSID: "10:1"}})
        self.assertEqual((answer.status, answer.json["type"]),
                         (503, "https://netclsd.io/problems/net-cls-not-mounted"))
        self.assertIn(str(self.host.net_cls_mount), answer.json["detail"])
        self.agent.request("POST", "/v1/sweep")
        self.assertEqual(list(self.host.seen(self.host.net_cls_mount).iterdir()), [])
        self.assertEqual(self.agent.state_files(), set())
        self.assert_no_complaint()
