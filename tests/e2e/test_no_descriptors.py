"""An agent that is out of descriptors says "not now", which a hook can act on, and never "no"."""

import json
import os
import resource
import socket
import time

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually_equal


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
        self.assertEqual(self.status_with(0, target, body), 503)
        # The more are left, the further a registration comes: /proc, the group, its control files, the agent's file.
        for spare in range(1, 5):
            self.assertIn(self.status_with(spare, target, body), {503, 201}, f"{spare} were left")
        self.assertEqual(self.agent.request("PUT", target, body).status, 201)

    def status_with(self, spare, target, body):
        """Of a request that the agent has begun to read when it may open only so many more."""
        before = self.settled_descriptors()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(self.agent.socket))
            connection.sendall(f"PUT {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            eventually_equal("descriptors", self.descriptors, before + 1)
            self.leave(spare)
            connection.sendall(body.encode())
            answer = connection.makefile().read()
        self.leave_all()
        status = int(answer.split()[1])
        if status not in {200, 201}:
            self.assertIn("Too many open files", answer)
        self.agent.request("DELETE", target + "?force=true")
        eventually_equal("descriptors when all is over", self.descriptors, before)
        return status

    def descriptors(self):
        """Those that stay: what the agent has open for a moment, to read /proc, is not among them."""
        return min(len(os.listdir(f"/proc/{self.agent.pid}/fd")) for _ in range(20))

    def settled_descriptors(self):
        """Without connections of earlier requests either, which the agent may not have closed yet."""
        counts = []
        for _ in range(30):
            counts.append(self.descriptors())
            time.sleep(0.01)
        return min(counts)
