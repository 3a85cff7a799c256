"""An agent that is out of descriptors says "not now", which a hook can act on, and never "no"."""

import json
import os
import resource
import socket

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually, eventually_equal


class OutOfDescriptors(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.host.use_default_parent()
        self.start_agent()
        self.limits = resource.prlimit(self.agent.pid, resource.RLIMIT_NOFILE)

    def leave(self, spare):
        """Lets the agent open only so many more. (The limit is on the highest number.)"""
        numbers = {int(name) for name in os.listdir(f"/proc/{self.agent.pid}/fd")}
        free = [number for number in range(max(numbers) + spare + 2) if number not in numbers]
        resource.prlimit(self.agent.pid, resource.RLIMIT_NOFILE, (free[spare], self.limits[1]))

    def leave_all(self):
        resource.prlimit(self.agent.pid, resource.RLIMIT_NOFILE, self.limits)

    def test_a_container_is_in_its_class_and_registered_later(self):
        containers = []
        for spare in range(1, 6):  # the connection, the peer's pidfd and its file, /proc, the group
            self.leave(spare)
            containers.append(self.make_container(f"spare{spare}", annotations={CLASSID: f"10:{spare}"}).start())
            self.assertEqual(kernel.net_cls_path(containers[-1].pid), containers[-1].own_path(), f"{spare} were left")
            self.leave_all()
        eventually_equal("files in the spool", self.agent.spool_files, set())
        for spare, container in enumerate(containers, 1):
            self.assert_container_placed(container, 0x100000 + spare)
        self.assertEqual(set(self.agent.containers()), {container.id for container in containers})

    def test_whose_pid_cannot_be_looked_at_is_not_gone(self):
        process = self.start_process()
        target = f"/v1/containers/{self.host.prefix}-late"
        body = json.dumps({"pid": process.pid, "annotations": {CLASSID: "10:1"}})
        before = self.descriptors()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(self.agent.socket))
            connection.sendall(f"PUT {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            eventually_equal("descriptors", self.descriptors, before + 1)
            self.leave(0)
            connection.sendall(body.encode())
            answer = connection.makefile().read()
        self.leave_all()
        self.assertRegex(answer, r"\AHTTP/1.1 503 ")
        self.assertIn("Too many open files", answer)
        eventually("it is registered", lambda: self.agent.request("PUT", target, body).status == 201)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.agent.pid}/fd"))
