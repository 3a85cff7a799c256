"""The alert rules: good Prometheus, tested, and with a section of the runbook each."""

import re
import unittest

import yaml

from chart.support.helm import CHART, REPOSITORY, find, rendered
from chart.support.metrics import promtool, unknown

RULES = CHART / "files/alerts.yaml"
TESTS = REPOSITORY / "tests/chart/alerts_test.yaml"
RUNBOOK = "https://netclsd.io/docs/operations.md"


def alerts(path=RULES):
    return [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def cases():
    """(alert, how many samples are expected) of each query of firing alerts in the unit tests"""
    for test in yaml.safe_load(TESTS.read_text())["tests"]:
        for look in test["promql_expr_test"]:
            yield re.search(r'alertname="(\w+)"', look["expr"]).group(1), len(look["exp_samples"])


class Rules(unittest.TestCase):
    maxDiff = None

    def test_promtool_finds_no_fault(self):
        done = promtool("check", "rules", RULES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"{len(alerts())} rules found", done.stdout)

    def test_promtool_s_unit_tests_pass(self):
        done = promtool("test", "rules", TESTS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_is_tested_firing_and_not_firing(self):
        names = {rule["alert"] for rule in alerts()}
        self.assertEqual({name for name, samples in cases() if samples}, names)
        self.assertEqual({name for name, samples in cases() if not samples}, names)

    def test_they_use_only_what_the_agent_exports(self):
        self.assertEqual(unknown(rule["expr"] for rule in alerts()), set())

    def test_each_says_what_is_wrong_where_and_how_bad_it_is(self):
        for rule in alerts():
            with self.subTest(rule["alert"]):
                self.assertIn(rule["labels"]["severity"], {"critical", "warning", "info"})
                self.assertLess(len(rule["annotations"]["summary"]), 80)
                self.assertGreater(len(rule["annotations"]["description"]), 60)
                if not rule["expr"].startswith("absent"):
                    self.assertIn("$labels.instance", rule["annotations"]["summary"])

    def test_no_other_file_of_rules(self):
        found = {path.relative_to(REPOSITORY) for path in CHART.rglob("*.yaml") if "- alert:" in path.read_text()}
        self.assertEqual(found, {RULES.relative_to(REPOSITORY)})


class Runbook(unittest.TestCase):
    def sections(self):
        text = (REPOSITORY / "docs/operations.md").read_text()
        return re.findall(r"^### (Netclsd\w+)$", text, re.MULTILINE)

    def test_every_alert_has_a_section_and_every_section_an_alert_in_the_same_order(self):
        self.assertEqual(self.sections(), [rule["alert"] for rule in alerts()])

    def test_every_alert_links_to_its_section(self):
        for rule in alerts():
            self.assertEqual(rule["annotations"]["runbook_url"], f"{RUNBOOK}#{rule['alert'].lower()}")


class Rendered(unittest.TestCase):
    maxDiff = None

    def rules(self, *sets, values=None):
        rule = find(rendered(values, ("prometheusRule.enabled=true", *sets)), "PrometheusRule")
        return [each for group in rule["spec"]["groups"] for each in group["rules"]]

    def test_the_operator_gets_the_same_rules(self):
        self.assertEqual(self.rules(), alerts())

    def test_an_alert_can_be_left_out(self):
        names = {each["alert"] for each in self.rules("prometheusRule.disabledAlerts={NetclsdAbsent,NetclsdDeaf}")}
        self.assertEqual({each["alert"] for each in alerts()} - names, {"NetclsdAbsent", "NetclsdDeaf"})

    def test_the_runbook_can_be_elsewhere(self):
        urls = {each["annotations"]["runbook_url"] for each in self.rules("prometheusRule.runbookUrl=https://wiki/x")}
        self.assertEqual(urls, {f"https://wiki/x#{each['alert'].lower()}" for each in alerts()})

    def test_the_operator_finds_it_by_the_user_s_labels(self):
        rule = find(rendered(CHART / "ci/everything-values.yaml"), "PrometheusRule")
        self.assertEqual(rule["metadata"]["labels"]["release"], "prometheus")


if __name__ == "__main__":
    unittest.main()
