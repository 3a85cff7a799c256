"""What the agent's pod may do and how it is run: what users rely on, word for word."""

import subprocess
import unittest

from chart.support.helm import CHART, VALUES_FILES, agent_pod, container, find, refusal, rendered

EVERYTHING = CHART / "ci/everything-values.yaml"
BY_HAND = CHART / "ci/by-hand-values.yaml"
NRI = CHART / "ci/nri-values.yaml"
AUTO = CHART / "ci/auto-values.yaml"


def mounts(each):
    return {mount["mountPath"]: (mount["name"], mount.get("mountPropagation"), mount.get("readOnly", False))
            for mount in each["volumeMounts"]}


class Rights(unittest.TestCase):
    maxDiff = None

    def test_the_agent_has_net_admin_and_nothing_else(self):
        for values in [None, *(each for each in VALUES_FILES if each != NRI)]:
            context = container(agent_pod(rendered(values)), "agent")["securityContext"]
            context.pop("seLinuxOptions", None)
            self.assertEqual(context, {
                "runAsUser": 0, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}, "seccompProfile": {"type": "RuntimeDefault"}})

    def test_no_pod_has_a_token(self):
        for each in rendered(EVERYTHING):
            pod = each["spec"]["template"]["spec"] if each["kind"] == "DaemonSet" else each.get("spec", {})
            if "containers" in pod:
                self.assertIs(pod["automountServiceAccountToken"], False, each["metadata"]["name"])
            if each["kind"] == "ServiceAccount":
                self.assertIs(each["automountServiceAccountToken"], False)

    def test_it_is_in_the_host_s_network_and_pid_namespaces(self):
        pod = agent_pod(rendered())["spec"]
        self.assertEqual((pod["hostNetwork"], pod["hostPID"]), (True, True))
        self.assertNotIn("hostUsers", pod)

    def test_every_root_file_system_is_read_only(self):
        for each in rendered():
            pod = each["spec"]["template"]["spec"] if each["kind"] == "DaemonSet" else each.get("spec", {})
            for one in pod.get("initContainers", []) + pod.get("containers", []):
                self.assertIs(one["securityContext"]["readOnlyRootFilesystem"], True, one["name"])

    def test_selinux_options_are_the_user_s(self):
        self.assertEqual(container(agent_pod(rendered(EVERYTHING)), "agent")["securityContext"]["seLinuxOptions"],
                         {"type": "spc_t"})


class WithNriAlone(unittest.TestCase):
    maxDiff = None

    def pods(self, sets=()):
        objects = rendered(NRI, sets=sets)
        return [each["spec"]["template"]["spec"] for each in objects if each["kind"] == "DaemonSet"]

    def test_no_container_of_any_pod_is_privileged(self):
        for pod in self.pods():
            for each in pod.get("initContainers", []) + pod["containers"]:
                self.assertNotIn("privileged", each["securityContext"], each["name"])
                self.assertNotIn("Bidirectional", str(each["volumeMounts"] if "volumeMounts" in each else ""))

    def test_no_pod_sees_the_node_s_root(self):
        for pod in self.pods():
            self.assertNotIn("/", [volume["hostPath"]["path"] for volume in pod["volumes"] if "hostPath" in volume])

    def test_the_agent_s_pod_has_no_step_before_it(self):
        self.assertNotIn("initContainers", agent_pod(rendered(NRI))["spec"])

    def test_the_agent_may_mount_and_the_plugin_has_no_capability(self):
        pod = agent_pod(rendered(NRI))
        agent, plugin = container(pod, "agent")["securityContext"], container(pod, "nri")["securityContext"]
        self.assertEqual(agent["capabilities"], {"drop": ["ALL"], "add": ["NET_ADMIN", "SYS_ADMIN", "DAC_OVERRIDE"]})
        self.assertEqual(plugin["capabilities"], {"drop": ["ALL"]})
        self.assertIs(plugin["allowPrivilegeEscalation"], False)
        self.assertEqual(mounts(container(pod, "nri")), {
            "/run/netclsd": ("run", "HostToContainer", False), "/run/nri": ("nri", None, True),
            "/sys/fs/cgroup": ("cgroups", "HostToContainer", True)})

    def test_net_cls_is_mounted_from_the_start(self):
        config = find(rendered(NRI), "ConfigMap", "node-netclsd")["data"]["config.json"]
        self.assertIn('"keep_mounted": true', config)

    def test_a_hook_of_before_is_taken_out_on_request(self):
        pods = self.pods(sets=("hook.takeOut=true",))
        self.assertEqual([each["name"] for each in pods[0]["initContainers"]], ["prepare", "uninstall-hook"])

    def test_deny_is_refused(self):
        self.assertIn("can refuse a start only while it is connected", refusal("hook.mode=nri", "hook.onFailure=deny"))


