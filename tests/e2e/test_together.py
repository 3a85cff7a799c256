"""A node where net_cls is in one hierarchy with other controllers. A process that is moved into a class would leave the
group that limits it. So nothing is moved there, and each answer says why."""

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.host import TOGETHER
from .support.programs import program


class Together(EndToEndTest):
    layout = TOGETHER

    def setUp(self):
        super().setUp()
        self.make_agent()

    def assert_says_why(self, text):
        self.assertRegex(text, rf"net_cls is mounted together with (perf_event|hugetlb) at {self.host.net_cls_mount}: "
                               ".* lose the limits")

    def own_groups(self):
        """Also of the hook, which knows no configuration."""
        return self.host.groups() | self.host.groups("netclsd")

    def test_the_agent_refuses_to_prepare_and_to_start(self):
        for arguments in (["--prepare"], [], ["--net-cls-mount", "auto"]):
            done = self.host.run([program("netclsd"), "--config", self.agent.config_file, *arguments])
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assert_says_why(done.stderr)
            self.assert_one_line(done.stderr)
        self.assertEqual(self.own_groups(), set())

    def test_a_hierarchy_that_is_out_of_sight_is_explained_too(self):
        done = self.host.run(["unshare", "--mount", "sh", "-c", 'umount "$1"; exec "$2" --config "$3" --prepare', "sh",
                              self.host.net_cls_mount, program("netclsd"), self.agent.config_file])
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, "it is in one hierarchy with (perf_event|hugetlb)")

    def test_the_hook_places_nobody_and_says_so(self):
        log = self.host.work / "hook.log"
        container = self.make_container("together", annotations={CLASSID: "10:1"},
                                        hook_options=("--log-file", str(log))).start()
        self.assertEqual(kernel.net_cls_path(container.pid), kernel.own_net_cls_path())
        self.assertEqual(self.own_groups(), set())
        self.assertEqual(len(self.agent.spool_files()), 1)
        self.assert_says_why(log.read_text())

    def test_the_doctor_fails(self):
        done = self.netclsctl("doctor")
        self.assertEqual(done.returncode, 1)
        self.assert_says_why(done.stdout)
