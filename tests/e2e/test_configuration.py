"""SIGHUP reloads the configuration: all of it or nothing."""

import signal

from .support.case import EndToEndTest
from .support.container import CLASS, CLASSID
from .support.waiting import eventually_equal


class Reload(EndToEndTest):
    def reload(self, text=None):
        self.agent.write_config(text)
        self.agent.process.send_signal(signal.SIGHUP)

    def count(self, name):
        return self.agent.metrics().value(name)

    def test_good_file_is_taken(self):
        self.start_agent()
        before = self.make_container("before", annotations={CLASS: "gold"}).start()
        self.agent.configuration["classes"] = {"gold": "10:7", "silver": "10:8"}
        self.reload()
        eventually_equal("reloads", lambda: self.count("config_reloads_total"), 1)
        for name, raw_classid in (("gold", 0x100007), ("silver", 0x100008)):
            container = self.make_container(name, annotations={CLASS: name}).start()
            self.assert_container_placed(container, raw_classid)
        self.assert_container_placed(before, 0x100001)
        self.assertEqual(self.count("config_reload_failures_total"), 0)

    def test_bad_file_changes_nothing(self):
        self.start_agent()
        bad = ('{"no_such_key": 1}', "{", '{"classes": {"gold": "0"}}')
        for times, text in enumerate(bad, 1):
            with self.subTest(text=text):
                self.reload(text)
                eventually_equal("failures", lambda: self.count("config_reload_failures_total"), times)
        self.assertEqual(self.count("config_reloads_total"), 0)
        self.assertIn("no_such_key", self.agent.log())
        container = self.make_container("gold", annotations={CLASS: "gold"}).start()
        self.assert_container_placed(container, 0x100001)
        self.assertTrue(self.agent.is_ready())

    def test_file_that_is_gone_changes_nothing(self):
        self.start_agent()
        self.agent.config_file.unlink()
        self.agent.process.send_signal(signal.SIGHUP)
        eventually_equal("failures", lambda: self.count("config_reload_failures_total"), 1)
        self.assertTrue(self.agent.is_ready())

    def test_a_smaller_policy_lets_registered_containers_be(self):
        self.start_agent()
        container = self.make_container("kept", annotations={CLASSID: "10:9"}).start()
        self.agent.configuration["allowed_classids"] = ["10:1-10:2"]
        self.reload()
        eventually_equal("reloads", lambda: self.count("config_reloads_total"), 1)
        self.assert_container_placed(container, 0x100009)
        self.agent.stop()
        self.agent.start()
        self.assert_container_placed(container, 0x100009)
        self.assertEqual(sum(self.agent.moves().values()), 0)
