"""What `helm uninstall` runs on the nodes, and the scripts that wait and ask, run for real with a DNS of their own."""

import http.server
import os
import socketserver
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from chart.support.helm import CHART, container, find, rendered

HOOK = "helm.sh/hook"


def removal_objects(values=None):
    return [each for each in rendered(values) if each["metadata"].get("annotations", {}).get(HOOK) == "post-delete"]


def weight(each):
    return int(each["metadata"]["annotations"]["helm.sh/hook-weight"])


class Objects(unittest.TestCase):
    maxDiff = None

    def test_come_before_what_needs_them_and_the_pod_that_is_waited_for_is_last(self):
        kinds = [each["kind"] for each in sorted(removal_objects(), key=weight)]
        self.assertEqual(set(kinds[:2]), {"ServiceAccount", "ConfigMap"})
        self.assertEqual(kinds[2:], ["Service", "Service", "DaemonSet", "Pod"])

    def test_are_deleted_when_all_is_done(self):
        for each in removal_objects():
            self.assertEqual(each["metadata"]["annotations"]["helm.sh/hook-delete-policy"],
                             "before-hook-creation,hook-succeeded")

    def test_need_nothing_of_the_release_which_is_gone_by_then(self):
        own = {(each["kind"], each["metadata"]["name"]) for each in removal_objects()}
        for kind in ("DaemonSet", "Pod"):
            each = find(removal_objects(), kind)
            pod = each["spec"]["template"]["spec"] if kind == "DaemonSet" else each["spec"]
            self.assertIn(("ServiceAccount", pod["serviceAccountName"]), own)
            for volume in pod["volumes"]:
                if "configMap" in volume and not volume["configMap"].get("optional"):
                    self.assertIn(("ConfigMap", volume["configMap"]["name"]), own)

    def test_the_agent_s_service_does_not_select_them(self):
        selector = find(rendered(), "Service", "node-netclsd")["spec"]["selector"]
        for each in (find(removal_objects(), "Pod")["metadata"],
                     find(removal_objects(), "DaemonSet")["spec"]["template"]["metadata"]):
            self.assertFalse(selector.items() <= each["labels"].items())

    def test_there_are_none_where_the_user_removes_by_hand(self):
        self.assertEqual(removal_objects(CHART / "ci/by-hand-values.yaml"), [])


    def test_a_quota_for_the_pods_comes_first(self):
        objects = removal_objects(CHART / "ci/everything-values.yaml")
        self.assertLess(weight(find(objects, "ResourceQuota")), weight(find(objects, "DaemonSet")))


class WithoutHooks(unittest.TestCase):
    """What `helm template | kubectl apply` makes: everything at once, and the agents are to stay."""

    def volume(self, name):
        pod = find(removal_objects(), "DaemonSet")["spec"]["template"]["spec"]
        return next(each for each in pod["volumes"] if each["name"] == name)

    def test_the_pods_see_an_object_that_is_there_as_long_as_the_release(self):
        config_map = self.volume("installed")["configMap"]
        self.assertIs(config_map["optional"], True)  # or no pod would start once it is gone
        marker = find(rendered(), "ConfigMap", config_map["name"])
        self.assertNotIn(HOOK, marker["metadata"].get("annotations", {}))
        self.assertEqual(marker["data"], {"release": "node"})

    def test_nothing_privileged_comes_before_they_have_waited_for_its_end(self):
        first = find(removal_objects(), "DaemonSet")["spec"]["template"]["spec"]["initContainers"][0]
        self.assertEqual(first["command"], ["/bin/sh", "/etc/netclsd/wait-uninstalled.sh"])
        self.assertEqual(first["env"], [{"name": "RELEASE", "value": "/installed/release"}])
        self.assertIn({"name": "installed", "mountPath": "/installed", "readOnly": True}, first["volumeMounts"])
        self.assertNotIn("privileged", first["securityContext"])

    def test_no_other_pod_changes_a_node(self):
        agent = find([each for each in rendered() if each not in removal_objects()], "DaemonSet")
        for each in rendered():
            if each["kind"] == "Pod":
                self.assertNotIn("hostPath", str(each["spec"].get("volumes")))
        self.assertEqual([each["name"] for each in agent["spec"]["template"]["spec"]["initContainers"]],
                         ["prepare", "install-hook"])


