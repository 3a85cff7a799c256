"""What a container sees of the agent: nothing. What happens if its socket is mounted into one is in test_peers."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID

CONNECT = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"


class FromAContainer(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.start_agent()
        self.container = self.make_container("curious", annotations={CLASSID: "10:1"}).start()

    def test_nothing_of_the_agent_is_to_be_seen(self):
        for path in (self.agent.socket, self.agent.state_dir, self.host.net_cls_mount, self.agent.config_file):
            with self.subTest(path):
                self.assertNotEqual(self.container.exec("grep", "-r", "x", str(path), check=False).returncode, 0)
        inside = self.container.exec("cat", *(f"/proc/self/{name}" for name in
                                              ("mountinfo", "environ", "net/unix", "net/tcp")))
        for word in (str(self.agent.socket), str(self.agent.state_dir), "net_cls", "netclsd"):
            self.assertNotIn(word, inside.stdout)

    def test_its_socket_has_no_abstract_name_that_needs_no_file_system(self):
        inodes = {os.readlink(each).strip("socket:[]") for each in Path(f"/proc/{self.agent.pid}/fd").iterdir()}
        sockets = [line.split() for line in open(f"/proc/{self.agent.pid}/net/unix")]
        names = [fields[7] for fields in sockets if len(fields) > 7 and fields[6] in inodes]
        self.assertEqual([os.path.dirname(name) for name in names], [str(self.agent.socket.parent)])

    def test_the_hook_leaves_no_open_descriptor_in_it(self):
        """Descriptors that a process of the runtime had open while the hook ran do not help either."""
        for pid in self.container.members():
            done = subprocess.run(["ls", "-l", f"/proc/{pid}/fd"], capture_output=True, text=True, check=True)
            self.assertNotIn("net_cls", done.stdout)
            self.assertNotIn("socket:", done.stdout)

    def test_another_user_of_the_host_cannot_connect(self):
        done = self.host.run([sys.executable, "-I", "-c", CONNECT, self.agent.socket],
                             ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], cwd="/")
        self.assertIn("PermissionError", done.stderr)
        with socket.socket(socket.AF_UNIX) as root:
            root.connect(str(self.agent.socket))
        self.assertTrue(kernel.is_alive(self.agent.pid))
