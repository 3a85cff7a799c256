"""Which pods may have which classid. The annotations are those that containerd and CRI-O give, with what tenants may add."""

import json
import signal

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASS, CLASSID
from .support.host import V1
from .support.programs import need_fault_points, program
from .support.waiting import eventually_equal

SERVICE_ACCOUNT = "netclsd.io/service-account"


def by_containerd(name_space, **wanted):
    """Of the container web of the pod cart-1."""
    return {"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": "web",
            "io.kubernetes.cri.sandbox-id": "5a1d", "io.kubernetes.cri.sandbox-name": "cart-1",
            "io.kubernetes.cri.sandbox-namespace": name_space, "io.kubernetes.cri.sandbox-uid": "2f0e", **wanted}


def by_crio(name_space, **wanted):
    """The pod's own annotations first: CRI-O takes over nearly all of them, and writes its own over them."""
    return {**wanted, "io.container.manager": "cri-o", "io.kubernetes.container.name": "web",
            "io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.pod.name": "cart-1",
            "io.kubernetes.pod.namespace": name_space, "io.kubernetes.pod.uid": "2f0e"}


RULES = [
    {"name": "shop", "namespaces": ["shop", "shop-*"], "allowed_classids": ["10:1-10:f"]},
    {"name": "batch", "namespaces": ["bank"], "service_accounts": ["batch-*"], "allowed_classids": ["10:8"]},
    {"name": "host", "namespaces": [""], "allowed_classids": ["10:20"]},
]


class PolicyTest(EndToEndTest):
    def start_with_policy(self, default_class=None, rules=None, **policy):
        return self.start_agent(default_class=default_class,
                                policy={"rules": RULES if rules is None else rules, **policy})

    def refusals(self, reason):
        return int(self.agent.metrics().value("policy_refusals_total", reason=reason))

    def assert_refused(self, container, reason, counted=1):
        self.assert_not_managed(container)
        self.assertEqual(self.refusals(reason), counted)


class Rules(PolicyTest):
    def test_the_rule_that_matches_decides_under_both_runtimes(self):
        self.start_with_policy()
        for name, annotations in (("containerd", by_containerd), ("crio", by_crio)):
            with self.subTest(name):
                container = self.make_container(name, annotations=annotations("shop-eu", **{CLASSID: "10:2"})).start()
                self.assert_container_placed(container, 0x100002)
                view = self.agent.container(container.id)
                self.assertEqual((view["namespace"], view["pod"], view["policy_rule"]), ("shop-eu", "cart-1", "shop"))
                self.assertEqual(self.netclsctl_json("explain", str(container.pid))["policy_rule"], "shop")
                self.assertRegex(self.netclsctl("show", container.id).stdout, r"(?m)^rule +shop$")

    def test_what_the_rule_does_not_allow_is_refused_by_name_and_by_number_and_said(self):
        self.start_with_policy()
        hook_log = self.host.work / "hook.log"
        container = self.make_container("number", annotations=by_containerd("shop", **{CLASSID: "10:77"}),
                                        hook_options=("--log-file", str(hook_log))).start()
        self.assert_refused(container, "not_allowed")
        self.assertIn('which rule "shop" does not allow; the container starts', hook_log.read_text())
        log = self.agent.log()
        for fact in ("policy_refused", "namespace=shop", "pod=cart-1", "class=10:77", "rule=shop", container.id):
            self.assertIn(fact, log)
        why = self.netclsctl_json("explain", str(container.pid))
        self.assertEqual((why["container"], why["policy_rule"]), (None, "shop"))
        self.assertIn("10:77", why["refused_because"])
        self.assertIn("the policy refused it", self.netclsctl("show", container.id).stderr)
        by_name = self.make_container("name", annotations=by_crio("shop", **{CLASS: "bulk"})).start()
        self.assert_refused(by_name, "not_allowed", 2)

    def test_where_no_rule_matches_nothing_is_allowed(self):
        self.start_with_policy()
        container = self.make_container("bank", annotations=by_crio("bank", **{CLASSID: "10:8"})).start()
        self.assert_refused(container, "no_rule")

    def test_a_service_account_must_be_claimed(self):
        self.start_with_policy()
        wanted = {CLASSID: "10:8", SERVICE_ACCOUNT: "batch-nightly"}
        container = self.make_container("batch", annotations=by_containerd("bank", **wanted)).start()
        self.assert_container_placed(container, 0x100008)

    def test_what_is_no_pods_has_a_rule_of_its_own(self):
        self.start_with_policy()
        container = self.make_container("podman", annotations={CLASS: "bulk"}).start()
        self.assert_container_placed(container, 0x100020)
        other = self.make_container("other", annotations={CLASSID: "10:1"}).start()
        self.assert_refused(other, "not_allowed")

    def test_with_the_hook_set_to_deny_the_refused_do_not_start(self):
        self.start_with_policy()
        container = self.make_container("deny", "true", annotations=by_containerd("bank", **{CLASSID: "10:8"}),
                                        hook_options=("--on-failure", "deny"))
        self.assertNotEqual(container.run(check=False).returncode, 0)

    def test_a_stricter_policy_lets_the_registered_be_also_after_a_restart(self):
        self.start_with_policy()
        container = self.make_container("kept", annotations=by_containerd("shop", **{CLASSID: "10:2"})).start()
        self.agent.configuration["policy"]["rules"] = [RULES[2]]
        self.agent.write_config()
        self.agent.process.send_signal(signal.SIGHUP)
        eventually_equal("reloads", lambda: self.agent.metrics().value("config_reloads_total"), 1)
        self.assert_container_placed(container, 0x100002)
        late = self.make_container("late", annotations=by_containerd("shop", **{CLASSID: "10:2"})).start()
        self.assert_refused(late, "no_rule")
        before = self.agent.container(container.id)
        self.agent.stop(signal.SIGKILL)
        self.agent.start()
        self.assert_container_placed(container, 0x100002)
        self.assertEqual(self.agent.container(container.id), before)
        self.assertEqual(before["policy_rule"], "shop")