class Steps(unittest.TestCase):
    maxDiff = None

    def pod(self, values=None):
        return find(removal_objects(values), "DaemonSet")["spec"]["template"]

    def test_first_the_hook_then_the_groups(self):
        names = [each["name"] for each in self.pod()["spec"]["initContainers"]]
        self.assertEqual(names, ["wait-uninstalled", "uninstall-hook", "clean-up"])

    def test_a_hook_that_is_disabled_may_have_left_its_stub(self):
        names = [each["name"] for each in self.pod(CHART / "ci/disabled-values.yaml")["spec"]["initContainers"]]
        self.assertIn("uninstall-hook", names)

    def test_the_hook_is_looked_for_where_it_was_put(self):
        hook = container(self.pod(CHART / "ci/everything-values.yaml"), "uninstall-hook")
        self.assertEqual(hook["args"], ["hook", "uninstall", "--root", "/host", "--program-dir=/srv/netclsd", "--restart"])

    def test_carriers_are_taken_out_where_they_were(self):
        def steps(*sets):
            pod = find(rendered(sets=sets), "DaemonSet", "node-netclsd-removal")["spec"]["template"]
            return [each["name"] for each in pod["spec"]["initContainers"]]
        expected = ["wait-uninstalled", "uninstall-hook", "take-out-carriers", "clean-up"]
        self.assertEqual(steps("carry.enabled=true"), expected)
        self.assertEqual(steps("carry.takeOut=true"), expected)
        self.assertNotIn("take-out-carriers", steps())

    def test_the_commands(self):
        hook, clean = (container(self.pod(), name) for name in ("uninstall-hook", "clean-up"))
        self.assertEqual(hook["command"] + hook["args"], ["netclsctl", "hook", "uninstall", "--root", "/host"])
        self.assertEqual(clean["command"] + clean["args"], [
            "/bin/sh", "-ec", "netclsd --clean-up --config /etc/netclsd/config.json; "
                              "rmdir --ignore-fail-on-non-empty /host/run/netclsd"])

    def test_unmounting_reaches_the_node(self):
        clean_up = container(self.pod(), "clean-up")
        mounts = {each["mountPath"]: each.get("mountPropagation") for each in clean_up["volumeMounts"]}
        self.assertEqual(mounts["/run/netclsd"], "Bidirectional")
        self.assertEqual(mounts["/host/run"], "HostToContainer")

    def test_on_the_nodes_that_had_an_agent(self):
        everything = CHART / "ci/everything-values.yaml"
        agent = find([each for each in rendered(everything) if each not in removal_objects(everything)], "DaemonSet")
        for key in ("nodeSelector", "tolerations", "affinity", "imagePullSecrets", "hostPID"):
            self.assertEqual(self.pod(everything)["spec"][key], agent["spec"]["template"]["spec"][key], key)

    def test_the_waiting_pod_gives_up_in_time(self):
        self.assertEqual(find(removal_objects(), "Pod")["spec"]["activeDeadlineSeconds"], 300)

    def test_the_two_names_it_compares(self):
        services = {each["metadata"]["name"]: each["spec"]["publishNotReadyAddresses"]
                    for each in removal_objects() if each["kind"] == "Service"}
        self.assertEqual(services, {"node-netclsd-removal-all": True, "node-netclsd-removal-done": False})
        environment = {each["name"]: each["value"]
                       for each in find(removal_objects(), "Pod")["spec"]["containers"][0]["env"]}
        self.assertEqual(environment, {"ALL": "node-netclsd-removal-all", "DONE": "node-netclsd-removal-done"})


