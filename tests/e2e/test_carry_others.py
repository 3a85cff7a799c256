"""Beside others at the same place: Cilium, which has the last word at its devices and deletes all filters of clsact there,
whoever's they are; and the CNI's bandwidth plugin, which has a filter of another kind at our preference."""

from .support.other_program import ACCEPT, Clsact, OtherProgram
from .support.programs import tool
from .support.waiting import eventually, eventually_equal
from .test_carry import CarryTest

OURS, THEIRS = "netclsd_carry", "other_program"


class OthersTest(CarryTest):
    carry = {"to": "mark", "mask": "0xff00", "shift": 8, "map": {"gold": 3}}

    def setUp(self):
        super().setUp()
        self.namespace = self.networks.pod()
        self.clsact = Clsact(self.networks.node, "pod0")

    def put_theirs(self, mark_bit, how, **options):
        theirs = OtherProgram(self.networks.node, "pod0", mark_bit, how, **options)
        self.addCleanup(theirs.close)
        return theirs

    def carry_gold(self):
        self.carrier.start()
        self.container = self.make_pod("gold", namespace=self.namespace)
        self.wait_carried(self.container)

    def assert_mark_of_packets(self, expected):
        """Of those that are sent now."""
        self.networks.forget_marks()
        self.send(self.container, 10)
        self.assert_marks({expected: 10})

    def assert_before_us(self, expected):
        eventually_equal("programs before ours", lambda: self.carrier.before_us(self.container.id, "pod0"), expected)

    def clean_up(self):
        self.assertEqual(self.carrier.stop(), 0)
        self.assertEqual(self.carrier.clean_up().returncode, 0)


class WithTcx(OthersTest):
    def test_one_that_goes_from_clsact_to_tcx_leaves_the_carrier_alone(self):
        self.clsact.add()
        self.put_theirs(1, "clsact ingress", verdict=ACCEPT)
        self.carry_gold()
        self.assert_mark_of_packets(0x301)
        self.put_theirs(2, "last", verdict=ACCEPT)
        self.clsact.delete_all_filters()
        self.assert_mark_of_packets(0x302)
        self.assert_before_us(0)
        self.assertEqual(self.carrier.report()["totals"]["repairs"], 0)
        self.clean_up()
        self.assert_mark_of_packets(0x2)


class WithoutTcx(OthersTest):
    """What a kernel before 6.6 does."""

    faults = "tcx_probe=ENODEV"

    def assert_filters(self, *expected):
        eventually_equal("filters", self.clsact.filters, list(expected))

    def test_a_filter_that_somebody_deletes_with_his_own_is_put_back_at_the_next_audit(self):
        self.clsact.add()
        self.put_theirs(1, "clsact ingress", verdict=ACCEPT)
        self.carry_gold()
        self.assert_filters(OURS, THEIRS)
        self.assert_mark_of_packets(0x301)
        self.clsact.delete_all_filters()
        self.assert_filters(OURS)
        eventually_equal("repairs", lambda: self.carrier.report()["totals"]["repairs"], 1)
        self.assert_mark_of_packets(0x300)
        self.put_theirs(2, "clsact ingress")
        self.assert_before_us(1)
        self.assert_mark_of_packets(0x302)
        self.clean_up()
        self.assert_filters(THEIRS)
        self.assert_mark_of_packets(0x2)

    def test_a_filter_of_another_kind_at_the_same_preference_is_told_and_stays(self):
        on_pod0 = (tool("tc"), "filter", "add", "dev", "pod0", "parent", "ffff:", "protocol", "all", "prio", "1")
        self.networks.node.run(tool("tc"), "qdisc", "add", "dev", "pod0", "ingress")
        self.networks.node.run(*on_pod0, "u32", "match", "u32", "0", "0", "flowid", "1:1")
        self.carrier.start()
        self.container = self.make_pod("gold", namespace=self.namespace)
        eventually("it is told", lambda: "preference 1" in self.carrier.problem_of(self.container.id))
        self.assertIn("flowid 1:1", self.networks.node.run(tool("tc"), "filter", "show", "dev", "pod0", "ingress"))
        self.assert_mark_of_packets(0)
        self.clsact.delete_all_filters()
        self.wait_carried(self.container)
        self.assert_mark_of_packets(0x300)
        self.clean_up()
        self.assertEqual(self.clsact.filters(), [])
        self.assertIn("ingress", self.networks.node.run(tool("tc"), "qdisc", "show", "dev", "pod0"))

    def test_a_qdisc_that_the_carrier_made_stays_as_long_as_others_use_it(self):
        self.carry_gold()
        self.put_theirs(1, "clsact egress")
        self.clsact.delete_all_filters()
        self.assert_filters(OURS)
        eventually_equal("repairs", lambda: self.carrier.report()["totals"]["repairs"], 1)
        self.assertEqual(self.clsact.filters("egress"), [THEIRS])
        self.assert_mark_of_packets(0x300)
        self.clean_up()
        self.assertEqual((self.clsact.filters(), self.clsact.filters("egress")), ([], [THEIRS]))