class Lies(PolicyTest):
    """Under CRI-O a pod's annotations reach the spec; it cannot write over those of CRI-O itself."""

    def check(self, name, lie, default_class=None, **policy):
        self.start_with_policy(default_class, **policy)
        container = self.make_container(name, annotations=by_crio("bank", **{CLASSID: "10:2", **lie})).start()
        if default_class:
            self.assert_container_placed(container, 0x100020)
        else:
            self.assert_refused(container, "identity")
        self.assertEqual(self.refusals("identity"), 1)

    def test_about_the_namespace(self):
        self.check("namespace", {"io.kubernetes.cri.sandbox-namespace": "shop"})

    def test_about_being_no_pods(self):
        self.check("none", {"io.kubernetes.cri.sandbox-namespace": ""})

    def test_about_the_containers_name(self):
        self.check("name", {"io.kubernetes.cri.container-name": "other", CLASSID + ".other": "10:3"})

    def test_about_being_a_pause_container_escapes_no_default_class(self):
        self.check("pause", {"io.kubernetes.cri.container-type": "sandbox"}, "bulk", on_refusal="default_class")

    def test_with_a_line_feed_forges_no_line_of_the_log(self):
        self.check("line", {"io.kubernetes.cri.sandbox-namespace": "shop\nerror forged container=x"})
        self.assertFalse([line for line in self.agent.log().splitlines() if line.startswith("error forged")])

    def test_of_crios_keys_under_containerd_are_found_too(self):
        self.start_with_policy()
        annotations = by_containerd("bank", **{CLASSID: "10:2", "io.kubernetes.pod.namespace": "shop"})
        self.assert_refused(self.make_container("glob", annotations=annotations).start(), "identity")


class OnRefusal(PolicyTest):
    def test_the_refused_get_the_default_class_and_it_is_said_why(self):
        self.start_with_policy("bulk", on_refusal="default_class")
        container = self.make_container("instead", annotations=by_containerd("bank", **{CLASSID: "10:2"})).start()
        self.assert_container_placed(container, 0x100020)
        view = self.agent.container(container.id)
        self.assertEqual((view["class"], view["class_origin"], view["policy_rule"]), ("bulk", "default_class", None))
        self.assertIn("no rule of the policy is for this pod", view["refused_because"])
        self.assertEqual(self.refusals("no_rule"), 1)
        self.assertEqual(container.output(), "")

    def test_an_exclusive_classid_is_for_one_namespace_at_a_time(self):
        self.start_with_policy(rules=[{"name": "all", "namespaces": ["*"], "allowed_classids": ["10:1-10:ff"]}],
                               exclusive_classids=["10:8-10:f"])
        first = self.make_container("first", annotations=by_containerd("shop", **{CLASSID: "10:8"})).start()
        again = self.make_container("again", annotations=by_containerd("shop", **{CLASSID: "10:8"})).start()
        hook_log = self.host.work / "hook.log"
        other = self.make_container("other", annotations=by_crio("bank", **{CLASSID: "10:8"}),
                                    hook_options=("--log-file", str(hook_log))).start()
        self.assert_container_placed(first, 0x100008)
        self.assert_container_placed(again, 0x100008)
        self.assert_refused(other, "exclusive")
        self.assertIn("in use by another namespace", hook_log.read_text())
        self.assertNotIn("shop", hook_log.read_text())
        self.assertIn("held_by=shop", self.agent.log())
        for container in (first, again):
            container.delete()
            self.wait_released(container)
        later = self.make_container("later", annotations=by_crio("bank", **{CLASSID: "10:8"})).start()
        self.assert_container_placed(later, 0x100008)