class Script(unittest.TestCase):
    """A rendered script of a pod, run here; `getent` is ours and says what the test wrote down for a name."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        getent = self.directory / "getent"
        getent.write_text('#!/bin/sh\nexec cat "$DNS/$2"\n')
        getent.chmod(0o755)

    def resolve(self, name, *addresses):
        beside = self.directory / f"{name}.new"
        beside.write_text("".join(f"{each:15} {kind}\n" for each in addresses for kind in ("STREAM", "DGRAM", "RAW")))
        beside.rename(self.directory / name)

    def start(self, shell, config_map, script, **environment):
        path = self.directory / script
        path.write_text(find(rendered(), "ConfigMap", config_map)["data"][script])
        environment |= {"PATH": f"{self.directory}:{os.environ['PATH']}", "DNS": str(self.directory)}
        process = subprocess.Popen([shell, path], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process


class Waiting(Script):
    def wait_removed(self):
        return self.start("/bin/sh", "node-netclsd-removal", "wait-removed.sh", ALL="all", DONE="done",
                          POLL_SECONDS="0.1")

    def test_ends_when_every_pod_is_done(self):
        self.resolve("all", "10.0.0.1", "10.0.0.2")
        self.resolve("done", "10.0.0.1", "10.0.0.2")
        process = self.wait_removed()
        self.assertIn("removed on 2 of 2 nodes", process.communicate(timeout=10)[0])
        self.assertEqual(process.returncode, 0)

    def test_goes_on_while_a_pod_is_at_work_and_ends_when_that_is_done_too(self):
        self.resolve("all", "10.0.0.1", "10.0.0.2")
        self.resolve("done", "10.0.0.2")
        process = self.wait_removed()
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(1.5)
        self.resolve("done", "10.0.0.2", "10.0.0.1")
        self.assertEqual(process.wait(10), 0)

    def test_goes_on_while_no_pod_is_there_yet(self):
        self.resolve("all")
        self.resolve("done")
        with self.assertRaises(subprocess.TimeoutExpired):
            self.wait_removed().wait(1.5)


    def test_says_that_no_pod_is_there(self):
        self.resolve("all")
        self.resolve("done")
        process = self.wait_removed()
        self.assertIn("no node has a removal pod yet", process.stdout.readline())


class WaitingForTheEnd(Script):
    """wait-uninstalled.sh, with the file as the kubelet shows it: a link that goes when the ConfigMap is deleted."""

    def wait_uninstalled(self):
        return self.start("/bin/sh", "node-netclsd-removal", "wait-uninstalled.sh",
                          RELEASE=str(self.directory / "release"), POLL_SECONDS="0.1")

    def test_nothing_happens_while_the_release_is_there(self):
        (self.directory / "data").write_text("node")
        (self.directory / "release").symlink_to("data")
        process = self.wait_uninstalled()
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(1)
        (self.directory / "release").unlink()
        said, _ = process.communicate(timeout=10)
        self.assertEqual(process.returncode, 0)
        self.assertIn("release node is installed", said)

    def test_a_pod_that_comes_after_its_end_goes_on_at_once(self):
        self.assertEqual(self.wait_uninstalled().wait(10), 0)


class Agent(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self):
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *_):
        pass


class HelmTest(Script):
    def serve(self, status):
        server = socketserver.TCPServer(("127.0.0.1", 0), type("Agent", (Agent,), {"status": status}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return str(server.server_address[1])

    def ask(self, port):
        process = self.start("/bin/bash", "node-netclsd-test", "test-ready.sh", AGENTS="agents", PORT=port)
        return process.communicate(timeout=10)[0], process.returncode

    def test_passes_when_all_are_ready(self):
        self.resolve("agents", "127.0.0.1")
        said, status = self.ask(self.serve(200))
        self.assertEqual((status, said.splitlines()[-1]), (0, "1 agents asked, 0 not ready"), said)

    def test_fails_when_one_is_not_ready(self):
        self.resolve("agents", "127.0.0.1")
        said, status = self.ask(self.serve(503))
        self.assertEqual(status, 1)
        self.assertIn("503", said)

    def test_fails_when_one_does_not_answer(self):
        self.resolve("agents", "127.0.0.1", "127.0.0.2")
        said, status = self.ask(self.serve(200))
        self.assertEqual((status, said.splitlines()[-1]), (1, "2 agents asked, 1 not ready"), said)

    def test_fails_when_there_is_none(self):
        self.resolve("agents")
        self.assertEqual(self.ask("1")[1], 1)


if __name__ == "__main__":
    unittest.main()
