"""No space in the state directory: containers get their class all the same, every answer says so, and registrations are
saved when there is space again."""

import signal

from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually, eventually_equal


class DiskFull(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.make_agent(audit_interval="1h")
        done = self.host.run(["sh", "-c", f"mkdir {self.agent.state_dir} && "
                              f"mount -t tmpfs -o size=64k tmpfs {self.agent.state_dir}"])
        self.assertEqual(done.returncode, 0, done.stderr)
        # Seen from here, the mount in the host's namespace has another path.
        self.agent.socket = self.host.seen(self.agent.socket)
        self.hook_socket = self.agent.state_dir / "agent.sock"
        self.hook_log = self.host.work / "hook.log"  # runc shows what a hook says only if the hook fails
        self.state_dir = self.host.seen(self.agent.state_dir)
        self.agent.start()

    def make(self, name):
        """Its hook is given paths as the host sees them."""
        from_here, self.agent.socket = self.agent.socket, self.hook_socket
        try:
            return self.make_container(name, annotations={CLASSID: "10:1"},
                                       hook_options=("--log-file", str(self.hook_log)))
        finally:
            self.agent.socket = from_here

    def fill(self):
        with open(self.state_dir / "filler", "wb", buffering=0) as filler:
            while True:
                try:
                    filler.write(b"\0" * 4096)
                except OSError:
                    return

    def kept(self, container):
        return (self.state_dir / "containers" / f"{container.id}.json").exists()

    def test_placed_told_and_kept_again(self):
        before = self.make("before").start()
        self.fill()
        container = self.make("full").start()
        self.assert_container_placed(container, 0x100001)
        self.assertFalse(self.kept(container))
        said = self.hook_log.read_text() if self.hook_log.exists() else ""
        self.assertIn("No space left", said, "the hook tells")
        self.assert_one_line(said)
        answer = eventually("/readyz says 503", self.not_ready)
        self.assertIn("No space left", answer.body)
        self.assertEqual(self.agent.metrics().value("ready"), 0)
        self.assertEqual({before.id, container.id}, set(self.agent.containers()))
        entrant = container.exec_detached("sleep", "1000")
        self.assertIn(entrant, container.members())
        self.assert_container_placed(container, 0x100001)

        (self.state_dir / "filler").unlink()
        eventually("it is ready again", self.agent.is_ready)
        self.assertEqual(self.agent.metrics().value("ready"), 1)
        self.assertTrue(self.kept(container))
        self.agent.stop(signal.SIGKILL)
        self.agent.start()
        self.assertEqual({before.id, container.id}, set(self.agent.containers()))
        self.assert_container_placed(container, 0x100001)

    def not_ready(self):
        answer = self.agent.request("GET", "/readyz")
        return answer if answer.status == 503 else None

    def test_release_needs_no_space(self):
        container = self.make("released").start()
        self.fill()
        container.delete()
        eventually_equal("containers", self.agent.containers, {})
        eventually("the state file is gone", lambda: not self.kept(container))

    def test_start_needs_no_space(self):
        container = self.make("restart").start()
        self.agent.stop(signal.SIGKILL)
        self.fill()
        self.agent.start()
        self.assertEqual(set(self.agent.containers()), {container.id})