class AnsweredTooLate(PolicyTest):
    """The hook gets no answer, and gives the requested class after the agent has given the default class."""

    def test_the_default_class_is_written_back(self):
        need_fault_points()
        self.host.use_default_parent()
        self.start_agent(default_class="bulk", audit_interval="1h",
                         policy={"rules": RULES, "on_refusal": "default_class"})
        container = self.make_container("late", annotations=by_containerd("bank", **{CLASSID: "10:2"}),
                                        hook_faults="agent_read=ECONNRESET").start()
        group = self.host.seen(self.host.net_cls_mount) / kernel.net_cls_path(container.pid).lstrip("/")
        eventually_equal("its class", lambda: kernel.classid(group), 0x100020)
        self.assert_in_class(container, 0x100020)
        self.assertEqual(self.agent.container(container.id)["class"], "bulk")
        self.assertEqual(self.agent.metrics().value("groups_repaired_total"), 1)


class AnsweredTooLateOnV1(AnsweredTooLate):
    layout = V1


class WhileTheAgentWasAway(PolicyTest):
    """The hook alone gives the requested class. The agent that comes back takes it away if the policy does not allow it."""

    def start_without_agent(self, **annotations):
        self.host.use_default_parent()
        self.make_agent(policy={"rules": RULES}, default_class=None)
        container = self.make_container("away", "sh", "-c", "sleep 1000 & wait",
                                        annotations=by_containerd("bank", **{CLASSID: "10:2", **annotations})).start()
        self.assertEqual(len(self.agent.spool_files()), 1)
        return container

    def come_back(self):
        self.agent.start()
        eventually_equal("files in the spool", self.agent.spool_files, set())

    def test_what_the_hook_placed_is_moved_out_again(self):
        container = self.start_without_agent()
        self.assert_container_placed(container, 0x100002)
        self.come_back()
        self.assert_refused(container, "no_rule")
        eventually_equal("its group", lambda: container.own_group().exists(), False)

    def test_who_may_have_it_keeps_it(self):
        self.host.use_default_parent()
        self.make_agent(policy={"rules": RULES})
        container = self.make_container("may", annotations=by_crio("shop", **{CLASSID: "10:2"})).start()
        self.come_back()
        self.assert_container_placed(container, 0x100002)
        self.assertEqual(self.agent.container(container.id)["policy_rule"], "shop")

    def test_a_liar_is_not_placed_by_the_hook_either(self):
        container = self.start_without_agent(**{"io.kubernetes.pod.namespace": "shop"})
        self.assertEqual(kernel.net_cls_path(container.pid), kernel.own_net_cls_path())
        self.come_back()
        self.assert_refused(container, "identity")


class WhileTheAgentWasAwayOnV1(PolicyTest):
    layout = V1

    def group_of(self, container):
        return self.host.seen(self.host.net_cls_mount) / kernel.net_cls_path(container.pid).lstrip("/")

    def test_the_runtimes_group_that_the_hook_gave_a_class_has_none_again(self):
        self.make_agent(policy={"rules": RULES})
        container = self.make_container("v1", annotations=by_containerd("bank", **{CLASSID: "10:2"})).start()
        group = self.group_of(container)
        self.assertEqual(kernel.classid(group), 0x100002)
        self.agent.start()
        eventually_equal("files in the spool", self.agent.spool_files, set())
        self.assertEqual(kernel.classid(group), 0)
        self.assertEqual(self.group_of(container), group, "nobody is moved")
        self.assertIsNone(self.agent.container(container.id))
        self.assertEqual(self.refusals("no_rule"), 1)

    def test_a_classid_that_the_runtime_wrote_and_the_policy_refuses_is_taken_away(self):
        self.start_with_policy()
        container = self.make_container("spec", annotations=by_containerd("bank"), spec_classid=0x100002).start()
        self.assertEqual(kernel.classid(self.group_of(container)), 0)
        self.assertEqual(self.refusals("no_rule"), 1)


class CheckConfig(EndToEndTest):
    def test_names_the_rule_and_the_line(self):
        self.make_agent(policy={"rules": [{**RULES[0]}, {"name": "b", "namespace": ["x"]}]})
        done = self.host.run([program("netclsd"), "--config", self.agent.config_file, "--check-config"])
        self.assertEqual(done.returncode, 1)
        self.assertIn('unknown key "policy.rules[1].namespace"; did you mean "policy.rules[1].namespaces"?', done.stderr)
        self.agent.configuration["policy"] = {"rules": RULES}
        self.agent.write_config(json.dumps(self.agent.configuration))
        done = self.host.run([program("netclsd"), "--config", self.agent.config_file, "--check-config"])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
