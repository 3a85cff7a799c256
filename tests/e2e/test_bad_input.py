"""Bad input gives one clear line and the documented code, and changes nothing."""

import json
import os
import stat
from urllib.parse import quote

from .support import kernel, unix_http
from .support.case import EndToEndTest
from .support.container import CLASS, CLASSID
from .support.programs import program

BAD_CLASSIDS = ("0", "0:0", "0x0", "-1", "1:a:b", "0x100000000", "0x1_0000_0000", "4294967296", " 10:1", "10:1 ", "",
                ":", "10:", ":1", "10:10000", "1g:1", "+1", "0X10:1", "10:-1", "gold")
BAD_IDS = ("a/b", "..", ".", "../../etc", "a b", "a\nb", "ü", "x" * 5000, "")
DENY = ("--on-failure", "deny")


class Unchanged(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.start_agent()
        self.init = self.host.popen(["sleep", "1000"])
        self.addCleanup(self._end_init)
        self.before = self.everything()

    def _end_init(self):
        self.init.kill()
        self.init.wait()

    def everything(self):
        """All that a registration would change."""
        now = self.agent.metrics()
        return {
            "groups": self.host.groups(), "groups of the hook": self.host.groups("netclsd") - self.others_groups(),
            "state": self.agent.state_files(), "spool": self.agent.spool_files(),
            "containers": self.agent.containers(), "moves": self.agent.moves(),
            "registrations": now.total("registrations_total"),
            "init": kernel.net_cls_path(self.init.pid),
        }

    def others_groups(self):
        return {name for name in self.host.groups("netclsd") if not name.startswith(self.host.prefix)}

    def assert_nothing_changed(self):
        self.assertEqual(self.everything(), self.before)


class BadRegistration(Unchanged):
    """PUT /v1/containers/{id}"""

    def put(self, body, container_id=None):
        target = "/v1/containers/" + quote(container_id or f"{self.host.prefix}-bad", safe="")
        return self.agent.request("PUT", target, body)

    def body(self, **fields):
        return {"pid": self.init.pid, "annotations": {CLASSID: "10:1"}, "source": "api", **fields}

    def assert_problem(self, answer, status):
        self.assertEqual(answer.status, status, answer)
        self.assertTrue(answer.content_type.startswith("application/problem+json"), answer)
        self.assertEqual(answer.json["status"], status)
        self.assert_one_line(answer.json["detail"])
        self.assert_nothing_changed()

    def test_classids(self):
        for text in BAD_CLASSIDS:
            with self.subTest(classid=text):
                self.assert_problem(self.put(self.body(annotations={CLASSID: text})), 400)

    def test_spec_classids(self):
        for value in (-1, 1 << 32, "10:1", 1.5):
            with self.subTest(value=value):
                self.assert_problem(self.put(self.body(annotations={}, spec_classid=value)), 400)

    def test_contradicting_annotations(self):
        self.assert_problem(self.put(self.body(annotations={CLASSID: "10:1", CLASS: "gold"})), 400)

    def test_unknown_class(self):
        self.assert_problem(self.put(self.body(annotations={CLASS: "no-such-class"})), 400)

    def test_class_outside_of_the_policy(self):
        self.agent.stop()
        self.agent.configuration["allowed_classids"] = ["10:1-10:ff"]
        self.agent.write_config()
        self.agent.start()
        self.before = self.everything()
        self.assert_problem(self.put(self.body(annotations={CLASSID: "20:1"})), 403)

    def test_container_ids(self):
        for container_id in BAD_IDS[:-1]:
            with self.subTest(id=container_id[:20]):
                answer = self.put(self.body(), container_id)
                # 404: the path means something else. 414: the line is longer than the server reads at all.
                self.assertIn(answer.status, (400, 404, 414), answer)
                self.assert_nothing_changed()

    def test_bodies_that_are_no_request(self):
        for body in ("", "no JSON", "[]", "null", "{", '{"pid": "1"}', "{}", '{"pid": -1}', '{"pid": 1e30}',
                     "[" * 100_000):
            with self.subTest(body=body[:20]):
                self.assert_problem(self.put(body), 400)

    def test_body_without_pid(self):
        body = self.body()
        del body["pid"]
        self.assert_problem(self.put(body), 400)

    def test_body_too_large(self):
        self.assert_problem(self.put(self.body(bundle="x" * (2 << 20))), 413)

    def test_dead_pid(self):
        dead = self.host.popen(["true"])
        dead.wait()
        self.assert_problem(self.put(self.body(pid=dead.pid)), 409)

    def test_pid_of_another_process_than_the_hook_saw(self):
        self.assert_problem(self.put(self.body(start_time=kernel.start_time(self.init.pid) - 1)), 409)

    def test_unknown_things(self):
        for method, target in (("GET", "/v1/containers/none"), ("GET", "/nowhere"), ("GET", "/v1/processes/999999999")):
            with self.subTest(target):
                self.assert_problem(self.agent.request(method, target), 404)

    def test_processes_that_are_no_number(self):
        for text in ("abc", "-1", "0", "1x"):
            with self.subTest(text):
                self.assertIn(self.agent.request("GET", f"/v1/processes/{text}").status, (400, 404))

    def test_release_of_an_unknown_container_is_done(self):
        self.assertEqual(self.agent.request("DELETE", f"/v1/containers/{self.host.prefix}-none").status, 204)
        self.assert_nothing_changed()

    def test_nothing_but_reading_on_tcp(self):
        host, _, port = self.agent.configuration["listen"].rpartition(":")
        for method, target in (("GET", "/v1/containers"), ("PUT", "/v1/containers/x"), ("POST", "/v1/sweep")):
            with self.subTest(target):
                self.assertIn(unix_http.request_tcp(host, int(port), method, target).status, (403, 404, 405))
        self.assertEqual(unix_http.request_tcp(host, int(port), "GET", "/readyz").status, 200)
        self.assert_nothing_changed()


class BadHookInput(Unchanged):
    """What the runtime hands to the hook. A refusal is exit code 1 with `deny` and 0 with `allow`, one line each."""

    def state(self, asked=None, config=None, **fields):
        bundle = self.host.work / "bundle"
        bundle.mkdir(exist_ok=True)
        text = json.dumps({"ociVersion": "1.0.2", "annotations": asked or {}}) if config is None else config
        (bundle / "config.json").write_text(text)
        return {"ociVersion": "1.0.2", "id": f"{self.host.prefix}-hook", "status": "creating", "pid": self.init.pid,
                "bundle": str(bundle), **fields}

    def refuse(self, state):
        """The hook's line about it."""
        text = state if isinstance(state, (str, bytes)) else json.dumps(state)
        for options, code in ((DENY, 1), ((), 0)):
            done = self.host.run(self.hook_command("--timeout", "2s", *options, "prestart"), input=text)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertEqual(done.stdout, "")
            self.assert_one_line(done.stderr)
            self.assertLess(len(done.stderr), 2048)
        self.assert_nothing_changed()
        return done.stderr

    def test_classids(self):
        for text in BAD_CLASSIDS:
            with self.subTest(classid=text):
                line = self.refuse(self.state({CLASSID: text}))
                self.assertIn(CLASSID, line)
                self.assertIn(f"{self.host.prefix}-hook", line)

    def test_contradicting_annotations(self):
        self.assertIn("contradict", self.refuse(self.state({CLASSID: "10:1", CLASS: "gold"})))

    def test_container_ids(self):
        for container_id in BAD_IDS:
            with self.subTest(id=container_id[:20]):
                self.refuse(self.state({CLASSID: "10:1"}, id=container_id))

    def test_state_that_is_no_json(self):
        for text in ("", "no JSON", "[]", "null", '{"id": 5}'):
            with self.subTest(text=text):
                self.refuse(text)

    def test_state_of_twenty_mebibytes(self):
        self.refuse(self.state({CLASSID: "10:1"}, annotations={"x": "y" * (20 << 20)}))

    def test_state_without_pid(self):
        state = self.state({CLASSID: "10:1"})
        del state["pid"]
        self.assertIn("pid", self.refuse(state))

    def test_state_with_a_dead_pid(self):
        dead = self.host.popen(["true"])
        dead.wait()
        self.refuse(self.state({CLASSID: "10:1"}, pid=dead.pid))

    def test_bundle_without_config(self):
        state = self.state({CLASSID: "10:1"})
        os.unlink(self.host.work / "bundle" / "config.json")
        self.assertIn("config.json", self.refuse(state))

    def test_config_of_seventeen_mebibytes(self):
        self.refuse(self.state(config=json.dumps({"annotations": {CLASSID: "10:1", "x": "y" * (17 << 20)}})))

    def test_config_that_is_no_json(self):
        for text in ("", "no JSON", "[]", '{"annotations": 5}', "[" * 100_000):
            with self.subTest(text=text[:20]):
                self.refuse(self.state(config=text))

    def test_poststop_always_succeeds(self):
        for state in (self.state(status="stopped", pid=0), self.state(id="unknown", status="stopped"), "no JSON", ""):
            text = state if isinstance(state, str) else json.dumps(state)
            done = self.host.run(self.hook_command(*DENY, "poststop"), input=text)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_nothing_changed()

    def test_wrong_usage(self):
        for arguments in (("--no-such-option",), ("no-such-stage",), ("--timeout", "soon"), ("--on-failure", "maybe")):
            with self.subTest(arguments=arguments):
                done = self.host.run(self.hook_command(*arguments), input="{}")
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assert_one_line(done.stderr)


class BadConfiguration(EndToEndTest):
    def check(self, text, *expected):
        agent = self.make_agent()
        agent.write_config(text)
        for arguments in (("--check-config",), ()):
            done = self.host.run([program("netclsd"), "--config", agent.config_file, *arguments])
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assert_one_line(done.stderr)
            for word in expected:
                self.assertIn(word, done.stderr)
        self.assertFalse(agent.socket.exists())
        self.assertEqual(self.host.groups(), set())

    def test_unknown_key(self):
        self.check('{\n  "classes": {},\n  "no_such_key": 1\n}', "no_such_key", ":3:")

    def test_unknown_key_within(self):
        self.check('{\n "net_cls": {"mount": "auto",\n "no_such_key": 1}\n}', "no_such_key", ":3:")

    def test_duplicate_key(self):
        self.check('{\n  "listen": "127.0.0.1:1",\n  "listen": "127.0.0.1:2"\n}', "listen", ":3:")

    def test_duplicate_class(self):
        self.check('{"classes": {\n"gold": "10:1",\n"gold": "10:2"}}', "gold", ":3:")

    def test_bad_values(self):
        for text, *expected in (
            ('{"classes": {"gold": "0"}}', "gold"),
            ('{"classes": {"gold": 5}}', "gold"),
            ('{"default_class": "no-such-class"}', "default_class"),
            ('{"allowed_classids": ["10:5-10:1"]}', "allowed_classids"),
            ('{"receive_buffer": "many"}', "receive_buffer"),
            ('{"audit_interval": "-1s"}', "audit_interval"),
            ('{"log": {"level": "loud"}}', "level"),
            ('{"log": {"format": "xml"}}', "format"),
            ('{"listen": "nowhere"}', "listen"),
            ('{"socket": 1}', "socket"),
            ("[]",), ("{",), ("",), ('{"classes": {},}',),
        ):
            with self.subTest(text=text):
                self.check(text, *expected)

    def test_file_that_is_not_there(self):
        agent = self.make_agent()
        agent.config_file.unlink()
        done = self.host.run([program("netclsd"), "--config", agent.config_file, "--check-config"])
        self.assertEqual(done.returncode, 1)
        self.assert_one_line(done.stderr)
        self.assertIn(str(agent.config_file), done.stderr)

    def test_good_file_with_comments_is_accepted(self):
        agent = self.make_agent()
        agent.write_config('{\n // a comment\n "classes": {"gold": "10:1" /* and another */}\n}')
        done = self.host.run([program("netclsd"), "--config", agent.config_file, "--check-config"])
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_wrong_usage(self):
        done = self.host.run([program("netclsd"), "--no-such-option"])
        self.assertEqual(done.returncode, 2)


class SocketOfTheAgent(EndToEndTest):
    def test_socket_is_for_root_alone(self):
        self.start_agent()
        mode = os.stat(self.agent.socket).st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(mode & 0o077, 0, oct(mode))

    def test_second_agent_on_the_same_socket_is_refused(self):
        self.start_agent()
        done = self.host.run([program("netclsd"), "--config", self.agent.config_file])
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertTrue(self.agent.is_ready(), "the first one goes on")
