"""The base of the tests: a host, an agent and containers that end with the test."""

import json
import unittest

from . import kernel
from .agent import Agent
from .container import Container
from .host import V2, Host
from .programs import program
from .waiting import eventually_equal


class EndToEndTest(unittest.TestCase):
    layout = V2
    maxDiff = None

    def setUp(self):
        self.host = Host(self.layout)
        self.addCleanup(self.host.close)

    def make_agent(self, **options):
        """Not started yet."""
        self.agent = Agent(self.host, **options)
        return self.agent

    def start_agent(self, **options):
        return self.make_agent(**options).start()

    def make_container(self, name, *command, agent=None, **options):
        return Container(self.host, agent or self.agent, name, command or ("sleep", "1000"), **options)

    def start_process(self, *command, launcher=(), **options):
        """A process of the host that ends with the test."""
        process = self.host.popen(command or ("sleep", "1000"), launcher, **options)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def netclsctl(self, *arguments):
        return self.host.run([program("netclsctl"), "--socket", self.agent.socket, *arguments])

    def netclsctl_json(self, *arguments):
        done = self.netclsctl("-o", "json", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    # --- assertions about what the kernel says ---

    def assert_exactly_in_group(self, members, directory, path):
        """All of `members()` are in the group at `path`, and no other process is."""
        eventually_equal(f"members that are not in {path}",
                         lambda: {pid: where for pid in members()
                                  if (where := kernel.net_cls_path(pid)) not in (path, None)}, {})
        eventually_equal(f"processes in {path} that are not members",
                         lambda: kernel.pids_in_group(directory) - members(), set())

    def assert_container_placed(self, container, raw_classid):
        self.assertEqual(kernel.classid(container.own_group()), raw_classid)
        self.assert_exactly_in_group(container.members, container.own_group(), container.own_path())

    def assert_in_class(self, container, raw_classid):
        """Like assert_container_placed, wherever the group is: on cgroup v1 it is the runtime's."""
        path = kernel.net_cls_path(container.pid)
        group = self.host.seen(self.host.net_cls_mount) / path.lstrip("/")
        self.assertEqual(kernel.classid(group), raw_classid)
        self.assert_exactly_in_group(container.members, group, path)

    def assert_not_managed(self, container):
        self.assertIsNone(self.agent.container(container.id))
        self.assertEqual({kernel.net_cls_path(pid) for pid in container.members()}, {kernel.own_net_cls_path()})

    def wait_released(self, container):
        """Waits until nothing is left of the container: no registration, no group, no state file."""
        eventually_equal(f"{container.id} is known", lambda: self.agent.container(container.id), None)
        eventually_equal("groups", lambda: container.id in self.host.groups(), False)
        eventually_equal("state files",
                         lambda: {name for name in self.agent.state_files() if name.startswith(container.id)}, set())

    def hook_command(self, *arguments):
        return [program("netclsd-hook"), "--socket", self.agent.socket, "--spool", self.agent.spool, *arguments]

    def assert_shows_group(self, proc_self_cgroup, container):
        """The /proc/self/cgroup that a process read names the container's own group."""
        self.assertRegex(proc_self_cgroup, rf"(?m)^\d+:net_cls(,net_prio)?:{container.own_path()}$")

    def assert_one_line(self, text):
        self.assertEqual(len(text.strip().splitlines()), 1, f"not one line: {text!r}")
