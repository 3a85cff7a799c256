"""The NRI plugin with the real containerd: no hook, nothing of ours in its configuration."""

import json
import signal
import time
from pathlib import Path

from .support import kernel
from .support.agent import MuteAgent, Stopwatch
from .support.case import EndToEndTest
from .support.container import CLASS, CLASSID
from .support.containerd import Pod
from .support.host import AS_IT_IS, Host, end_unmounted_hierarchy
from .support.nri import NriContainerd, NriPlugin
from .support.programs import program, tool
from .support.suites import ONE, TWO
from .support.waiting import eventually, eventually_equal

GOLD, BULK = 0x100001, 0x100020
_FAMILY = ("sh", "-c", "sleep 1000 & sleep 1000 & wait")
_FIRST = ("sh", "-c", "cat /proc/self/cgroup > /tmp/first; sleep 1000")
_GRANTED_MS = 2000  # by the runtime, for each event; what a start takes anyway is a tenth of that


class NriTest(EndToEndTest):
    layout = AS_IT_IS
    suite = TWO

    def setUp(self):
        super().setUp()
        self.host.use_default_parent()  # there the plugin makes its groups when the agent is away
        self.start_agent()
        self.host.on_close(self._wait_for_the_end_of_groups)
        self.start_containerd()

    def start_containerd(self):
        self.containerd = NriContainerd(self.host, self.suite)
        self.containerd.start()
        self.containerd.import_test_image()

    def _wait_for_the_end_of_groups(self):
        """After the pods have ended. Containers of the CRI have names that Host does not know."""
        if self.agent.process is None:
            self.agent.start()
        eventually_equal("groups", self.host.groups, set())

    def start_plugin(self, name="plugin", options=(), launcher=()):
        return NriPlugin(self.host, self.agent, self.containerd.nri_socket, name, options, launcher).start()

    def assert_gets_class(self, container, raw_classid):
        """It runs without its class until the agent learns of it."""
        eventually("the agent knows it", lambda: self.agent.container(container.id))
        self.assert_in_class(container, raw_classid)

    def registered(self, source="nri"):
        return self.agent.metrics().value("registrations_total", source=source)


class Starts(NriTest):
    def setUp(self):
        super().setUp()
        self.plugin = self.start_plugin()

    def test_first_instruction_is_in_the_class_and_a_pod_without_annotation_in_none(self):
        gold, plain = Pod(self.containerd, "gold", {CLASSID: "10:1"}), Pod(self.containerd, "plain")
        for pod, group in ((gold, r"/{parent}/{id}"), (plain, r"/")):
            container = pod.start("web", *_FIRST)
            path = group.format(parent=self.host.parent, id=container.id)
            shown = container.text_when_written("/tmp/first")
            self.assertRegex(shown, rf"(?m)^\d+:net_cls(,net_prio)?:{path}$")
            self.assert_not_managed(pod.pause)
        self.assertEqual(self.registered(), 1)
        view = next(iter(self.agent.containers().values()))
        self.assertEqual((view["source"], view["namespace"], view["pod"]), ("nri", "default", "gold"))

    def test_annotations_for_one_container_count_and_its_end_is_seen(self):
        pod = Pod(self.containerd, "shop", {CLASS: "gold", f"{CLASSID}.bulk": "10:20",
                                            "io.kubernetes.container.name": "bulk"})
        web, bulk = pod.start("web", *_FAMILY), pod.start("bulk", *_FAMILY)
        self.assert_in_class(web, GOLD)
        self.assert_in_class(bulk, BULK)
        web.exec("sh", "-c", "sleep 999 </dev/null >/dev/null 2>&1 &")
        self.assert_in_class(web, GOLD)
        pod.remove()
        self.wait_released(web)
        self.wait_released(bulk)
        self.assertEqual(self.registered(), 2)

    def test_a_stopped_agent_delays_a_start_by_less_than_the_runtime_grants(self):
        pod = Pod(self.containerd, "shop", {CLASSID: "10:1"})
        with self.agent.stopped(), Stopwatch() as watch:
            web = pod.start("web", *_FAMILY)
            self.assertEqual(kernel.classid(self.host.seen(self.host.net_cls_mount) /
                                            kernel.net_cls_path(web.pid).lstrip("/")), GOLD)
        self.assertLess(watch.ms, _GRANTED_MS)
        self.assertGreater(watch.ms, 900, "the plugin has waited for the agent")
        eventually("the agent has found it in the spool", lambda: self.agent.container(web.id), deadline_s=3)
        self.assertEqual(self.plugin.registrations(), 1, "and was not dropped")

    def test_an_agent_that_comes_back_gives_the_class_within_a_second(self):
        self.agent.stop()
        web = Pod(self.containerd, "shop", {CLASS: "gold"}).start("web", *_FAMILY)
        self.assertEqual(kernel.net_cls_path(web.pid), kernel.own_net_cls_path(), "only the agent knows what gold is")
        self.agent.start()
        with Stopwatch() as watch:
            self.assert_gets_class(web, GOLD)
        self.assertLess(watch.ms, 1000)

    def test_containerd_may_be_restarted(self):
        web = Pod(self.containerd, "shop", {CLASSID: "10:1"}).start("web", *_FAMILY)
        self.containerd.restart()
        eventually("it is registered again", lambda: self.plugin.registrations() == 2)
        self.assert_in_class(web, GOLD)
        late = Pod(self.containerd, "late", {CLASSID: "10:20"}).start("late", *_FAMILY)
        self.assert_in_class(late, BULK)
        self.assertEqual(self.registered(), 2, "the first one was known")

    def test_a_plugin_that_ends_says_so_and_holds_nobody_up(self):
        self.assertEqual(self.plugin.stop(), 0)
        self.assertIn("netclsd-nri: ends;", self.plugin.log())
        with Stopwatch() as watch:
            Pod(self.containerd, "shop", {CLASSID: "10:1"}).start("web", *_FAMILY)
        self.assertLess(watch.ms, _GRANTED_MS)


