"""Datagrams that look like the kernel's events. The agent ignores them from every sender that can reach its socket."""

import re

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.programs import program
from .support.truth import connector_port
from .support.waiting import eventually

AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all")
MULTICAST = 0


class ForgedEvents(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.start_agent(audit_interval="1h")
        self.container = self.make_container("forged", annotations={CLASSID: "10:1"}).make_privileged()
        self.container.add_program("forger")
        self.container.start()
        self.victim = self.start_process()

    def arguments(self, port):
        """That the container's init forked a process of the host: believed, it would be in the class."""
        return [str(port), str(self.container.pid), str(self.victim.pid)]

    def sent(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", done.stdout)}

    def assert_nobody_was_fooled(self):
        self.assertTrue(self.agent.is_ready())
        self.assert_container_placed(self.container, 0x100001)
        self.assertEqual(kernel.net_cls_path(self.victim.pid), kernel.own_net_cls_path())
        self.assertIsNone(self.agent.get(f"/v1/processes/{self.victim.pid}")["container"])
        # Events still arrive: the agent reacts to a real one.
        entrant = self.container.exec_detached("sleep", "1000")
        eventually("the entrant is placed", lambda: kernel.net_cls_path(entrant) == self.container.own_path())
        self.assertEqual(kernel.net_cls_path(self.victim.pid), kernel.own_net_cls_path())

    def test_of_a_user_without_privileges_the_kernel_takes_none(self):
        for port in (connector_port(self.agent.pid), MULTICAST):
            done = self.host.run([program("forger"), *self.arguments(port)], AS_NOBODY)
            self.assertEqual(self.sent(done)["sent"], 0, done.stdout)
            self.assertIn("EPERM", done.stdout)
        self.assert_nobody_was_fooled()

    def test_from_a_containers_network_they_reach_nobody(self):
        for port in (connector_port(self.agent.pid), MULTICAST):
            done = self.container.exec("forger", *self.arguments(port))
            if port != MULTICAST:  # a multicast without listeners is taken
                self.assertEqual(self.sent(done)["sent"], 0, done.stdout)
        self.assert_nobody_was_fooled()

    def test_of_root_in_the_hosts_network_the_agent_believes_none(self):
        """As a host-network pod with CAP_NET_ADMIN may."""
        for port in (connector_port(self.agent.pid), MULTICAST):
            done = self.host.run([program("forger"), *self.arguments(port)])
            self.assertGreater(self.sent(done)["sent"], 1000, done.stdout)
        self.assert_nobody_was_fooled()
