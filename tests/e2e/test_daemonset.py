"""The chart's DaemonSet, as helm renders it, on a node with the real containerd: from the image of tests/image/build.sh to
a class, through an upgrade, and away again without a trace. With Debian 12's containerd and the hook, and with containerd 2
and the NRI plugin."""

import contextlib
import json
import statistics
import threading
import time
import unittest
from pathlib import Path

from chart.support.helm import HELM, agent_pod, find, rendered

from .support import kernel
from .support.agent import AgentApi, free_port
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.containerd import Containerd, Pod
from .support.host import end_unmounted_hierarchy
from .support.kernel import kernel_is_at_least
from .support.kubelet import Kubelet
from .support.node import Node
from .support.nri import NodeContainerd2
from .support.programs import REPOSITORY, tool
from .support.waiting import eventually, eventually_equal

ARCHIVE = REPOSITORY / "build" / "image" / "netclsd.tar"
IMAGE, NEXT_IMAGE = "localhost/netclsd:test", "localhost/netclsd:next"
CONFIG = Path("/etc/containerd/config.toml")
GOLD = 0x100001
CAP_DAC_OVERRIDE, CAP_NET_ADMIN, CAP_SYS_ADMIN = 1 << 1, 1 << 12, 1 << 21
STARTS = 50  # of containers, to be timed
_FAMILY = ("sh", "-c", "sleep 1000 & sleep 1000 & wait")