class Restarts(NriTest):
    def test_what_runs_when_the_plugin_comes_is_registered(self):
        pod = Pod(self.containerd, "shop", {CLASSID: "10:1"})
        web = pod.start("web", *_FAMILY)
        plain = Pod(self.containerd, "plain").start("plain", *_FAMILY)
        gone = pod.start("gone", "true")
        eventually("it has ended", lambda: gone.pid not in kernel.all_pids())
        self.assertEqual(self.agent.containers(), {})
        plugin = self.start_plugin()
        self.assertRegex(plugin.log(), "which has [23] containers", "whether containerd has noticed the end of one, or not")
        self.assert_gets_class(web, GOLD)
        self.assert_not_managed(plain)
        self.assertEqual(self.registered(), 1)

        plugin.stop(signal.SIGKILL)
        late = pod.start("late", *_FAMILY)
        plugin.start()
        self.assert_gets_class(late, GOLD)
        self.assertEqual(self.registered(), 2)

    def test_two_plugins_do_no_harm(self):
        first, second = self.start_plugin("first"), self.start_plugin("second")
        web = Pod(self.containerd, "shop", {CLASSID: "10:1"}).start("web", *_FAMILY)
        self.assert_in_class(web, GOLD)
        self.assertEqual(self.registered(), 1)
        self.assertEqual(first.stop(), 0)
        late = Pod(self.containerd, "late", {CLASSID: "10:20"}).start("late", *_FAMILY)
        self.assert_in_class(late, BULK)
        for plugin in (first, second):
            self.assertEqual(plugin.registrations(), 1, plugin.log())
        self.assertEqual(self.agent.metrics().total("registration_failures_total"), 0)

    def test_of_two_plugins_the_one_that_stays_is_shown_when_the_other_has_ended(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            plugins = {plugin.process.pid: plugin for plugin in (self.start_plugin(f"{how.name}{i}") for i in range(2))}
            shown = eventually("one is shown", lambda: self.pid_of_report(plugins))
            plugins.pop(shown).stop(how)
            eventually("the other one is shown", lambda: self.pid_of_report(plugins), deadline_s=8)
            eventually_equal("nri", lambda: (self.agent.get("/v1/status")["nri"] or {}).get("state"), "connected")
            plugins.popitem()[1].stop()

    def pid_of_report(self, among):
        file = self.agent.state_dir / "nri.json"
        pid = json.loads(file.read_text())["pid"] if file.exists() else None
        return pid if pid in among else None


class Older(NriTest):
    """containerd 1.7, where NRI has to be enabled. It says no timeouts, and does not cut its messages."""

    suite = ONE

    def test_starts_and_what_runs_already(self):
        early = Pod(self.containerd, "early", {CLASSID: "10:20"}).start("early", *_FAMILY)
        self.start_plugin()
        self.assert_gets_class(early, BULK)
        pod = Pod(self.containerd, "shop", {CLASSID: "10:1"})
        self.assert_in_class(pod.start("web", *_FAMILY), GOLD)
        self.assertEqual(self.registered(), 2)


def without_capabilities():
    """As in a pod that drops all of them."""
    return tool("setpriv"), "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"


def confined_as_by_its_unit(host):
    """config/netclsd-nri.service.in: no capability, no network, and all is read-only but the agent's directories."""
    script = 'mount --rbind "$0" "$0" && mount -o remount,bind,ro / && exec "$@"'
    return (tool("unshare"), "--net", "--mount", "--propagation", "slave", tool("sh"), "-c", script, str(host.work),
            *without_capabilities())


class HostWithoutNetCls(Host):
    """The machine as it is, and net_cls mounted nowhere."""

    def __init__(self):
        end_unmounted_hierarchy()
        super().__init__(AS_IT_IS)

    def _hold_namespace(self, script):
        return super()._hold_namespace("mount --make-rshared /\n")


class Mounts(NriTest):
    def setUp(self):
        self.host = HostWithoutNetCls()
        self.addCleanup(self.host.close)
        self.host.use_default_parent()
        self.make_agent(net_cls={"mount": "auto", "parent": self.host.parent})
        self.host.net_cls_mount = self.agent.state_dir / "net_cls"
        self.host.on_close(self._clean_up)
        self.agent.start()
        self.start_containerd()
        self.options = ("--mount", self.host.net_cls_mount)

    def _clean_up(self):
        self.agent.stop()
        self.host.run([program("netclsd"), "--config", self.agent.config_file, "--clean-up"])

    def test_net_cls_is_mounted_for_the_first_container_with_a_class(self):
        self.start_plugin(options=self.options)
        Pod(self.containerd, "plain").start("plain", *_FAMILY)
        self.assertEqual(kernel.own_net_cls_path(), kernel.NOT_MOUNTED)
        web = Pod(self.containerd, "shop", {CLASSID: "10:1"}).start("web", *_FAMILY)
        self.assert_in_class(web, GOLD)

    def test_a_plugin_that_may_not_mount_says_so_and_the_container_starts(self):
        plugin = self.start_plugin(options=self.options, launcher=without_capabilities())
        web = Pod(self.containerd, "shop", {CLASSID: "10:1"}).start("web", *_FAMILY)
        self.assertEqual(kernel.own_net_cls_path(), kernel.NOT_MOUNTED)
        self.assertRegex(plugin.log(), rf"container {web.id}: agent at .*Operation not permitted.*; the container starts")


class Rights(NriTest):
    def test_it_needs_no_more_than_its_unit_grants(self):
        plugin = self.start_plugin(launcher=confined_as_by_its_unit(self.host))
        status = Path(f"/proc/{plugin.process.pid}/status").read_text()
        for expected in (r"CapEff:\t0+\n", r"Seccomp:\t2\n", r"Threads:\t1\n"):
            self.assertRegex(status, expected)
        pod = Pod(self.containerd, "shop", {CLASSID: "10:1"})
        self.assert_in_class(pod.start("web", *_FAMILY), GOLD)
        self.agent.stop()
        late = pod.start("late", *_FAMILY)
        self.assert_in_class(late, GOLD)
        self.assertIn("placed init into 10:1 itself and left the registration in", plugin.log())


class Failures(NriTest):
    def test_deny_keeps_a_container_from_starting_and_exempts_namespaces(self):
        self.agent.stop()
        deny = ("--on-failure", "deny")
        plugin = self.start_plugin(options=deny)
        pod = Pod(self.containerd, "shop", {CLASS: "gold"})
        with self.assertRaisesRegex(Exception, "netclsd: agent at .* is not reachable"):
            pod.start("web", *_FAMILY)
        plugin.stop()
        self.start_plugin("exempting", (*deny, "--deny-exempt-namespace", "def*"))
        pod.start("web2", *_FAMILY)

    def test_a_mute_agent_does_not_get_the_plugin_dropped_while_it_registers_what_runs(self):
        pods = [Pod(self.containerd, f"p{i}", {CLASSID: "10:1"}) for i in range(4)]
        for pod in pods[:3]:
            pod.start("old", *_FAMILY)
        self.agent.stop()
        mute = MuteAgent(self.agent.socket)
        self.host.on_close(mute.close)
        plugin = self.start_plugin()
        time.sleep(0.1)  # in the middle of the first
        with Stopwatch() as watch:
            late = pods[3].start("late", *_FAMILY)
        self.assertLess(watch.ms, _GRANTED_MS + 500)
        eventually_equal("all are in the spool", lambda: len(list(self.agent.spool.glob("*.json"))), 4)
        self.assertEqual(plugin.registrations(), 1, plugin.log())
        mute.close()
        self.agent.start()
        self.assert_gets_class(late, GOLD)
