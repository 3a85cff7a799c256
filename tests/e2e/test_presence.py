"""The files by which others find the agent are removed or replaced while it runs."""

import os
import shutil
import socket
import urllib.error
import urllib.request

from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually


class Presence(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.start_agent()
        self.container = self.make_container("stays", annotations={CLASSID: "10:1"}).start()

    def readiness(self):
        """Over TCP, which needs no file."""
        try:
            with urllib.request.urlopen(f"http://{self.agent.configuration['listen']}/readyz", timeout=5) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.read().decode()
        except OSError:
            return "no answer"

    def assert_ends_and_comes_back(self, reason):
        eventually("it says why it is not ready", lambda: reason in self.readiness())
        self.assertEqual(self.agent.wait_end(), 1)
        self.assertIn(f"netclsd: {reason}", self.agent.log())
        self.agent.start()
        self.assert_container_placed(self.container, 0x100001)
        self.assertEqual(set(self.agent.containers()), {self.container.id})

    def test_a_socket_that_is_removed(self):
        self.agent.socket.unlink()
        self.assert_ends_and_comes_back(f"the socket {self.agent.socket} was removed or replaced")

    def test_a_socket_that_is_replaced_stays_the_others(self):
        self.agent.socket.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(self.agent.socket))
            inode = os.stat(self.agent.socket).st_ino
            self.assertEqual(self.agent.wait_end(), 1)
            self.assertEqual(os.stat(self.agent.socket).st_ino, inode)

    def test_a_state_directory_that_is_renamed_away_and_put_back(self):
        away = self.host.work / "away"
        self.agent.state_dir.rename(away)
        eventually("it is not ready", lambda: "removed or replaced" in self.readiness())
        away.rename(self.agent.state_dir)
        eventually("it is ready again", lambda: self.readiness().startswith("ok"))

    def test_a_spool_that_is_removed(self):
        shutil.rmtree(self.agent.spool)
        self.assert_ends_and_comes_back(f"the spool {self.agent.spool} was removed or replaced")