@contextlib.contextmanager
def all_places(pid):
    """Where the process is in net_cls, seen every few milliseconds until the end."""
    places, is_over = set(), threading.Event()

    def watch():
        while not is_over.wait(0.005):
            places.add(kernel.net_cls_path(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield places
    finally:
        is_over.set()
        watcher.join()


class DaemonSetCase(EndToEndTest):
    sets = ()

    def setUp(self):
        for needed, by in ((ARCHIVE, "tests/image/build.sh"), (HELM, "scripts/install-deps.sh chart")):
            if not needed.exists():
                raise unittest.SkipTest(f"there is no {needed}; {by} makes it")
        end_unmounted_hierarchy()
        self.host = Node()
        self.addCleanup(self.host.close)
        self.port = free_port()
        self.agent = AgentApi(self.host.seen("/run/netclsd/agent.sock"), self.host.seen("/run/netclsd"))
        self.containerd = self.make_containerd().start()
        self.containerd.import_test_image()
        self.containerd.import_image(ARCHIVE)
        self.containerd.ctr("images", "tag", IMAGE, NEXT_IMAGE)

    def make_containerd(self):
        return Containerd(self.host, config_file=CONFIG)

    def objects(self, image=IMAGE):
        repository, _, tag = image.rpartition(":")
        return rendered(sets=(f"image.repository={repository}", f"image.tag={tag}", f"port={self.port}",
                              f"config.net_cls.parent={self.host.parent}", *self.sets))

    def start_agent_pod(self, name, image=IMAGE):
        objects = self.objects(image)
        return Kubelet(self.containerd, objects).start(name, agent_pod(objects), namespace="net").wait_ready()

    def removal(self):
        """What helm makes when it has deleted all the rest; and the pod of it."""
        objects = [each for each in self.objects() if "helm.sh/hook" in each["metadata"].get("annotations", {})]
        return objects, find(objects, "DaemonSet")["spec"]["template"]

    def run_removal_pod(self):
        """The hook's program can be removed only after a restart of containerd, as the chart says."""
        objects, template = self.removal()
        Kubelet(self.containerd, objects).start("removal", template, namespace="net",
                                                on_init_failure=self.containerd.restart).remove()

    def assert_removal_waits(self):
        """`kubectl apply` of all objects starts the removal's pod beside the agent's."""
        pod = Kubelet(self.containerd, self.objects()).begin("too-early", self.removal()[1], namespace="net")
        eventually("it says why it waits", lambda: "is installed: nothing is removed" in pod.logs())
        time.sleep(0.5)  # a pod that does not wait has ended after this
        self.assertTrue(pod.is_running("wait-uninstalled"))
        pod.remove()

    def what_the_installer_told(self):
        return json.loads(self.host.seen("/run/netclsd/hook.json").read_text())

    def assert_is_confined(self, pid, bounding=CAP_NET_ADMIN):
        """The runtime leaves the agent these capabilities. The agent keeps CAP_NET_ADMIN if the kernel requires it, and adds its own
        filter to the runtime's. Without CAP_SETPCAP the bounding set stays, which gives nothing without privileges."""
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        needed = 0 if kernel_is_at_least(6, 6) else CAP_NET_ADMIN
        self.assertEqual({name: int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")},
                         {"CapEff": needed, "CapPrm": needed, "CapBnd": bounding})
        self.assertEqual((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"))
        self.assertGreater(int(status["Seccomp_filters"]), 1)

    def assert_exec_is_placed(self, container, processes):
        """`processes`: how many there are with the new one."""
        container.exec("sh", "-c", "sleep 1000 </dev/null >/dev/null 2>&1 &")
        eventually_equal("processes", lambda: len(container.members()), processes)
        self.assert_in_class(container, GOLD)

    def assert_hierarchy_has_ended(self):
        """Without a mount it could live on, and with it the line in every process's cgroup file."""
        eventually_equal("net_cls", kernel.own_net_cls_path, kernel.NOT_MOUNTED)

    def assert_no_group_is_left(self):
        self.host.mount_net_cls_again()
        self.assertEqual(self.host.groups(), set())
        self.assertFalse(self.host.group().exists())


class DaemonSetTest(DaemonSetCase):
    def test_from_installation_through_an_upgrade_to_removal(self):
        before = self.host.snapshot()
        agent = self.start_agent_pod("agent-1")
        self.assert_is_confined(agent.container("agent").pid)
        told = self.what_the_installer_told()
        self.assertIn(("containerd", "restart_needed"), [(each["runtime"], each["state"]) for each in told["runtimes"]])
        self.assertFalse(self.host.is_net_cls_mounted(), "no container needs it yet")
        self.containerd.restart()  # it reads its configuration when it starts
        self.assert_removal_waits()

        shop = Pod(self.containerd, "shop", {CLASSID: "10:1"})
        web = shop.start("web", *_FAMILY)
        self.assertTrue(self.host.is_net_cls_mounted(), "by the hook, for the node and the agent's pod")
        self.assert_in_class(web, GOLD)
        self.assert_not_managed(shop.pause)
        self.assert_exec_is_placed(web, 4)
        self.assertEqual(self.agent.container(web.id)["source"], "hook")

        with all_places(web.pid) as places:
            agent.remove()
            agent = self.start_agent_pod("agent-2", NEXT_IMAGE)
            self.assert_exec_is_placed(web, 5)
        self.assertEqual(places, {f"/{self.host.parent}/{web.id}"})
        self.assertEqual(self.agent.metrics().value("registrations_total", source="recovered"), 1)

        shop.remove()
        self.wait_released(web)
        agent.remove()
        self.run_removal_pod()
        self.assertFalse(self.host.is_net_cls_mounted())
        self.assert_hierarchy_has_ended()
        self.assertEqual(self.host.snapshot(), before)
        self.assert_no_group_is_left()


class WithNriAlone(DaemonSetCase):
    """containerd 2 with NRI as it is by default: nothing on the node changes, and nothing is restarted."""

    sets = ("hook.mode=nri",)

    def make_containerd(self):
        return NodeContainerd2(self.host)

    def files(self):
        """Of the node, without what ends with the next boot."""
        return {path: what for path, what in self.host.snapshot().items() if not path.startswith("/run/")}

    def seconds_of_starts(self, pod, name):
        """Of containers that ask for no class, and of such as do: each waits for the plugin."""
        seconds = []
        for number in range(STARTS):
            began = time.monotonic()
            pod.start(f"{name}{number}", "sleep", "1000")
            seconds.append(time.monotonic() - began)
        return statistics.median(seconds)

    def test_from_installation_through_an_upgrade_to_removal(self):
        before, runtime = self.files(), self.containerd.process.pid
        timed = Pod(self.containerd, "timed", {CLASSID: "10:2"})
        without = self.seconds_of_starts(timed, "without")
        timed.remove()
        agent = self.start_agent_pod("agent-1")
        self.assert_is_confined(agent.container("agent").pid, CAP_DAC_OVERRIDE | CAP_NET_ADMIN | CAP_SYS_ADMIN)
        self.assertFalse(self.host.is_net_cls_mounted(), "the agent has mounted it for itself")
        self.host.mount_net_cls_again()  # for this test to look
        eventually_equal("nri", lambda: (self.agent.get("/v1/status")["nri"] or {}).get("state"), "connected")
        self.assertEqual(self.agent.metrics().value("nri_connected"), 1)

        shop = Pod(self.containerd, "shop", {CLASSID: "10:1"})
        web = shop.start("web", "sh", "-c", "cat /proc/self/cgroup > /tmp/first; sleep 1000 & sleep 1000 & wait")
        first = web.text_when_written("/tmp/first")
        self.assertRegex(first, rf"(?m)^\d+:net_cls:/{self.host.parent}/{web.id}$")
        self.assert_in_class(web, GOLD)
        self.assert_not_managed(shop.pause)
        self.assert_exec_is_placed(web, 4)
        self.assertEqual(self.agent.container(web.id)["source"], "nri")

        timed = Pod(self.containerd, "timed", {CLASSID: "10:2"})
        with_nri = self.seconds_of_starts(timed, "with")
        print(f"\n    median of {STARTS} starts: {without * 1000:.1f} ms, with the plugin {with_nri * 1000:.1f} ms", end=" ")
        eventually_equal("starts", lambda: self.agent.metrics().value("nri_requests_total", event="start_container"),
                         STARTS + 1)  # told once a second
        timed.remove()

        with all_places(web.pid) as places:
            agent.remove()
            agent = self.start_agent_pod("agent-2", NEXT_IMAGE)
            self.assert_exec_is_placed(web, 5)
        self.assertEqual(places, {f"/{self.host.parent}/{web.id}"})
        self.assertEqual(self.agent.metrics().value("registrations_total", source="recovered"), 1)
        self.assertEqual((self.files(), self.containerd.process.pid), (before, runtime))

        shop.remove()
        self.wait_released(web)
        agent.remove()
        self.host.run([tool("umount"), self.host.net_cls_mount]).check_returncode()
        self.run_removal_pod()
        self.assert_hierarchy_has_ended()
        self.assertEqual(self.files(), before)
        self.assertFalse(self.host.seen("/run/netclsd").exists())
        self.assert_no_group_is_left()


class FromHookToNri(DaemonSetCase):
    """containerd 2, and the values that docs/nri.md names for the change: no container is without its class on the way, and
    nothing is left of the hook."""

    def make_containerd(self):
        return NodeContainerd2(self.host)

    def start_pod(self, name):
        pod = Pod(self.containerd, name, {CLASSID: "10:1"})
        web = pod.start("web", *_FAMILY)
        self.assert_in_class(web, GOLD)
        return pod, web

    def test_the_hook_is_taken_out_and_every_container_has_its_class(self):
        before = self.host.snapshot()
        agent = self.start_agent_pod("agent-1")
        self.containerd.restart()  # it reads its configuration when it starts
        by_hook, web = self.start_pod("by-hook")
        self.assertEqual(self.agent.container(web.id)["source"], "hook")

        agent.remove()
        self.sets = ("hook.mode=nri", "hook.takeOut=true")
        agent = self.start_agent_pod("agent-2")
        eventually_equal("nri", lambda: (self.agent.get("/v1/status")["nri"] or {}).get("state"), "connected")
        by_nri, other = self.start_pod("by-nri")
        self.assert_in_class(web, GOLD)
        self.containerd.restart()  # now it does not know the hook any more
        last = Pod(self.containerd, "last", {CLASSID: "10:1"})
        another = last.start("web", *_FAMILY)  # before the plugin has connected again, which takes it 0 to 5 s
        eventually("the plugin is back", lambda: self.agent.container(another.id))
        self.assert_in_class(another, GOLD)
        self.assertEqual(self.agent.container(another.id)["source"], "nri")

        for pod, container in ((by_hook, web), (by_nri, other), (last, another)):
            pod.remove()
            self.wait_released(container)
        agent.remove()
        self.run_removal_pod()
        self.assert_hierarchy_has_ended()
        self.assertEqual(self.host.snapshot(), before)
        self.assert_no_group_is_left()
