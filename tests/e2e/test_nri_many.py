"""The NRI plugin with many containers and with large messages, and when it hangs while containers start."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from .support import kernel
from .support.agent import Stopwatch
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.containerd import Pod
from .support.fake_nri_runtime import FakeNriRuntime, container, pod
from .support.nri import NriPlugin
from .support.programs import tool
from .support.suites import ONE
from .support.waiting import eventually, eventually_equal
from .test_nri import _FAMILY, _GRANTED_MS, GOLD, NriTest

LISTED = 200
# Real ones, with a shim each: 200 take more than a minute, and more memory than CI has.
PODS = int(os.environ.get("NETCLSD_E2E_PODS", "12"))
# Pods, and what each has in annotations. NRI sends no part of fewer than 8 pods and containers, and gives up instead.
LARGE, LARGE_BYTES = 12, 1 << 19
AT_ONCE = 6


def tell(what, ms):
    print(f"({what}: {ms:.0f} ms)", end=" ", flush=True)


class Listed(EndToEndTest):
    """A runtime of our own lists processes that are as containers' inits are: in a cgroup each, and in mount namespaces."""

    _INITS = """
    for ((i = 0; i < $2; i++)); do
      mkdir -p "$1/$i"
      (echo "$BASHPID" > "$1/$i/cgroup.procs"; exec unshare --mount sleep 1000) < /dev/null > /dev/null 2>&1 &
      echo $!
    done
    """

    def setUp(self):
        super().setUp()
        self.start_agent()
        self.runtime = FakeNriRuntime(self.host.work / "nri.sock")
        self.host.on_close(self.runtime.close)

    def start_plugin(self, launcher=()):
        return NriPlugin(self.host, self.agent, self.runtime.path, launcher=launcher).start(wait_registered=False)

    def start_inits(self, count):
        done = self.host.run([tool("bash"), "-euc", self._INITS, "bash", f"/sys/fs/cgroup/{self.host.tag}-listed", count])
        pids = [int(line) for line in done.stdout.split()]
        self.host.on_close(lambda: [os.kill(pid, signal.SIGKILL) for pid in pids])
        self.assertEqual(len(pids), count, done.stderr)
        own = os.readlink(f"/proc/{self.host._holder.pid}/ns/mnt")
        eventually("all have a mount namespace", lambda: all(
            kernel.comm(pid) == "sleep" and os.readlink(f"/proc/{pid}/ns/mnt") != own for pid in pids))
        return pids

    def synchronize(self, inits, first_minor):
        """Waits until the agent knows all of them with the classids that the runtime says now."""
        self.runtime.accept()
        classids = {name: f"10:{first_minor + i:x}" for i, name in enumerate(inits)}
        pods = [pod(f"pod-of-{name}", {CLASSID: classid}) for name, classid in classids.items()]
        containers = [container(name, f"pod-of-{name}", pid, f"/{self.host.tag}-listed/{i}")
                      for i, (name, pid) in enumerate(inits.items())]
        with Stopwatch() as all_registered:
            with Stopwatch() as answered:
                self.runtime.synchronize(pods, containers)
            eventually_equal("classids", lambda: {name: view["classid"] for name, view in self.agent.containers().items()},
                             classids, deadline_s=90)
        tell(f"{LISTED} listed, answered", answered.ms)
        tell("all registered", all_registered.ms)

    def test_all_of_200_containers_are_registered_and_again_after_a_restart_of_the_runtime(self):
        inits = {f"listed{i}": pid for i, pid in enumerate(self.start_inits(LISTED))}
        plugin = self.start_plugin()
        for first_minor in (0x1000, 0x2000):
            self.synchronize(inits, first_minor)
        self.assertEqual(plugin.log().count(f"which has {LISTED} containers"), 2)
        self.assertEqual(self.agent.metrics().value("registrations_total", source="nri"), LISTED)
        # The plugin itself places what a busy agent does not answer for within 500 ms, into the parent that it knows.
        self.assertEqual({name: kernel.net_cls_path(pid).split("/")[-1] for name, pid in inits.items()},
                         {name: name for name in inits})

    def test_a_message_that_the_memory_has_no_room_for_ends_the_connection_and_not_the_plugin(self):
        init, = self.start_inits(1)
        plugin = self.start_plugin(launcher=(tool("prlimit"), f"--as={64 << 20}"))
        self.runtime.accept()
        with self.assertRaises((ConnectionError, BrokenPipeError)):
            self.runtime.synchronize([], [bytes(50 << 20)])
        eventually("it says why", lambda: "an exception: std::bad_alloc" in plugin.log())
        self.runtime.accept()
        self.runtime.synchronize([pod("pod1", {CLASSID: "10:1"})], [container("listed0", "pod1", init, "/none")])
        eventually("the agent knows it", lambda: self.agent.container("listed0"))
        self.assertIsNone(plugin.process.poll())


