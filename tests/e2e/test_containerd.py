"""containerd's CRI plugin, driven as the kubelet does: pods, their containers, and exec."""

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.containerd import Containerd, Pod
from .support.host import AS_IT_IS
from .support.waiting import eventually, eventually_equal

GOLD, BULK = 0x100001, 0x100020
_FAMILY = ("sh", "-c", "sleep 1000 & sleep 1000 & wait")
_LISTEN = "udp_tool listen 0 </dev/null >/dev/null 2>&1 &"


class ContainerdTest(EndToEndTest):
    layout = AS_IT_IS

    def setUp(self):
        super().setUp()
        self.start_agent()
        self.containerd = Containerd(self.host)

    def run_containerd(self, table=""):
        self.containerd.hook_in(self.agent, table)
        self.containerd.start()
        self.containerd.import_test_image()


class Pods(ContainerdTest):
    def setUp(self):
        super().setUp()
        self.run_containerd()

    def test_pod_annotations_give_the_classes_of_its_containers(self):
        pod = Pod(self.containerd, "shop", {CLASSID: "10:1", f"{CLASSID}.bulk": "10:20"})
        web, bulk = pod.start("web", *_FAMILY), pod.start("bulk", *_FAMILY)
        self.assert_in_class(web, GOLD)
        self.assert_in_class(bulk, BULK)
        self.assert_not_managed(pod.pause)
        self.assertEqual(set(self.agent.containers()), {web.id, bulk.id})

        bulk.stop_and_remove()
        self.wait_released(bulk)
        self.assert_in_class(web, GOLD)
        pod.remove()
        self.wait_released(web)
        self.assertEqual(self.host.groups(), set())

    def test_the_doctor_names_a_container_that_asks_and_is_not_registered(self):
        pod = Pod(self.containerd, "shop", {CLASSID: "10:1"})
        web = pod.start("web", *_FAMILY)
        Pod(self.containerd, "plain").start("plain", *_FAMILY)
        self.assertRegex(self.netclsctl("doctor").stdout, r"ok +containers +1 that ask for a class .* knows all of them")
        self.netclsctl("release", web.id)
        done = self.netclsctl("doctor")
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout, rf"warn +containers +1 of 1 .* not registered: default/shop/web \(pid {web.pid}\)\n")

    def test_what_exec_brings_in_is_in_the_class_and_so_are_its_sockets(self):
        pod = Pod(self.containerd, "shop", {CLASSID: "10:1"})
        web = pod.start("web", *_FAMILY)
        before = web.members()
        web.exec("sh", "-c", _LISTEN)
        listener = eventually("the listener", lambda: next(
            (pid for pid in web.members() - before if kernel.socket_class_ids(pid)), None))
        eventually_equal("its socket", lambda: kernel.socket_class_ids(listener), [GOLD])
        self.assert_in_class(web, GOLD)

    def test_first_instruction_reads_its_own_group_and_a_pod_without_annotation_none(self):
        gold, plain = Pod(self.containerd, "gold", {CLASSID: "10:1"}), Pod(self.containerd, "plain")
        command = ("sh", "-c", "cat /proc/self/cgroup > /tmp/first; sleep 1000")
        for pod, group in ((gold, r"/{parent}/{id}"), (plain, r"/")):
            container = pod.start("web", *command)
            path = group.format(parent=self.host.parent, id=container.id)
            shown = container.text_when_written("/tmp/first")
            self.assertRegex(shown, rf"(?m)^\d+:net_cls(,net_prio)?:{path}$")


class OldForm(ContainerdTest):
    def test_default_runtime_table_takes_both_keys(self):
        """What hook install writes there: the pod has no RuntimeClass, and runs with the handler "default"."""
        self.run_containerd('  [plugins."io.containerd.grpc.v1.cri".containerd.default_runtime]\n'
                            '    runtime_type = "io.containerd.runc.v2"\n')
        self.assert_in_class(Pod(self.containerd, "shop", {CLASSID: "10:1"}).start("web", *_FAMILY), GOLD)
