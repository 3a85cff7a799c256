"""What the agent shows of the carrier and of what it has counted: metrics, views, netclsctl. Nothing of it is a reason not to
be ready."""

import json
import os
import signal
import threading

from .support.networks import PORT
from .support.other_program import OtherProgram
from .support.programs import program
from .support.waiting import eventually, eventually_equal
from .test_carry import CarryTest

BYTES = 14 + 20 + 8 + 1  # of a packet: Ethernet, IPv4, UDP, one
PROGRAMS_MAX = 63  # at one interface; the kernel's limit


class ShownTest(CarryTest):
    def status(self):
        return self.agent.get("/v1/status")["carry"]

    def state(self):
        return (self.status() or {}).get("state")

    def assert_state(self, expected):
        """In each of the places that show it; the agent is ready all the while."""
        eventually_equal("state of the carrier", self.state, expected)
        shown = {dict(labels)["state"]: value for labels, value in self.agent.metrics()["netclsd_carry_state"].items()}
        self.assertEqual({state for state, value in shown.items() if value}, {expected})
        self.assertRegex(self.netclsctl("status").stdout, rf"(?m)^carry {expected}\b")
        self.assertTrue(self.agent.is_ready())

    def doctor(self):
        """The line that it has about carrying."""
        lines = [line.split(maxsplit=2) for line in self.netclsctl("doctor").stdout.splitlines()]
        return next(words for words in lines if words[1:2] == ["carry"])

    def shown(self, kind="packets"):
        """class → packets or bytes that the metrics have; none without a carrier."""
        return {dict(labels)["class"]: value
                for labels, value in self.agent.metrics().get(f"netclsd_class_{kind}_total", {}).items()}

    def assert_shown(self, **expected):
        def now():
            shown = self.shown()
            return {name: shown.get(name.replace("_", ":")) for name in expected}
        eventually_equal("packets by class", now, expected)

    def assert_view(self, container, **expected):
        def now():
            view = self.agent.container(container.id)
            if view["carriers"]:
                view["carriers"] = [{key: each[key] for key in ("interface", "how")} for each in view["carriers"]]
            return {key: view[key] for key in expected}
        eventually_equal("the container's view", now, expected)

    def assert_problem(self, container, text):
        eventually(f"the problem: {text}", lambda: text in (self.agent.container(container.id)["carry_problem"] or ""))


class NeverBack:
    """A thread that reads the metrics all the time. What is counted by class may never become less."""

    def __init__(self, agent):
        self._agent = agent
        self._is_over = threading.Event()
        self._highest = {}
        self.problems, self.looks = [], 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self):
        self._is_over.set()
        self._thread.join(60)

    def _run(self):
        while not self._is_over.wait(0.02):
            try:
                self._look(self._agent.metrics())
            except (OSError, ValueError):
                pass  # the agent is away, or has died while it answered

    def _look(self, now):
        self.looks += 1
        for name in ("packets", "bytes", "fallback_packets"):
            for labels, value in now.get(f"netclsd_class_{name}_total", {}).items():
                before = self._highest.get((name, labels), 0)
                if value < before:
                    self.problems.append(f"{name} of {dict(labels)}: {before} became {value}")
                self._highest[name, labels] = value


class Counted(ShownTest):
    def test_packets_by_class_are_shown_and_survive_containers_agent_and_carrier(self):
        self.carrier.start()
        watch = NeverBack(self.agent)
        self.addCleanup(watch.stop)
        gold, plain = self.start_pod("gold"), self.start_pod("plain", classid="10:7")
        self.send(gold, 40)
        self.send(plain, 25)
        self.assert_shown(gold=40, bulk=0, **{"10_7": 25})
        self.assertEqual(self.shown("bytes")["gold"], 40 * BYTES)
        self.assertEqual({dict(labels)["direction"] for labels in self.agent.metrics()["netclsd_class_bytes_total"]}, {"egress"})
        self.assert_views(gold, plain)
        gold.delete()
        self.wait_released(gold)
        again = self.start_pod("again")
        self.send(again, 10)
        self.assert_view(again, packets=10)
        self.assert_shown(gold=50, **{"10_7": 25})
        self.restart_both(plain)
        watch.stop()
        self.assertEqual(watch.problems, [])
        self.assertGreater(watch.looks, 10)

    def assert_views(self, gold, plain):
        self.assert_view(gold, packets=40, bytes=40 * BYTES, by_fallback=0, carry_problem=None,
                         carriers=[{"interface": "pod0", "how": "tcx"}])
        self.assert_view(plain, packets=25, bytes=25 * BYTES, carriers=[{"interface": "pod1", "how": "tcx"}])
        self.assertEqual(self.agent.containers()[plain.id]["packets"], 25)
        self.assertEqual(self.netclsctl_json("show", plain.id)["packets"], 25)
        text = self.netclsctl("show", gold.id).stdout
        self.assertIn("carried at pod0 (tcx)\n", text)
        self.assertIn(f"sent 40 packets, {40 * BYTES} bytes", text)
        self.assertEqual(self.doctor()[0], "ok")

    def restart_both(self, plain):
        """Killed both, and packets flow while the agent does not know the new carrier yet, or the carrier the new agent."""
        for restarted, packets in ((self.agent, 30), (self.carrier, 35)):
            restarted.stop(signal.SIGKILL)
            self.send_by_cgroup(plain, 5)
            restarted.start()
            self.assert_shown(gold=50, **{"10_7": packets})
            self.assert_view(plain, packets=packets)

    def send_by_cgroup(self, container, count):
        """Also while there is no agent to place the sender."""
        container.exec("udp_tool", "send", str(PORT), str(count), self.networks.address)


