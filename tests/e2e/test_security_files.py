"""Foreign files in the agent's state directory and its spool. Only root can put them there. The agent believes none,
follows none, is blocked by none, and writes nothing outside. test_bad_files has those whose content
is wrong."""

import json
import os
import signal
import socket

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually_equal

NOBODY = 65534


class FilesOfOthers(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.start_agent(audit_interval="1h")
        self.container = self.make_container("good", annotations={CLASSID: "10:1"}).start()
        self.victim = self.start_process()
        self.precious = self.host.work / "precious"
        self.good = self.agent.state_dir / "containers" / f"{self.container.id}.json"

    def registration(self, name):
        """As a hook would leave it: believed, it gives the victim a class."""
        return json.dumps({"version": 1, "id": f"{self.host.prefix}-{name}", "pid": self.victim.pid,
                           "start_time": kernel.start_time(self.victim.pid), "bundle": "/bundle",
                           "annotations": {CLASSID: "10:1"}, "source": "hook"})

    def state(self, name):
        """As the agent would keep it."""
        return json.dumps({**json.loads(self.good.read_text()), "id": f"{self.host.prefix}-{name}",
                           "pid": self.victim.pid, "start_time": kernel.start_time(self.victim.pid),
                           "directory": f"{self.host.parent}/{self.host.prefix}-{name}"})

    def put_files(self, directory, text):
        """The names of all that must not be believed. Their content is right."""
        path = {name: directory / f"{self.host.prefix}-{name}.json" for name in
                ("link", "hard", "owned", "group", "world", "fifo", "null", "zero", "socket", "directory", "sparse")}
        self.precious.write_text(text("link"))
        path["link"].symlink_to(self.precious)
        self.hard = self.host.work / "hard"
        self.hard.write_text(text("hard"))
        os.link(self.hard, path["hard"])
        for name, mode in (("owned", 0o600), ("group", 0o620), ("world", 0o602)):
            path[name].write_text(text(name))
            path[name].chmod(mode)
        os.chown(path["owned"], NOBODY, NOBODY)
        os.mkfifo(path["fifo"])
        os.mknod(path["null"], 0o600 | 0o020000, os.makedev(1, 3))
        os.mknod(path["zero"], 0o600 | 0o020000, os.makedev(1, 5))
        socket.socket(socket.AF_UNIX).bind(str(path["socket"]))
        path["directory"].mkdir()
        path["sparse"].write_text(text("sparse"))
        os.truncate(path["sparse"], 1 << 40)
        return {each.name for each in path.values()}

    def assert_none_believed(self, names, files):
        eventually_equal("files that were looked at", lambda: {name for name in files() if name in names}, set())
        self.assertEqual({name for name in files() if name.endswith(".unreadable")},
                         {name + ".unreadable" for name in names})
        self.assertEqual(self.agent.metrics().value("registration_failures_total", reason="malformed"), len(names))
        self.assertEqual(set(self.agent.containers()), {self.container.id})
        self.assertEqual(self.host.groups(), {self.container.id})
        self.assertEqual(kernel.net_cls_path(self.victim.pid), kernel.own_net_cls_path())
        self.assert_container_placed(self.container, 0x100001)
        self.assertIn("pid", self.precious.read_text())
        self.assertIn("pid", self.hard.read_text())
        self.assertTrue(self.agent.is_ready())

    def test_of_the_spool_only_files_of_its_own_are_believed(self):
        self.agent.stop(signal.SIGKILL)
        names = self.put_files(self.agent.spool, self.registration)
        self.agent.start()
        self.assert_none_believed(names, self.agent.spool_files)

    def test_of_the_state_only_files_of_its_own_are_believed(self):
        self.agent.stop(signal.SIGKILL)
        names = self.put_files(self.good.parent, self.state)
        self.agent.start()
        self.assert_none_believed(names, self.agent.state_files)

    def test_nothing_is_written_through_what_has_the_name_of_an_unfinished_file(self):
        """Of the agent in its state directory and of the hook in the spool."""
        self.precious.write_text("precious")
        name = f"{self.host.prefix}-written"
        for directory in (self.good.parent, self.agent.spool):
            os.link(self.precious, directory / f".{name}.json.tmp")
        container = self.make_container("written", annotations={CLASSID: "10:1"}).start()
        self.assert_container_placed(container, 0x100001)
        self.agent.stop()
        self.host.use_default_parent()
        spooled = self.make_container("spooled", annotations={CLASSID: "10:1"})
        os.mkfifo(self.agent.spool / f".{spooled.id}.json.tmp")
        spooled.start()
        self.assertIn(f"{spooled.id}.json", self.agent.spool_files())
        self.assertEqual(self.precious.read_text(), "precious")

    def test_a_group_or_a_classid_that_a_state_file_names_elsewhere_is_not_written(self):
        """What a file says of the hierarchy is only believed below it."""
        self.agent.stop(signal.SIGKILL)
        before = kernel.classid(self.host.seen(self.host.net_cls_mount))
        for n, directory in enumerate(("..", "../..", "/", "/etc", "a/../../b", f"{self.host.parent}/../../x", "")):
            value = {**json.loads(self.state(f"outside{n}")), "directory": directory}
            (self.good.parent / f"{self.host.prefix}-outside{n}.json").write_text(json.dumps(value))
        self.agent.start()
        self.assertEqual(set(self.agent.containers()), {self.container.id})
        self.assertEqual(kernel.classid(self.host.seen(self.host.net_cls_mount)), before)
        self.assertEqual(kernel.net_cls_path(self.victim.pid), kernel.own_net_cls_path())
