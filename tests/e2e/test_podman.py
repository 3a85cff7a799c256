"""podman with a hooks.d file: run, exec, kill and pods."""

from .support import kernel
from .support.case import EndToEndTest
from .support.host import AS_IT_IS
from .support.podman import Podman
from .support.waiting import eventually, eventually_equal

_FAMILY = ("sh", "-c", "sleep 1000 & sleep 1000 & wait")


class PodmanTest(EndToEndTest):
    layout = AS_IT_IS

    def setUp(self):
        super().setUp()
        self.start_agent()
        self.podman = Podman(self.host, self.agent)

    def test_run_exec_and_kill(self):
        container = self.podman.run("web", *_FAMILY, classid="10:1")
        self.assert_in_class(container, 0x100001)
        self.assertEqual(self.agent.containers()[container.id]["source"], "hook")

        container.exec("udp_tool", "listen", "7777", options=("--detach",))
        entrant = eventually("the entrant", lambda: next(
            (pid for pid in container.members() if kernel.socket_class_ids(pid)), None))
        eventually_equal("its socket", lambda: kernel.socket_class_ids(entrant), [0x100001])
        self.assertEqual(len(container.members()), 4)
        self.assert_in_class(container, 0x100001)

        self.podman("kill", "web")
        self.wait_released(container)
        self.podman("rm", "web")

    def test_the_first_instruction_reads_its_own_group(self):
        shown = self.podman("run", "--rm", "--network", "none", "--annotation", "netclsd.io/classid=10:1",
                            *self.podman.place(), "localhost/e2e:1", "cat", "/proc/self/cgroup")
        self.assertRegex(shown, rf"(?m)^\d+:net_cls(,net_prio)?:/{self.host.parent}/[0-9a-f]{{64}}$")

    def test_pod_of_two_containers_with_two_classids(self):
        self.podman.make_pod("pod")
        pod = ("--pod", "pod")
        gold = self.podman.run("gold", *_FAMILY, options=pod, classid="10:1")
        bulk = self.podman.run("bulk", *_FAMILY, options=pod, classid="10:20")
        plain = self.podman.run("plain", *_FAMILY, options=pod)
        self.assert_in_class(gold, 0x100001)
        self.assert_in_class(bulk, 0x100020)
        for container in (plain, self.podman.container("pod-infra")):
            self.assert_not_managed(container)
        self.podman("pod", "rm", "--force", "--time", "0", "pod")
        self.wait_released(gold)
        self.wait_released(bulk)


class DefaultClass(EndToEndTest):
    layout = AS_IT_IS

    def test_the_infra_container_is_one_like_all(self):
        """podman marks it by no annotation, unlike a pod's pause container elsewhere. It sends nothing."""
        self.start_agent(default_class="bulk")
        podman = Podman(self.host, self.agent, all_containers=True)
        podman.make_pod("pod")
        member = podman.run("web", *_FAMILY, options=("--pod", "pod"))
        for container in (member, podman.container("pod-infra")):
            self.assert_in_class(container, 0x100020)
