"""Programs that start with descriptors 0 to 2 closed: text for stderr is dropped, and never goes into a file or socket
of theirs that got such a number."""

import json
import os

from .support.agent import MuteAgent
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.programs import program
from .support.waiting import eventually_equal

ALL = 'exec "$@" <&- >&- 2>&-'
BUT_STDIN = 'exec "$@" >&- 2>&-'
NULL = "/dev/null"


class ClosedDescriptors(EndToEndTest):
    def launcher(self, script):
        return ["/bin/sh", "-c", script, "sh"]

    def standard(self, pid):
        def name(number):
            try:
                return os.readlink(f"/proc/{pid}/fd/{number}")
            except FileNotFoundError:
                return "closed"
        return [name(number) for number in range(3)]

    def start(self, script, command, **options):
        return self.start_process(*command, launcher=self.launcher(script), **options)

    def mute_agent(self):
        """A process that asks it waits, so that the test can examine it."""
        mute = MuteAgent(self.host.work / "mute" / "agent.sock")
        self.addCleanup(mute.close)
        return self.host.work / "mute" / "agent.sock"

    def test_netclsctl(self):
        client = self.start(ALL, [program("netclsctl"), "--socket", self.mute_agent(), "--timeout", "20s", "status"])
        eventually_equal("its descriptors", lambda: self.standard(client.pid), [NULL] * 3)

    def test_the_hook(self):
        bundle = self.host.work / "bundle"
        bundle.mkdir()
        (bundle / "config.json").write_text(json.dumps({"ociVersion": "1.0.2", "annotations": {CLASSID: "10:1"}}))
        state = self.host.work / "state.json"
        init = self.start('exec "$@"', ["sleep", "1000"])
        state.write_text(json.dumps({"id": f"{self.host.prefix}-closed", "status": "created", "pid": init.pid,
                                     "bundle": str(bundle)}))
        with open(state, "rb") as stdin:
            hook = self.start(BUT_STDIN, [program("netclsd-hook"), "--socket", self.mute_agent(), "--spool",
                                          self.host.work / "spool", "--timeout", "20s", "prestart"], stdin=stdin)
        eventually_equal("its descriptors", lambda: self.standard(hook.pid), [str(state), NULL, NULL])

    def test_the_hook_without_a_state(self):
        for option, code in (("allow", 0), ("deny", 1)):
            done = self.host.run([program("netclsd-hook"), "--socket", "/none", "--spool", self.host.work / "spool",
                                  "--on-failure", option, "--log-file", self.host.work / "hook.log", "prestart"],
                                 self.launcher(ALL))
            self.assertEqual(done.returncode, code)
        lines = (self.host.work / "hook.log").read_text().splitlines()
        self.assertEqual([line.partition(" ")[2] for line in lines],
                         ["netclsd-hook: OCI state is empty; the container starts",
                          "netclsd-hook: OCI state is empty; the container is refused"])

    def test_netclsd(self):
        self.make_agent(launcher=self.launcher(ALL)).start()
        self.assertEqual(self.standard(self.agent.pid), [NULL] * 3)
        container = self.make_container("web", annotations={CLASSID: "10:1"}).start()
        self.assert_container_placed(container, 0x100001)
        json.loads((self.agent.state_dir / "containers" / f"{container.id}.json").read_text())
        self.assertEqual(self.agent.log(), "")

    def test_netclsd_prepare_and_clean_up(self):
        self.make_agent()
        for task in ("--prepare", "--clean-up"):
            done = self.host.run([program("netclsd"), task, "--config", self.agent.config_file], self.launcher(ALL))
            self.assertEqual(done.returncode, 0, task)
