"""A real Prometheus with the shipped alert rules, on a real agent."""

import re
from pathlib import Path

import yaml

from .support.case import EndToEndTest
from .support.prometheus import INSTANCE, JOB, Prometheus
from .support.storms import Storms, make_storm
from .support.waiting import eventually, eventually_equal

RULES = Path(__file__).resolve().parents[2] / "charts/netclsd/files/alerts.yaml"

# Minutes become seconds, so that the test need not wait for them: nothing else of the rules changes. The shortest
# window is then five scrapes.
IN_SECONDS = re.compile(r"(\[|for: )(\d+)m\b")


class Alerts(EndToEndTest):
    def start_prometheus(self):
        rules = self.host.work / "alerts.yaml"
        rules.write_text(IN_SECONDS.sub(r"\1\2s", RULES.read_text()))
        self.prometheus = Prometheus(self.host, self.agent, rules)
        listen = self.agent.configuration["listen"]
        eventually_equal("targets", self.prometheus.targets, {listen: "up"})

    def firing(self, name):
        return [each for each in self.prometheus.firing() if each["labels"]["alertname"] == name]

    def test_every_rule_is_loaded_and_evaluated_without_fault(self):
        self.start_agent()
        self.start_prometheus()
        names = {rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}
        eventually_equal("rules", self.prometheus.rules, {name: "ok" for name in names})

    def test_dropped_events_fire_and_clear_again(self):
        self.start_agent(receive_buffer="16KiB")
        storms = Storms([make_storm(self, f"storm{i}") for i in range(2)])
        self.start_prometheus()
        storms.go()
        alert = eventually("the alert fires", lambda: self.firing("NetclsdEventsDropped"), pause_s=0.2)[0]
        storms.calm()
        self.assertEqual((alert["labels"]["job"], alert["labels"]["instance"]), (JOB, INSTANCE))
        self.assertIn(INSTANCE, alert["annotations"]["summary"])
        self.assertNotIn("error", alert["annotations"]["description"])
        eventually_equal("alerts of dropped events", lambda: self.firing("NetclsdEventsDropped"), [], deadline_s=30)

    def test_an_agent_that_ended_is_down_and_one_that_is_back_is_not(self):
        self.start_agent()
        self.start_prometheus()
        eventually("it was scraped", lambda: self.prometheus.ask("query", query="netclsd_build_info")["result"])
        self.agent.stop()
        alert = eventually("the alert fires", lambda: self.firing("NetclsdAgentDown"), deadline_s=30, pause_s=0.2)[0]
        self.assertEqual(alert["labels"]["severity"], "critical")
        self.agent.start()
        eventually_equal("alerts of agents that are down", lambda: self.firing("NetclsdAgentDown"), [], deadline_s=30)
