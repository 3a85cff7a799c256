"""The tests' own kubelet: a pod that tells what it sees gets from the real containerd what its JSON asks for."""

import os
import unittest

from .support.containerd import IMAGE, Containerd
from .support.kubelet import Kubelet
from .support.node import Node
from .support.pod_to_cri import container_config, quantity
from .support.waiting import eventually

_CAP_NET_ADMIN = 1 << 12
_TELL = """
cp /proc/self/status /shared/status
echo "$0" > /shared/argument
cat /etc/app/greeting > /shared/greeting
touch /here 2>/shared/refused || true
cd /shared/inner
exec busybox httpd -f -p "$HOST_IP:{port}"
"""
_PRIVILEGED = {"privileged": True, "runAsUser": 0}
_RESTRICTED = {"runAsUser": 0, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
               "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}, "seccompProfile": {"type": "RuntimeDefault"}}


def _shell(name, script, context, *, propagation="None", **more):
    return {"name": name, "image": IMAGE, "command": ["sh", "-ec", script], "securityContext": context,
            "volumeMounts": [{"name": "shared", "mountPath": "/shared", "mountPropagation": propagation},
                             {"name": "config", "mountPath": "/etc/app", "readOnly": True}], **more}


def _template(port):
    return {"spec": {
        "hostNetwork": True, "hostPID": True, "terminationGracePeriodSeconds": 0,
        "initContainers": [
            _shell("mount", "mkdir /shared/inner; busybox mount -t tmpfs none /shared/inner; echo one > /shared/inner/order",
                   _PRIVILEGED, propagation="Bidirectional"),
            _shell("fails-once", "if [ ! -e /shared/tried ]; then touch /shared/tried; exit 3; fi; "
                                 "echo two >> /shared/inner/order", _RESTRICTED, propagation="HostToContainer")],
        "containers": [_shell(
            "app", _TELL.format(port=port), _RESTRICTED, propagation="HostToContainer", args=["$(HOST_IP) and $(OTHER)"],
            env=[{"name": "HOST_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}],
            ports=[{"name": "web", "containerPort": port}],
            resources={"requests": {"cpu": "20m"}, "limits": {"memory": "64Mi"}},
            readinessProbe={"httpGet": {"path": "/ready", "port": "web"}})],
        "volumes": [{"name": "shared", "hostPath": {"path": "/run/shared", "type": "DirectoryOrCreate"}},
                    {"name": "config", "configMap": {"name": "app"}}]}}


class KubeletTest(unittest.TestCase):
    def setUp(self):
        self.host = Node()
        self.addCleanup(self.host.close)
        containerd = Containerd(self.host).start()
        containerd.import_test_image()
        self.kubelet = Kubelet(containerd, [
            {"kind": "ConfigMap", "metadata": {"name": "app"}, "data": {"greeting": "hello\n"}}])

    def shared(self, name):
        return self.host.seen("/run/shared") / name

    def test_pod_gets_what_its_JSON_asks_for(self):
        port = 20000 + os.getpid() % 10000
        pod = self.kubelet.start("tell", _template(port))
        self.assertEqual(self.shared("inner/order").read_text(), "one\ntwo\n", "in order, on a mount that all see")
        eventually("the app serves", lambda: not pod.passes("readinessProbe") and self.shared("refused").exists())
        self.shared("inner/ready").touch()
        pod.wait_ready()

        status = dict(line.split(":\t", 1) for line in self.shared("status").read_text().splitlines())
        self.assertEqual(int(status["CapEff"], 16), _CAP_NET_ADMIN)
        self.assertEqual(int(status["CapBnd"], 16), _CAP_NET_ADMIN)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        self.assertEqual(status["NSpid"].split()[0], status["Pid"], "the node's pids")
        self.assertIn("Read-only file system", self.shared("refused").read_text())
        self.assertEqual(self.shared("argument").read_text(), "127.0.0.1 and $(OTHER)\n")
        self.assertEqual(self.shared("greeting").read_text(), "hello\n")
        self.assertEqual(os.readlink(f"/proc/{pod.container('app').pid}/ns/net"), os.readlink("/proc/self/ns/net"))
        pod.remove()

    def test_container_that_ends_is_not_ready(self):
        pod = self.kubelet.start("ends", {"spec": {"hostNetwork": True, "containers": [
            {"name": "ends", "image": IMAGE, "command": ["sh", "-c", "echo because; exit 1"]}]}})
        with self.assertRaisesRegex(AssertionError, "(?s)ends.*does not run.*because"):
            eventually("it has ended", lambda: not pod.passes("readinessProbe"))


class TranslationTest(unittest.TestCase):
    def test_quantities(self):
        self.assertEqual([quantity(text) for text in ("128Mi", "20m", "2", "1Ki")], [128 << 20, 0.02, 2, 1024])

    def test_what_it_does_not_know_is_refused(self):
        for container in ({"name": "x", "lifecycle": {}}, {"name": "x", "securityContext": {"procMount": "Unmasked"}}):
            with self.assertRaises(NotImplementedError):
                container_config({}, {"image": "i", **container}, attempt=0, volumes={}, fields={})