class AfterARestart(NriTest):
    def test_all_pods_are_registered_when_containerd_is_back(self):
        """A plugin that is there before containerd, as on a node that boots; then containerd is restarted."""
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(self.start_pod, range(PODS)))
        self.containerd.end()
        plugin = self.start_plugin_before_containerd()
        self.containerd.start()
        with Stopwatch() as watch:
            eventually_equal("registrations", self.registered, PODS)
        tell(f"{PODS} pods registered", watch.ms)
        for number, web in enumerate(found):
            self.assert_in_class(web, 0x100001 + number)

        self.containerd.restart()
        with Stopwatch() as watch:
            eventually("it is synchronized again", lambda: plugin.registrations() == 2)
        tell("synchronized again", watch.ms)
        self.assertEqual(plugin.log().count(f"which has {PODS} containers"), 2)
        late = Pod(self.containerd, "late", {CLASSID: "10:fff"}).start("late", *_FAMILY)
        self.assert_in_class(late, 0x100FFF)
        self.assertEqual(self.registered(), PODS + 1, "the others were known")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda each: self.containerd.remove_pod(each.id), self.containerd.cri("ListPodSandbox").items))

    def start_pod(self, number):
        return Pod(self.containerd, f"p{number}", {CLASSID: f"10:{number + 1:x}"}).start("web", *_FAMILY)

    def start_plugin_before_containerd(self):
        plugin = NriPlugin(self.host, self.agent, self.containerd.nri_socket).start(wait_registered=False)
        eventually("it waits for containerd", lambda: "not connected to the runtime" in plugin.log())
        return plugin


class LargeMessages(NriTest):
    """containerd 2 sends what is larger than 4 MiB in parts, and drops a plugin that does not say so in its answers."""

    def test_what_runs_is_registered_whatever_the_runtime_has_to_say_of_it(self):
        pods = [Pod(self.containerd, f"large{i}", {CLASSID: f"10:{i + 1:x}", **self.annotations()}) for i in range(LARGE)]
        found = [each.start("web", *_FAMILY) for each in pods]
        size = self.containerd.cri("ListPodSandbox").ByteSize()
        self.assertGreater(size, 5 << 20)
        plugin = self.start_plugin()
        self.assertIn(f"which has {LARGE} containers", plugin.log())
        for number, web in enumerate(found):
            self.assert_gets_class(web, GOLD + number)
        self.assertEqual(self.registered(), LARGE)
        self.assertEqual(plugin.registrations(), 1)
        late = pods[0].start("late", *_FAMILY)
        self.assert_in_class(late, GOLD)

    @staticmethod
    def annotations():
        return {f"example.com/{i}": "x" * (LARGE_BYTES // 8) for i in range(8)}


class LargeMessagesOfOlder(LargeMessages):
    """containerd 1.7 sends one message, whatever its size."""

    suite = ONE


class Hangs(NriTest):
    """The runtime waits 2 s, once for all, and gives the plugin up."""

    def setUp(self):
        super().setUp()
        self.plugin = self.start_plugin()
        self.pod = Pod(self.containerd, "shop", {CLASSID: "10:1"})

    def start_while_it_hangs(self):
        """Six at once. Returns them, and how long each start took."""
        def start(number):
            with Stopwatch() as watch:
                web = self.pod.start(f"web{number}", *_FAMILY)
            return web, watch.ms
        self.plugin.process.send_signal(signal.SIGSTOP)
        eventually("the plugin is stopped", lambda: kernel.state(self.plugin.process.pid) == "T")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = list(pool.map(start, range(AT_ONCE)))
        took = [ms for _, ms in found]
        tell("the longest start", max(took))
        self.assertGreater(min(took), _GRANTED_MS * 0.8, "all have waited")
        self.assertLess(max(took), _GRANTED_MS * 1.9, "and once only")
        for web, _ in found:
            self.assertEqual(kernel.net_cls_path(web.pid), kernel.own_net_cls_path())
        return [web for web, _ in found]

    def assert_all_get_their_class_within_a_second(self, found, since):
        eventually_equal("registrations", self.registered, AT_ONCE)
        tell("all registered after", (time.monotonic() - since) * 1000)
        self.assertLess(time.monotonic() - since, 1)
        for web in found:
            self.assert_in_class(web, GOLD)

    def test_all_start_and_get_their_class_when_it_goes_on(self):
        found = self.start_while_it_hangs()
        since = time.monotonic()
        self.plugin.process.send_signal(signal.SIGCONT)
        self.assert_all_get_their_class_within_a_second(found, since)

    def test_all_start_and_get_their_class_from_a_new_one(self):
        found = self.start_while_it_hangs()
        self.plugin.process.kill()
        self.plugin.process.wait()
        since = time.monotonic()
        self.plugin.start(wait_registered=False)
        self.assert_all_get_their_class_within_a_second(found, since)
        self.assert_in_class(self.pod.start("late", *_FAMILY), GOLD)
