"""With /proc mounted with hidepid, an agent without capabilities sees only itself: it must not say ready."""

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually, eventually_equal

# An instance of its own, as the option belongs to the mount (Linux 5.8).
HIDING = ["unshare", "--mount", "sh", "-c", 'mount -t proc -o "$0" proc /proc && exec "$@"']


class HiddenProcesses(EndToEndTest):
    def setUp(self):
        super().setUp()
        if not kernel.kernel_is_at_least(5, 8):
            self.skipTest("all mounts of /proc share their options before Linux 5.8")
        self.host.use_default_parent()

    def start_with(self, options, wait_ready=True):
        return self.make_agent(launcher=[*HIDING, options]).start(wait_ready=wait_ready)

    def remount(self, options):
        done = self.host.run(["nsenter", f"--mount=/proc/{self.agent.pid}/ns/mnt",
                              "mount", "-o", "remount," + options, "/proc"])
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_agent_ends_and_names_the_option(self):
        for options, shown in (("hidepid=invisible,gid=4711", "gid=4711,hidepid=invisible"),
                               ("hidepid=noaccess,gid=4711", "gid=4711,hidepid=noaccess"),
                               ("hidepid=ptraceable", "hidepid=ptraceable")):
            with self.subTest(options):
                agent = self.start_with(options, wait_ready=False)
                self.assertEqual(agent.wait_end(), 1, agent.log_tail())
                line = agent.log().strip().splitlines()[-1]
                self.assertIn(shown, line)
                self.assertIn("remount,hidepid=0", line)
                self.assertFalse(agent.is_ready())

    def test_a_group_that_may_see_all_is_enough(self):
        self.start_with("hidepid=invisible,gid=0")
        container = self.make_container("seen", annotations={CLASSID: "10:1"}).start()
        self.assert_container_placed(container, 0x100001)

    def test_hidden_while_the_agent_runs_is_not_now_and_nobody_is_forgotten(self):
        self.start_with("hidepid=off")
        before = self.make_container("before", annotations={CLASSID: "10:1"}).start()
        self.assert_container_placed(before, 0x100001)
        self.remount("hidepid=invisible,gid=4711")
        eventually_equal("readiness", self.agent.is_ready, False)
        self.assertIn("hidepid=invisible", self.agent.request("GET", "/readyz").body)
        self.assertEqual(self.agent.request("POST", "/v1/sweep").status, 503)
        hidden = self.make_container("hidden", annotations={CLASSID: "10:2"}).start()
        self.assertEqual(kernel.net_cls_path(hidden.pid), hidden.own_path(), "the hook has placed it")
        entrant = before.exec_detached("sleep", "1000")
        self.remount("hidepid=off")
        eventually("the agent is ready again", self.agent.is_ready)
        eventually_equal("files in the spool", self.agent.spool_files, set())
        self.assertEqual(set(self.agent.containers()), {before.id, hidden.id})
        eventually_equal("the entrant's group", lambda: kernel.net_cls_path(entrant), before.own_path())
        for container, raw_classid in ((before, 0x100001), (hidden, 0x100002)):
            self.assert_container_placed(container, raw_classid)