class Away(ShownTest):
    def test_what_is_shown_of_a_carrier_that_is_missing_dead_failed_or_gone_for_good(self):
        nothing = {"carriers": None, "packets": None, "carry_problem": None}
        gold = self.make_pod("gold")
        self.assertIsNone(self.status())
        self.assert_view(gold, **nothing)
        self.assertEqual((self.shown(), self.doctor()[0]), ({}, "fail"))
        self.assertNotIn("netclsd_carry_state", self.agent.metrics())
        self.carrier.start()
        self.assert_state("ok")
        self.send(gold, 10)
        self.assert_shown(gold=10)

        self.carrier.stop(signal.SIGKILL)
        self.assert_state("gone")
        self.assertEqual(self.doctor()[0], "fail")
        self.assertEqual(self.agent.metrics().value("carriers"), 1)
        self.assert_view(gold, packets=10, carriers=[{"interface": "pod0", "how": "tcx"}])
        late = self.make_pod("late")
        self.assert_view(late, **nothing)

        self.fail_to_start()
        self.assert_state("failed")
        self.assertIn("no BPF file system", self.doctor()[2])
        self.assertEqual(self.shown()["gold"], 10)

        self.carrier.start()
        self.assert_state("ok")
        self.wait_carried(late, "pod1")
        self.assert_view(late, carriers=[{"interface": "pod1", "how": "tcx"}])
        self.assertEqual(self.shown()["gold"], 10)
        self.assertEqual((self.carrier.stop(), self.carrier.clean_up().returncode), (0, 0))
        eventually_equal("the carrier", self.status, None)
        self.assert_view(gold, **nothing)
        self.assertEqual(self.shown(), {})
        self.assertTrue(self.agent.is_ready())

    def fail_to_start(self):
        command = [program("netclsd-carrier"), "--config", self.agent.config_file, "--bpffs", self.host.work]
        self.assertEqual(self.host.run(command, self.networks.node.launcher()).returncode, 1)


class Problems(ShownTest):
    def test_an_interface_that_cannot_be_carried_and_a_fallback_that_is_missing_are_told(self):
        namespace = self.networks.pod()
        others = OtherProgram(self.networks.node, "pod0", 1, count=PROGRAMS_MAX)
        self.addCleanup(others.close)
        self.carrier.start()
        gold = self.make_pod("gold", namespace=namespace)
        self.assert_problem(gold, "pod0")
        self.assert_state("degraded")
        self.assertEqual(self.doctor()[0], "warn")
        self.assertEqual(self.agent.metrics().value("containers_without_carrier"), 1)
        self.assertIn("not carried as it should be: pod0", self.netclsctl("show", gold.id).stdout)
        others.close()
        self.assert_view(gold, carriers=[{"interface": "pod0", "how": "tcx"}], carry_problem=None)
        self.assert_state("ok")
        self.assertEqual(self.agent.metrics().value("containers_without_carrier"), 0)
        self.assertEqual(self.carrier.stop(), 0)
        self.carrier.hide_unified_hierarchy()
        self.carrier.start()
        self.assert_problem(gold, "cgroup")
        self.assert_state("ok")
        self.assertEqual(self.agent.metrics().value("containers_without_carrier"), 0)


class Unreadable(ShownTest):
    """carry.json is in a directory of root's alone; what is wrong with it is a mistake, or another version's work."""

    def test_what_no_carrier_wrote_is_told_and_does_no_harm(self):
        # Each says something else than the one before it: so it is known to have been read.
        self.assert_told("is not a JSON object", lambda path: path.write_text('{"version":1,"containers":[{"id":"'))
        self.assert_told("is not a regular file", lambda path: path.symlink_to("/etc/passwd"))
        self.assert_told("4194304", lambda path: path.write_text("[" * (5 << 20)))
        self.assert_told("is not a regular file", os.mkfifo)
        self.assert_told("belongs to user 1000", self.write_of_another_user)
        self.assertEqual(self.shown(), {})
        self.carrier.start()
        self.assert_state("ok")
        self.send(self.start_pod("gold"), 10)
        self.assert_shown(gold=10)

    def assert_told(self, expected, make):
        made = self.agent.state_dir / ".made"
        make(made)
        made.rename(self.carrier.report_file)
        eventually(f"it is told: {expected}", lambda: expected in (self.status() or {}).get("message", ""))
        self.assert_state("unreadable")

    def write_of_another_user(self, path):
        """One that would be believed."""
        path.write_text(json.dumps({"version": 1, "pid": self.agent.pid, "start_time": 1, "state": "ok",
                                    "past": [{"classid": 0x100001, "packets": 1000}]}))
        os.chown(path, 1000, 1000)
