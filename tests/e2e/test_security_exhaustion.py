"""Too much of everything that makes the agent work: requests, groups, annotations, processes. Counts limit all of it,
and others are served meanwhile."""

import json
import os
import socket
import threading
from urllib.parse import quote

from .support import kernel
from .support.agent import Stopwatch
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually, eventually_equal

MIB = 1 << 20
# docs/security.md has what a million do; what grows with their number shows with these, too.
REQUESTS = int(os.environ.get("NETCLSD_E2E_REQUESTS", 20_000))
CLIENTS = 4
GROUPS = 100_000
DELEGATED = 40_000  # read in one go: a second, and a hook waits for half of one
FORKS_MAX = 300
BOMBER = 54_321  # a user of its own: RLIMIT_NPROC counts all processes of one


class Exhaustion(EndToEndTest):
    def start_container(self, name, classid="10:2", **options):
        """With a hook that must be answered."""
        options.setdefault("hook_options", ("--timeout", "10s", "--on-failure", "deny"))
        return self.make_container(name, annotations={CLASSID: classid}, **options).start()

    def assert_serves_others(self, name="newcomer"):
        with Stopwatch() as watch:
            container = self.start_container(name)
            container.exec_detached("sleep", "1000")
            self.assert_container_placed(container, 0x100002)
        return watch.ms


