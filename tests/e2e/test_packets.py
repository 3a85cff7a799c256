"""The purpose of everything: sockets carry the class, and packets are counted by it."""

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.programs import program
from .support.waiting import eventually

GOLD = 0x100001
# An entrant is a member from its exec on, but in the class only milliseconds later: it waits for that here.
_WHEN_PLACED = "until grep -q 'net_cls.*:{path}$' /proc/self/cgroup; do :; done; exec udp_tool send 9 {count}"


class Packets(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.start_agent()
        self.container = self.make_container("packets", "sh", "-c", "while :; do sleep 1; done",
                                             annotations={CLASSID: "10:1"})
        self.container.add_program("udp_tool")
        self.container.start()
        kernel.bring_up_loopback(self.container.pid)

    def count(self, raw_classid):
        counter = kernel.PacketCounter(self.container.pid, raw_classid)
        self.addCleanup(counter.close)
        return counter

    def assert_tagged(self, pid):
        eventually("its socket is tagged", lambda: kernel.socket_class_ids(pid) == [GOLD])

    def test_sockets_of_an_entrant_carry_the_class_even_if_opened_before_the_move(self):
        self.assert_tagged(self.container.exec_detached("udp_tool", "listen", "7777"))

    def test_sockets_of_a_child_of_init_carry_the_class(self):
        container = self.make_container("child", "sh", "-c", "udp_tool listen 7777 & wait",
                                        annotations={CLASSID: "10:1"})
        container.add_program("udp_tool")
        container.start()
        self.assert_tagged(eventually("the child", lambda: next(iter(container.members() - {container.pid}), None)))

    def test_a_stray_s_open_sockets_are_tagged_anew(self):
        entrant = self.container.exec_detached("udp_tool", "listen", "7777")
        self.assert_tagged(entrant)
        (self.host.seen(self.host.net_cls_mount) / "cgroup.procs").write_text(str(entrant))
        self.assertEqual(kernel.socket_class_ids(entrant), [0])
        self.agent.request("POST", "/v1/sweep")
        self.assert_tagged(entrant)

    def test_packets_are_counted_by_class(self):
        counter, other = self.count(GOLD), self.count(0x100002)
        command = _WHEN_PLACED.format(path=self.container.own_path(), count=100)
        for sent in (100, 200, 300):
            self.container.exec("sh", "-c", command)
            self.assertEqual(counter.packets(), sent)
        self.assertEqual(other.packets(), 0)

    def test_packets_of_a_process_of_the_host_are_not_counted(self):
        counter = self.count(GOLD)
        done = self.host.run(["nsenter", "-t", self.container.pid, "-n", program("udp_tool"), "send", "9", "10"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(counter.packets(), 0)