class WithNriAndTheHook(unittest.TestCase):
    def arguments(self, *sets):
        return container(agent_pod(rendered(AUTO, sets=sets)), "install-hook")["args"]

    def test_the_hook_is_installed_where_there_is_no_nri(self):
        self.assertIn("--unless-nri", self.arguments())
        self.assertNotIn("--unless-nri", self.arguments("hook.mode=both"))

    def test_deny_needs_the_hook_everywhere(self):
        self.assertNotIn("--unless-nri", self.arguments("hook.onFailure=deny"))

    def test_the_plugin_mounts_when_a_container_needs_it(self):
        pod = agent_pod(rendered(AUTO))
        self.assertEqual(mounts(container(pod, "nri"))["/run/netclsd"], ("run", "Bidirectional", False))
        self.assertNotIn("keep_mounted", find(rendered(AUTO), "ConfigMap", "node-netclsd")["data"]["config.json"])

    def test_by_default_there_is_no_plugin(self):
        self.assertNotIn("nri", [each["name"] for each in agent_pod(rendered())["spec"]["containers"]])


class WithTheCarrier(unittest.TestCase):
    maxDiff = None

    def names(self, part, *sets, values=None):
        return [each["name"] for each in agent_pod(rendered(values, sets=sets))["spec"].get(part, [])]

    def test_by_default_there_is_nothing_of_it(self):
        text = str(rendered())
        for word in ("carrier", "/bpf", "BPF"):
            self.assertNotIn(word, text)

    def test_it_has_two_capabilities_and_nothing_else(self):
        self.assertEqual(container(agent_pod(rendered(sets=("carry.enabled=true",))), "carrier")["securityContext"], {
            "runAsUser": 0, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"], "add": ["BPF", "NET_ADMIN"]}, "seccompProfile": {"type": "RuntimeDefault"}})

    def test_the_agent_gets_no_right_by_it(self):
        with_it, without = (container(agent_pod(rendered(sets=sets)), "agent") for sets in (("carry.enabled=true",), ()))
        self.assertEqual(with_it, without)

    def test_it_sees_registrations_configuration_cgroups_and_the_bpf_file_system(self):
        pod = agent_pod(rendered(sets=("carry.enabled=true", "carry.bpffs=/srv/bpf")))
        self.assertEqual(mounts(container(pod, "carrier")), {
            "/etc/netclsd": ("config", None, True), "/run/netclsd": ("run", "HostToContainer", False),
            "/bpf": ("bpf", "HostToContainer", False), "/sys/fs/cgroup": ("cgroups", "HostToContainer", True)})
        self.assertIn({"name": "bpf", "hostPath": {"path": "/srv/bpf"}}, pod["spec"]["volumes"])

    def test_its_command(self):
        each = container(agent_pod(rendered(sets=("carry.enabled=true", "carry.extraArgs={--x}"))), "carrier")
        self.assertEqual(each["command"] + each["args"],
                         ["netclsd-carrier", "--config=/etc/netclsd/config.json", "--bpffs=/bpf", "--x"])

    def test_it_is_beside_a_plugin_without_privileges_too(self):
        self.assertEqual(self.names("containers", "carry.enabled=true", values=NRI), ["agent", "nri", "carrier"])
        self.assertEqual(self.names("initContainers", "carry.enabled=true", values=NRI), [])

    def test_what_was_attached_is_taken_back_on_request(self):
        sets = ("carry.takeOut=true",)
        self.assertEqual(self.names("initContainers", *sets), ["take-out-carriers", "prepare", "install-hook"])
        self.assertEqual(self.names("initContainers", *sets, values=NRI), ["take-out-carriers"])
        self.assertNotIn("take-out-carriers", self.names("initContainers", *sets, "carry.enabled=true"))
        each = container(agent_pod(rendered(sets=sets)), "take-out-carriers")
        self.assertEqual(each["args"], ["--config=/etc/netclsd/config.json", "--bpffs=/bpf", "--clean-up"])
        self.assertIn("/run/netclsd", mounts(each))

    def test_what_nobody_would_carry_is_refused(self):
        self.assertIn("no carrier would run", refusal("config.carry.to=mark"))


class Mounts(unittest.TestCase):
    maxDiff = None

    def test_the_agent_sees_the_node_s_run_and_cgroups_and_not_its_files(self):
        self.assertEqual(mounts(container(agent_pod(rendered()), "agent")), {
            "/etc/netclsd": ("config", None, True),
            "/sys/fs/cgroup": ("cgroups", "HostToContainer", True),
            "/run/netclsd": ("run", "HostToContainer", False)})

    def test_what_prepare_mounts_becomes_the_node_s(self):
        prepare = container(agent_pod(rendered()), "prepare")
        self.assertEqual(mounts(prepare)["/run/netclsd"], ("run", "Bidirectional", False))
        self.assertIs(prepare["securityContext"]["privileged"], True)

    def test_the_volumes_are_the_node_s_directories(self):
        volumes = {each["name"]: each for each in agent_pod(rendered())["spec"]["volumes"]}
        self.assertEqual({name: each["hostPath"]["path"] for name, each in volumes.items() if "hostPath" in each},
                         {"run": "/run/netclsd", "cgroups": "/sys/fs/cgroup", "host": "/"})
        self.assertEqual(volumes["config"], {"name": "config", "configMap": {"name": "node-netclsd"}})

    def test_extra_mounts_reach_the_agent_and_prepare(self):
        pod = agent_pod(rendered(EVERYTHING))
        for name in ("agent", "prepare"):
            self.assertIn("/etc/ssl", mounts(container(pod, name)))
        self.assertIn("certificates", [each["name"] for each in pod["spec"]["volumes"]])


class Commands(unittest.TestCase):
    maxDiff = None

    def line(self, name, *sets, values=None):
        each = container(agent_pod(rendered(values, tuple(sets))), name)
        return each["command"] + each["args"]

    def test_prepare_comes_before_install_hook(self):
        self.assertEqual([each["name"] for each in agent_pod(rendered())["spec"]["initContainers"]],
                         ["prepare", "install-hook"])

    def test_of_each_container(self):
        self.assertEqual(self.line("prepare"), ["netclsd", "--prepare", "--config", "/etc/netclsd/config.json"])
        self.assertEqual(self.line("install-hook"),
                         ["netclsctl", "hook", "install", "--root", "/host", "--runtime=auto", "--exit-zero"])
        self.assertEqual(self.line("agent"),
                         ["netclsd", "--config", "/etc/netclsd/config.json", "--listen=$(HOST_IP):9917"])

    def test_the_hook_s_options(self):
        self.assertEqual(self.line("install-hook", values=EVERYTHING)[4:], [
            "/host", "--runtime=containerd", "--hook-arg=--on-failure=deny",
            "--hook-arg=--deny-exempt-namespace=kube-system", "--hook-arg=--deny-exempt-namespace=openshift-*",
            "--hook-arg=--deny-exempt-namespace=net", "--hook-arg=--timeout=300ms", "--all-containers",
            "--program-dir=/srv/netclsd", "--restart", "--runtime-handler=runc"])

    def test_a_denying_hook_always_lets_the_agent_s_own_namespace_start(self):
        self.assertIn("--hook-arg=--deny-exempt-namespace=net",
                      self.line("install-hook", "hook.onFailure=deny", "hook.exemptNamespaces=null"))

    def test_hook_trouble_keeps_the_agent_from_running_only_where_the_hook_is_required(self):
        self.assertIn("--exit-zero", self.line("install-hook"))
        self.assertNotIn("--exit-zero", self.line("install-hook", "hook.required=true"))

    def test_a_disabled_hook_is_taken_out(self):
        disabled = CHART / "ci/disabled-values.yaml"
        names = [each["name"] for each in agent_pod(rendered(disabled))["spec"]["initContainers"]]
        self.assertEqual(names, ["prepare", "uninstall-hook"])
        self.assertEqual(self.line("uninstall-hook", values=disabled),
                         ["netclsctl", "hook", "uninstall", "--root", "/host", "--exit-zero"])

    def test_a_hook_that_is_installed_by_hand_is_left(self):
        names = [each["name"] for each in agent_pod(rendered(BY_HAND))["spec"]["initContainers"]]
        self.assertEqual(names, ["prepare"])

    def test_the_installer_has_resources_of_its_own(self):
        self.assertEqual(container(agent_pod(rendered()), "install-hook")["resources"]["limits"], {"memory": "64Mi"})
        self.assertEqual(container(agent_pod(rendered(EVERYTHING)), "install-hook")["resources"],
                         {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"memory": "48Mi"}})

    def test_the_node_s_address_comes_from_the_pod_s_status(self):
        agent = container(agent_pod(rendered()), "agent")
        self.assertIn({"name": "HOST_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}, agent["env"])


class Probes(unittest.TestCase):
    def test_ask_livez_and_readyz_where_the_agent_listens(self):
        agent = container(agent_pod(rendered()), "agent")
        self.assertEqual(agent["livenessProbe"]["httpGet"], {"path": "/livez", "port": "metrics"})
        self.assertEqual(agent["readinessProbe"]["httpGet"], {"path": "/readyz", "port": "metrics"})
        self.assertEqual(agent["ports"],
                         [{"name": "metrics", "containerPort": 9917, "hostPort": 9917, "protocol": "TCP"}])

    def test_ask_loopback_where_the_agent_is_there_only(self):
        agent = container(agent_pod(rendered(BY_HAND)), "agent")
        self.assertEqual(agent["livenessProbe"]["httpGet"]["host"], "127.0.0.1")
        agent = container(agent_pod(rendered(sets=("listenAddress=[::1]",))), "agent")
        self.assertEqual(agent["livenessProbe"]["httpGet"]["host"], "::1")

    def test_the_port_is_the_same_everywhere(self):
        objects = rendered(EVERYTHING)
        agent = container(agent_pod(objects), "agent")
        self.assertIn("--listen=[$(HOST_IP)]:19917", agent["args"])
        self.assertEqual(agent["ports"][0]["containerPort"], 19917)
        self.assertEqual(find(objects, "Service", "node-classes")["spec"]["ports"][0]["port"], 19917)
        self.assertEqual(find(objects, "NetworkPolicy")["spec"]["ingress"][0]["ports"][0]["port"], 19917)


class WebConfig(unittest.TestCase):
    """TLS and passwords of the listener, from a Secret."""

    ON = ("webConfig.secretName=web",)

    def test_nothing_of_it_is_there_without_a_secret(self):
        pod = agent_pod(rendered())
        self.assertNotIn("web", [each["name"] for each in pod["spec"]["volumes"]])
        self.assertNotIn("--web-config", str(pod))

    def test_the_secret_is_mounted_for_the_agent_alone(self):
        pod = agent_pod(rendered(sets=self.ON))
        self.assertIn({"name": "web", "secret": {"secretName": "web", "defaultMode": 0o400}}, pod["spec"]["volumes"])
        self.assertEqual(mounts(container(pod, "agent"))["/etc/netclsd-web"], ("web", None, True))
        self.assertIn("--web-config=/etc/netclsd-web/web-config.yaml", container(pod, "agent")["args"])
        for each in pod["spec"]["initContainers"]:
            self.assertNotIn("/etc/netclsd-web", mounts(each))
            self.assertNotIn("--web-config", str(each))

    def test_the_key_is_the_file_s_name(self):
        self.assertIn("--web-config=/etc/netclsd-web/web.yml", container(agent_pod(rendered(EVERYTHING)), "agent")["args"])

    def test_probes_ask_the_unix_socket_which_needs_no_password(self):
        agent = container(agent_pod(rendered(sets=self.ON)), "agent")
        for probe, command in (("livenessProbe", "netclsctl status > /dev/null || [ $? -eq 3 ]"),
                               ("readinessProbe", "netclsctl status > /dev/null")):
            self.assertNotIn("httpGet", agent[probe])
            self.assertEqual(agent[probe]["exec"]["command"], ["/bin/sh", "-c", command])

    def alive(self, exit_status):
        """Whether the liveness probe's command says so, with a netclsctl that ends like this."""
        command = container(agent_pod(rendered(sets=self.ON)), "agent")["livenessProbe"]["exec"]["command"]
        script = f"netclsctl() {{ return {exit_status}; }}\n{command[2]}"
        return subprocess.run(["/bin/sh", "-c", script], check=False).returncode == 0

    def test_an_agent_that_is_not_ready_is_alive_and_one_that_does_not_answer_is_not(self):
        self.assertEqual([self.alive(status) for status in (0, 1, 3)], [True, False, True])

    def test_monitors_scrape_as_they_are_told(self):
        for kind, endpoints in (("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints")):
            endpoint = find(rendered(EVERYTHING), kind)["spec"][endpoints][0]
            self.assertEqual(endpoint["scheme"], "https")
            self.assertEqual(endpoint["tlsConfig"]["serverName"], "netclsd")
            self.assertEqual(endpoint["basicAuth"]["password"], {"name": "netclsd-scrape", "key": "password"})

    def test_the_chart_s_test_does_not_ask_agents_that_want_a_password(self):
        def is_protected(*sets):
            pod = find(rendered(sets=sets), "Pod", "node-netclsd-test")
            return {each["name"]: each["value"] for each in pod["spec"]["containers"][0]["env"]}["IS_PROTECTED"]

        self.assertEqual((is_protected(), is_protected(*self.ON)), ("false", "true"))


class Scheduling(unittest.TestCase):
    def test_on_every_linux_node_before_all_others(self):
        pod = agent_pod(rendered())["spec"]
        self.assertEqual(pod["priorityClassName"], "system-node-critical")
        self.assertEqual(pod["tolerations"], [{"operator": "Exists"}])
        self.assertEqual(pod["nodeSelector"], {"kubernetes.io/os": "linux"})

    def test_an_update_takes_a_tenth_of_the_nodes_at_a_time(self):
        strategy = find(rendered(sets=("removal.enabled=false",)), "DaemonSet")["spec"]["updateStrategy"]
        self.assertEqual(strategy, {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}})

    def test_pods_of_that_priority_have_a_quota_where_one_is_asked_for(self):
        quota = find(rendered(EVERYTHING), "ResourceQuota", "node-classes")["spec"]
        self.assertEqual(quota["hard"], {"pods": "50"})
        self.assertEqual(quota["scopeSelector"]["matchExpressions"],
                         [{"scopeName": "PriorityClass", "operator": "In", "values": ["system-cluster-critical"]}])

    def test_former_revisions(self):
        self.assertEqual(find(rendered(EVERYTHING), "DaemonSet", "node-classes")["spec"]["revisionHistoryLimit"], 2)

    def test_no_limit_of_cpu(self):
        self.assertNotIn("cpu", container(agent_pod(rendered()), "agent")["resources"]["limits"])

    def checksum(self, *sets):
        return agent_pod(rendered(sets=sets))["metadata"]["annotations"]["checksum/config"]

    def test_a_changed_configuration_starts_the_agents_anew(self):
        self.assertNotEqual(self.checksum(), self.checksum("config.audit_interval=5s"))

    def test_another_value_does_not_change_the_checksum(self):
        self.assertEqual(self.checksum(), self.checksum("podMonitor.enabled=true"))

    def test_what_a_selector_names_is_in_the_pod_s_labels_and_never_changes(self):
        for values in [None, *VALUES_FILES]:
            for daemon_set in (each for each in rendered(values) if each["kind"] == "DaemonSet"):
                selector = daemon_set["spec"]["selector"]["matchLabels"]
                self.assertLessEqual(selector.items(), daemon_set["spec"]["template"]["metadata"]["labels"].items())
                self.assertFalse({"app.kubernetes.io/version", "helm.sh/chart", "team"} & set(selector))


class Image(unittest.TestCase):
    def image(self, *sets):
        return container(agent_pod(rendered(sets=sets)), "agent")["image"]

    def test_the_tag_is_the_app_version_unless_given(self):
        self.assertEqual(self.image("image.repository=r/n"), "r/n:0.1.0")
        self.assertEqual(self.image("image.repository=r/n", "image.tag=x"), "r/n:x")

    def test_a_registry_comes_before_it(self):
        self.assertEqual(self.image("image.registry=r.example:5000", "image.repository=a/n"), "r.example:5000/a/n:0.1.0")

    def test_a_digest_beats_the_tag(self):
        self.assertEqual(self.image("image.repository=r/n", "image.tag=x", "image.digest=sha256:" + "0" * 64),
                         "r/n@sha256:" + "0" * 64)

    def test_every_container_of_every_pod_has_it(self):
        images = set()
        for each in rendered():
            pod = each["spec"]["template"]["spec"] if each["kind"] == "DaemonSet" else each.get("spec", {})
            images |= {one["image"] for one in pod.get("initContainers", []) + pod.get("containers", [])}
        self.assertEqual(images, {"netclsd:0.1.0"})


if __name__ == "__main__":
    unittest.main()