class Requests(Exhaustion):
    def send(self, numbers, body, statuses):
        """On connections of their own each, as the hook does."""
        for number in numbers:
            target = quote(f"/v1/containers/{self.host.prefix}-{number}")
            text = body(number)
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(20)
                client.connect(str(self.agent.socket))
                client.sendall(f"PUT {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                               f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
                answer = client.recv(4096).decode()
                while client.recv(4096):
                    pass
            statuses.append(int(answer.split()[1]))

    def send_all(self, count, body):
        """status → how many answers had it"""
        statuses = []
        threads = [threading.Thread(target=self.send, args=(range(n, count, CLIENTS), body, statuses))
                   for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {status: statuses.count(status) for status in set(statuses)}

    def test_registrations_of_the_dead_leave_nothing_in_memory_nor_on_disk(self):
        self.start_agent(log={"level": "warning", "format": "text"})
        dead = self.host.popen(["true"])
        dead.wait()

        def body(number):  # each with a name, a version and a class of its own
            return json.dumps({"pid": dead.pid, "start_time": number + 1, "source": "hook", "bundle": f"/b{number}",
                               "hook_version": f"1.{number}", "annotations": {CLASSID: f"{number % 65_535 + 1:x}:1"}})
        self.send_all(REQUESTS // 10, body)
        descriptors, series = len(os.listdir(f"/proc/{self.agent.pid}/fd")), len(self.agent.metrics_text())
        before = kernel.resident_bytes(self.agent.pid)
        with Stopwatch() as watch:
            self.assertEqual(self.send_all(REQUESTS, body), {409: REQUESTS})
        after = kernel.resident_bytes(self.agent.pid)
        print(f"\n    {REQUESTS} registrations of the dead in {watch.ms / 1000:.1f} s; the agent's memory went from "
              f"{before / MIB:.1f} to {after / MIB:.1f} MiB", end=" ", flush=True)
        self.assertLess(after - before, 4 * MIB)
        self.assertEqual(self.host.groups(), set())
        self.assertEqual(self.agent.state_files() | self.agent.spool_files(), set())
        self.assertEqual(self.agent.containers(), {})
        self.assertLessEqual(len(os.listdir(f"/proc/{self.agent.pid}/fd")), descriptors + CLIENTS)
        self.assertLess(len(self.agent.metrics_text()), series + 4096, "no series for each")
        self.assert_serves_others()

    def test_bodies_at_the_limit_leave_nothing_in_memory(self):
        self.start_agent()

        def body(number):
            text = json.dumps({"pid": 1 << 22, "annotations": {f"x{number}": ""}, "source": "api"})
            return text.replace('""', '"' + "y" * (MIB - len(text)) + '"')
        self.send_all(16, body)
        before = kernel.resident_bytes(self.agent.pid)
        self.assertEqual(self.send_all(100, body), {200: 100})  # asks for no class
        after = kernel.resident_bytes(self.agent.pid)
        print(f"\n    100 MiB in 100 bodies: {before / MIB:.1f} → {after / MIB:.1f} MiB", end=" ", flush=True)
        self.assertLess(after - before, 32 * MIB)
        self.assert_serves_others()


class Groups(Exhaustion):
    def test_so_many_groups_are_removed_at_the_start_and_nobody_waits_long(self):
        """Only root can make these; a hook that is killed leaves one behind each time."""
        self.make_agent(audit_interval="1h")
        parent = self.host.group()
        parent.mkdir()
        with Stopwatch() as made:
            for number in range(GROUPS):
                os.mkdir(parent / f"orphan{number}")
        with Stopwatch() as ready:
            self.agent.start(wait_ready=False)
            eventually("the agent is ready", self.agent.is_ready, deadline_s=120)
        self.assertEqual(len([path for path in parent.iterdir() if path.is_dir()]), 0)
        resident = kernel.resident_bytes(self.agent.pid)
        print(f"\n    {GROUPS} groups: made in {made.ms / 1000:.1f} s, removed and ready after "
              f"{ready.ms / 1000:.1f} s, {resident / MIB:.0f} MiB", end=" ", flush=True)
        self.assertLess(resident, 128 * MIB)
        self.assert_serves_others()

    def test_so_many_groups_made_while_it_runs_disturb_neither_sweep_nor_clean_up(self):
        self.start_agent(audit_interval="1h")
        container = self.start_container("stays")
        before = kernel.resident_bytes(self.agent.pid)
        for number in range(GROUPS // 50):
            os.makedirs(self.host.group(f"made{number}", "below"))
        self.assertEqual(self.agent.request("POST", "/v1/sweep").json["strays"], 0)
        self.assertLess(kernel.resident_bytes(self.agent.pid) - before, 32 * MIB)
        self.assert_serves_others()
        self.assert_container_placed(container, 0x100002)
        self.agent.stop()
        self.agent.start()
        self.assertEqual(self.host.groups(), {container.id, f"{self.host.prefix}-newcomer"})


class Delegated(Exhaustion):
    """A container whose own root may make cgroups below the container's."""

    def make_cgroups(self, container):
        top = self.host.seen("/sys/fs/cgroup" + container.spec["linux"]["cgroupsPath"])
        made = []
        self.host.on_close(lambda: [os.rmdir(path) for path in reversed(made)])
        for branch in range(DELEGATED // 1000):
            for path in (top / str(branch), *(top / str(branch) / str(number) for number in range(999))):
                os.mkdir(path)
                made.append(path)

    def test_nobody_waits_while_its_many_cgroups_are_looked_into(self):
        self.start_agent(audit_interval="1h")
        tenant = self.start_container("tenant")
        self.make_cgroups(tenant)
        entrant = tenant.exec_detached("sleep", "1000")  # makes the agent list all of them
        for number in range(3):
            newcomer = self.make_container(f"newcomer{number}", "cat", "/proc/self/cgroup",
                                           annotations={CLASSID: "10:1"})
            self.assert_shows_group(newcomer.run().stdout, newcomer)
        self.assertEqual(self.agent.metrics().value("registrations_total", source="hook"), 4, "none by the spool")
        eventually_equal("where the entrant is", lambda: kernel.net_cls_path(entrant), tenant.own_path())
        self.assertEqual(self.agent.request("POST", "/v1/sweep").json["strays"], 0)


class Annotations(Exhaustion):
    def annotated(self, name, size, **options):
        """Valid, and with something beside it that is as large."""
        return self.make_container(name, annotations={CLASSID: "10:1", "x": "y" * size}, **options)

    def test_as_much_as_a_cluster_admits_is_registered(self):
        """Kubernetes: 256 KiB for all annotations of an object."""
        self.start_agent()
        container = self.annotated("large", 256 * 1024).start()
        self.assert_container_placed(container, 0x100001)
        self.assertLess((self.agent.state_dir / "containers" / f"{container.id}.json").stat().st_size, 4096)

    def test_what_others_wrote_is_not_sent_however_it_is_escaped(self):
        """The runtime writes each "<" of the state in six bytes, and so would the request."""
        self.start_agent(default_class="bulk")
        for name, annotations in (("own", {CLASSID: "10:1"}), ("default", {})):
            container = self.make_container(name, annotations={**annotations, "x": "<" * (256 * 1024)}).start()
            self.assert_container_placed(container, 0x100001 if annotations else 0x100020)
        container = self.annotated("more", 2 * MIB).start()
        self.assert_container_placed(container, 0x100001)

    def test_more_than_is_read_refuses_that_container_and_no_other(self):
        self.start_agent()
        container = self.annotated("huge", 17 * MIB, hook_options=("--on-failure", "deny"))
        self.assertNotEqual(container.run(check=False).returncode, 0)
        self.assertIsNone(self.agent.container(container.id))
        self.assertEqual(self.agent.spool_files(), set())
        self.assert_serves_others()

    def test_many_small_ones_are_no_better(self):
        self.start_agent()
        container = self.make_container("many", annotations={CLASSID: "10:1", **{f"k{n}": "v" for n in range(50_000)}},
                                        hook_options=("--timeout", "2s")).start()
        self.assert_container_placed(container, 0x100001)
        self.assert_serves_others()


class ForkBomb(Exhaustion):
    def test_others_are_served_while_a_container_forks_without_end(self):
        self.start_agent(audit_interval="1s")
        bomb = self.make_container("bomb", "sh", "-c",
                                   "b() { while true; do (sleep 0.01 & sleep 0.02 &) 2>/dev/null; done; }; b & b & b",
                                   annotations={CLASSID: "10:1"})
        bomb.spec["process"]["user"] = {"uid": BOMBER, "gid": BOMBER}
        bomb.spec["process"]["rlimits"] = [{"type": "RLIMIT_NPROC", "soft": FORKS_MAX, "hard": FORKS_MAX}]
        bomb.write_spec()
        bomb.start()
        before = self.agent.metrics().value("events_total", event="fork")
        eventually("it is at it", lambda: self.agent.metrics().value("events_total", event="fork") > before + 1000)
        took_ms = self.assert_serves_others()
        for _ in range(20):
            strangers = kernel.pids_in_group(bomb.own_group()) - bomb.members()
            self.assertEqual({pid for pid in strangers if self.is_stranger(pid, bomb)}, set())
        forks = self.agent.metrics().value("events_total", event="fork") - before
        dropped = self.agent.metrics().value("events_dropped_total")
        bomb.kill()
        eventually_equal("its processes", bomb.members, set())
        bomb.delete()
        self.wait_released(bomb)
        print(f"\n    another container was up after {took_ms:.0f} ms, amid {forks:.0f} forks, {dropped:.0f} dropped",
              end=" ", flush=True)
        self.assertEqual(self.agent.request("POST", "/v1/sweep").json["strays"], 0)
        self.assertLess(kernel.resident_bytes(self.agent.pid), 512 * MIB)

    @staticmethod
    def is_stranger(pid, container):
        """Now, not when the list was made."""
        own = container.spec["linux"]["cgroupsPath"]
        return kernel.is_alive(pid) and not kernel.is_at_or_below(pid, own) and kernel.is_alive(pid)
