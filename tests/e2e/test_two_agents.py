"""Two agents on one host, with sockets of their own and, by mistake, the same parent group: a package's and a chart's."""

from .support import kernel
from .support.agent import Agent
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually


class TwoAgents(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.start_agent(audit_interval="1s")
        self.other = Agent(self.host, name="other", audit_interval="1s").start()

    def start_container(self, name, agent):
        return self.make_container(name, "sh", "-c", "sleep 1000 & wait", agent=agent, annotations={CLASSID: "10:1"}).start()

    def sweeps(self, agent):
        return agent.metrics().value("sweeps_total", cause="audit")

    def test_each_leaves_the_others_containers_alone(self):
        mine, theirs = self.start_container("mine", self.agent), self.start_container("theirs", self.other)
        before = {agent: self.sweeps(agent) for agent in (self.agent, self.other)}
        for agent, swept in before.items():
            eventually("three audits", lambda agent=agent, swept=swept: self.sweeps(agent) >= swept + 3)
        for container, agent in ((mine, self.agent), (theirs, self.other)):
            self.assert_container_placed(container, 0x100001)
            self.assertEqual(set(agent.containers()), {container.id})
            now = agent.metrics()
            self.assertEqual((now.value("strays_repaired_total"), now.value("groups_repaired_total")), (0, 0))

    def test_the_end_of_one_leaves_the_others_containers_in_their_class(self):
        theirs = self.start_container("theirs", self.other)
        self.agent.stop()
        mine = self.start_container("after", self.other)
        for container in (theirs, mine):
            self.assertEqual(kernel.net_cls_path(container.pid), container.own_path())
