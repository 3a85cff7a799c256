"""Wrong files of every kind in the state directory and the spool: moved aside, logged and counted, and never fatal."""

import json
import os
import signal

from .support import kernel
from .support.agent import Stopwatch
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually_equal

SPOOL_ENTRIES = 100_000


class BadFiles(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.start_agent(audit_interval="1h")
        self.container = self.make_container("good", annotations={CLASSID: "10:1"}).start()
        self.good = self.agent.state_dir / "containers" / f"{self.container.id}.json"
        self.text = self.good.read_text()
        self.agent.stop(signal.SIGKILL)

    def put_bad_files(self, directory, text):
        """The names of those that cannot be read, as `text` is of a good one."""
        value = json.loads(text)
        contents = {
            "empty": b"",
            "torn": text[:len(text) // 2].encode(),
            "binary": os.urandom(512),
            "zeros": b"\0" * 4096,
            "huge": b"[" * (2 << 20),
            "deep": b"[" * 50_000,
            "array": b"[]",
            "future": json.dumps({**value, "version": 999}).encode(),
            "foreign": b'{"hello": "world"}',
            "types": json.dumps({**value, "pid": "one"}).encode(),
            "escape": json.dumps({**value, "id": "../../escape"}).encode(),
        }
        for name, content in contents.items():
            (directory / f"{name}.json").write_bytes(content)
        os.mkfifo(directory / "fifo.json")
        (directory / "link.json").symlink_to("/etc/passwd")
        (directory / "dangling.json").symlink_to("/no/such/file")
        (directory / "directory.json").mkdir()
        (directory / ".unfinished").write_bytes(b"{")
        return {f"{name}.json" for name in (*contents, "fifo", "link", "dangling", "directory")}

    def failures(self, reason):
        return self.agent.metrics().value("registration_failures_total", reason=reason)

    def check_good_one_is_known(self):
        self.assertEqual(set(self.agent.containers()), {self.container.id})
        self.assert_container_placed(self.container, 0x100001)

    def check_log(self, event, names):
        lines = [line for line in self.agent.log().splitlines() if event in line]
        self.assertEqual({name for name in names if not any(name in line for line in lines)}, set(),
                         f"files that no line {event} names")

    def test_state_files(self):
        names = self.put_bad_files(self.good.parent, self.text)
        self.agent.start()
        self.check_good_one_is_known()
        eventually_equal("state files", self.agent.state_files,
                         {self.good.name} | {name + ".unreadable" for name in names})
        self.assertEqual(self.failures("malformed"), len(names))
        self.check_log("state_not_readable", names)
        self.assertEqual(os.readlink(self.good.parent / "link.json.unreadable"), "/etc/passwd")

        self.agent.stop()
        self.agent.start()
        self.assertEqual(self.failures("malformed"), 0, "what was moved aside is not read again")
        self.check_good_one_is_known()

    def spool_entry(self, name, pid=1 << 22):
        return {"version": 1, "id": f"{self.host.prefix}-{name}", "pid": pid, "start_time": 1, "bundle": "/bundle",
                "annotations": {CLASSID: "10:1"}, "source": "hook"}

    def test_spool_entries(self):
        names = self.put_bad_files(self.agent.spool, json.dumps(self.spool_entry("bad")))
        (self.agent.spool / "gone.json").write_text(json.dumps(self.spool_entry("gone")))
        self.agent.start()
        eventually_equal("files in the spool", lambda: self.agent.spool_files() - {".unfinished"},
                         {name + ".unreadable" for name in names})
        self.assertEqual(self.failures("malformed"), len(names))
        self.assertEqual(self.failures("gone"), 1)
        self.check_log("spool_entry_not_readable", names)
        self.check_good_one_is_known()

    def test_hundred_thousand_spool_entries_stop_nobody(self):
        last = self.make_container("last", stages=()).start()  # no hook: the agent knows it from the spool alone
        self.fill_spool(last)
        with Stopwatch() as ready:
            self.agent.start()
        self.check_good_one_is_known()
        with Stopwatch() as taken:
            container = self.make_container("meanwhile", annotations={CLASSID: "10:2"},
                                            hook_options=("--timeout", "10s")).start()
        self.assertEqual(self.agent.container(container.id)["source"], "hook")
        self.assertEqual(self.agent.request("GET", "/readyz").status, 200)
        left = len(self.agent.spool_files())
        self.assertGreater(left, 0, "the spool was empty before the others were served: this shows nothing")
        self.assert_container_placed(container, 0x100002)

        with Stopwatch() as empty:
            eventually_equal("files in the spool", self.agent.spool_files, set(), deadline_s=300)
        self.assertEqual(self.failures("gone"), SPOOL_ENTRIES - 1)
        self.assertEqual(self.agent.container(last.id)["source"], "spool")
        self.assert_container_placed(last, 0x100003)
        print(f"\n    ready after {ready.ms:.0f} ms with {SPOOL_ENTRIES} entries in the spool; a container was started "
              f"meanwhile in {taken.ms:.0f} ms, {left} entries were left then; none {empty.ms / 1000:.0f} s later",
              end=" ", flush=True)

    def fill_spool(self, last):
        """Each entry is of another container without a living process, except the last one."""
        for n in range(SPOOL_ENTRIES - 1):
            (self.agent.spool / f"dead{n}.json").write_text(json.dumps(self.spool_entry(f"dead{n}")))
        entry = {**self.spool_entry("last", last.pid), "start_time": kernel.start_time(last.pid),
                 "annotations": {CLASSID: "10:3"}}
        (self.agent.spool / "last.json").write_text(json.dumps(entry))
