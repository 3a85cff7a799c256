"""States that runtimes give to their hooks, unchanged. The processes are real, their maker calls the hook, with `deny`.

runc's and crun's own are in the other tests. These states are those of other runtimes, and of runc and crun at unusual
moments. The processes are stand-ins, made as the runtime makes its own.
"""

import json
import os
import signal

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually

# Makes init and calls the hook about it, as a runtime does. PID in the state is init's, CALLER the runtime's own.
_RUNTIME = """
set -u
init=$1; state=$2; shift 2
$init sleep 1000 >/dev/null 2>&1 </dev/null &
pid=$!
while [ "$(cat /proc/$pid/comm)" != sleep ]; do sleep 0.01; done
printf '%s' "$state" | sed "s/PID/$pid/; s/CALLER/$$/" | "$@"
code=$?
echo "$pid"
exit $code
"""
OWN_MOUNTS = "unshare --mount"
HOSTS_MOUNTS = "exec"
MOUNTS = {"linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}]}}


class States(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.start_agent()
        self.bundle = self.host.work / "bundle"
        self.bundle.mkdir()
        self.write_config()

    def write_config(self, annotations=None, **members):
        (self.bundle / "config.json").write_text(json.dumps(
            {"ociVersion": "1.0.2", "annotations": annotations or {CLASSID: "10:1"}, **MOUNTS, **members}))

    def state(self, name, **fields):
        return {"ociVersion": "1.0.2", "id": f"{self.host.prefix}-{name}", "pid": "PID", "bundle": str(self.bundle),
                **fields}

    def call(self, state, *stage, init=OWN_MOUNTS):
        """The hook's exit code and line, and the pid of a stand-in for init."""
        text = json.dumps(state).replace('"PID"', "PID").replace('"CALLER"', "CALLER")
        done = self.host.run(["/bin/sh", "-c", _RUNTIME, "runtime", init, text,
                              *self.hook_command("--on-failure", "deny", *stage)])
        pid = int(done.stdout)
        self.addCleanup(os.kill, pid, signal.SIGKILL)
        return done.returncode, done.stderr.strip(), pid

    def start_in_own_mounts(self):
        process = self.start_process("unshare", "--mount", "sleep", "1000")
        eventually("its own mounts", lambda: kernel.comm(process.pid) == "sleep")
        return process

    def assert_registered(self, state, outcome):
        code, line, pid = outcome
        self.assertEqual((code, line), (0, ""))
        view = self.agent.container(state["id"])
        self.assertEqual((view["pid"], view["classid"]), (pid, "10:1"))
        self.assertEqual(kernel.net_cls_path(pid), f"/{self.host.parent}/{state['id']}")

    def assert_not_touched(self, state, pid):
        self.assertIsNone(self.agent.container(state["id"]))
        self.assertEqual(kernel.net_cls_path(pid), kernel.own_net_cls_path())
        self.assertEqual(self.agent.spool_files(), set())

    # --- runc restore ---

    def test_a_restored_container_is_registered(self):
        for stage in ((), ("prestart",), ("createRuntime",)):
            with self.subTest(stage=stage):
                state = self.state("restored" + "".join(stage), status="stopped", annotations={CLASSID: "10:1"})
                self.assert_registered(state, self.call(state, *stage))

    def test_a_number_that_is_another_process_s_by_now_is_not(self):
        other = self.start_in_own_mounts()
        state = self.state("reused", status="stopped", pid=other.pid)
        code, line, _ = self.call(state)
        self.assertEqual(code, 0)
        self.assertIn(f"pid {other.pid} was not made by who called the hook", line)
        self.assert_one_line(line)
        self.assert_not_touched(state, other.pid)

    # --- Kata ---

    def test_a_virtual_machine_is_not_classified(self):
        for pid, init in (("CALLER", OWN_MOUNTS), ("PID", HOSTS_MOUNTS)):  # a shim, a hypervisor
            for stage in ((), ("prestart",)):
                with self.subTest(pid=pid, stage=stage):
                    state = self.state("kata", pid=pid)
                    code, line, standin = self.call(state, *stage, init=init)
                    self.assertEqual(code, 0, line)
                    self.assertIn("there is nothing to place", line)
                    self.assert_one_line(line)
                    self.assert_not_touched(state, standin)

    def test_a_pod_does_not_escape_by_what_it_says_of_itself(self):
        """Its annotations and names are its own: only where its process lives counts."""
        annotations = {CLASSID: "10:1", "io.katacontainers.config.hypervisor.path": "/usr/bin/qemu-system-x86_64"}
        self.write_config(annotations)
        state = self.state("liar", status="created", annotations=annotations)
        self.assert_registered(state, self.call(state))

    # --- gVisor ---

    def test_the_containers_of_a_sandbox_start_and_have_the_class_of_the_first(self):
        first = self.state("first", status="created")
        outcome = self.call(first)
        self.assert_registered(first, outcome)
        sandbox = outcome[2]
        self.write_config({CLASSID: "10:2"})
        second = self.state("second", status="created", pid=sandbox)
        for stage in ((), ("prestart",)):
            code, line, _ = self.call(second, *stage)
            self.assertEqual(code, 0, line)
            self.assertIn(f"pid {sandbox} is the init of container {first['id']} already, in class 10:1", line)
            self.assert_one_line(line)
        self.assertIsNone(self.agent.container(second["id"]))
        self.assertEqual(kernel.net_cls_path(sandbox), f"/{self.host.parent}/{first['id']}")
        self.assertEqual(self.agent.metrics().total("registration_failures_total"), 0)

    def test_poststop_needs_an_id_alone(self):
        for fields in ({"status": "stopped", "pid": -1}, {"status": "", "pid": "CALLER"}, {"status": 7, "pid": None},
                       {"status": "stopped", "pid": 0, "annotations": {CLASSID: 1}}):
            with self.subTest(**fields):
                self.assertEqual(self.call(self.state("end", **fields), "poststop")[:2], (0, ""))

    def test_a_negative_pid_is_the_end(self):
        self.assertEqual(self.call(self.state("end", status="stopped", pid=-1))[:2], (0, ""))

    # --- crun with a user namespace ---

    def test_a_file_of_the_host_is_not_taken_for_the_bundle_s(self):
        told = {"io.container.manager": "libpod", CLASSID: "10:1"}
        for name, text in (("none", None), ("app", '{"name": "app"}'), ("text", "no JSON"),
                           ("other", json.dumps({"ociVersion": "1.0.2", "annotations": {CLASSID: "10:9"}}))):
            with self.subTest(name):
                (self.bundle / "config.json").unlink(missing_ok=True)
                if text is not None:
                    (self.bundle / "config.json").write_text(text)
                state = self.state(name, status="created", root="/var/tmp/intermediate-mountpoint-0.0", annotations=told)
                code, line, pid = self.call(state)
                self.assertEqual(code, 0, line)
                self.assertIn("goes by the state's annotations alone", line)
                self.assertIn(f"{self.bundle}/config.json" if name in ("none", "other") else "config.json", line)
                self.assert_one_line(line)
                self.assert_registered(state, (code, "", pid))

    # --- a runtime that leaves stdin open ---

    def test_a_whole_state_needs_no_end_of_file(self):
        init = self.start_in_own_mounts()
        state = self.state("open", status="created", pid=init.pid)
        reader, writer = os.pipe()
        try:
            os.write(writer, json.dumps(state).encode())
            done = self.host.run(self.hook_command("--on-failure", "deny", "--timeout", "10s"), stdin=reader)
        finally:
            os.close(reader)
            os.close(writer)
        self.assert_registered(state, (done.returncode, done.stderr, init.pid))


class LargeAnnotations(EndToEndTest):
    """A pod may have 256 KiB of annotations; Go's JSON, so the state of runc, writes "<" in six bytes."""

    BULK = 0x100020

    def check(self, annotations, raw_classid):
        container = self.make_container("large", annotations=annotations, hook_options=("--on-failure", "deny"))
        container.start()
        self.assert_container_placed(container, raw_classid)

    def test_others_do_not_matter(self):
        self.start_agent()
        self.check({CLASSID: "10:1", "example.com/blob": "<" * (200 << 10)}, 0x100001)

    def test_are_no_way_out_of_the_default_class(self):
        self.start_agent(default_class="bulk")
        self.check({"example.com/blob": "<" * (200 << 10)}, self.BULK)

    def test_of_our_own_names_are_none_either(self):
        self.start_agent(default_class="bulk")
        self.check({"netclsd.io/other": "\x01" * (250 << 10), "netclsd.io/classid.other": "\x01" * (250 << 10)},
                   self.BULK)
