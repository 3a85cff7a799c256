"""The dashboard: every query is PromQL over what the agent exports, and nothing covers anything else."""

import json
import tempfile
import unittest
from pathlib import Path

from chart.support.helm import CHART, find, rendered
from chart.support.metrics import parse_error, unknown

DASHBOARD = json.loads((CHART / "files/dashboard.json").read_text())
PANELS = DASHBOARD["panels"]
VARIABLES = {"$__rate_interval": "5m", "$__range": "1h", "$instance": ".*"}


def queries():
    found = [target["expr"] for panel in PANELS for target in panel["targets"]]
    found += [each["expr"] for each in DASHBOARD["annotations"]["list"]]
    for variable, value in VARIABLES.items():
        found = [each.replace(variable, value) for each in found]
    return found


def cells(panel):
    at = panel["gridPos"]
    return {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}


class Queries(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def test_parse(self):
        self.assertGreater(len(queries()), 20)
        self.assertEqual(parse_error(queries(), self.directory), "")

    def test_use_only_what_the_agent_exports(self):
        self.assertEqual(unknown(queries()), set())

    def test_use_no_variable_that_is_not_known(self):
        self.assertEqual([each for each in queries() if "$" in each], [])

    def test_can_all_be_narrowed_to_a_node(self):
        self.assertEqual([target["expr"] for panel in PANELS for target in panel["targets"]
                          if '{instance=~"$instance"' not in target["expr"]], [])

    def test_the_checks_find_a_wrong_query(self):
        self.assertIn("parse error", parse_error(["sum(rate(netclsd_ready[5m])"], self.directory))
        self.assertEqual(unknown(["rate(netclsd_events_totl{a=\"b_c\"}[5m])"]), {"netclsd_events_totl"})


class Panels(unittest.TestCase):
    def test_show_what_was_promised(self):
        self.assertLessEqual({"Agents ready", "Process events", "Events dropped", "Time to place a process", "Classes"},
                             {panel["title"] for panel in PANELS})
        self.assertEqual({panel["type"] for panel in PANELS}, {"stat", "timeseries", "heatmap", "table"})

    def test_have_numbers_of_their_own_and_explain_themselves(self):
        self.assertEqual(len({panel["id"] for panel in PANELS}), len(PANELS))
        self.assertEqual([panel["title"] for panel in PANELS if not panel["description"]], [])

    def test_fill_the_grid_without_covering_each_other(self):
        taken = [cell for panel in PANELS for cell in cells(panel)]
        self.assertEqual(len(taken), len(set(taken)))
        self.assertLessEqual(max(x for x, _ in taken), 23)

    def test_use_the_data_source_that_was_chosen(self):
        chosen = {"type": "prometheus", "uid": "${datasource}"}
        for panel in PANELS:
            self.assertEqual([panel["datasource"], *(each["datasource"] for each in panel["targets"])],
                             [chosen] * (1 + len(panel["targets"])))


class Rendered(unittest.TestCase):
    def test_grafana_s_sidecar_gets_the_same_dashboard(self):
        config_map = find(rendered(sets=("dashboard.enabled=true",)), "ConfigMap", "node-netclsd-dashboard")
        self.assertEqual(json.loads(config_map["data"]["netclsd.json"]), DASHBOARD)
        self.assertEqual(config_map["metadata"]["labels"]["grafana_dashboard"], "1")


if __name__ == "__main__":
    unittest.main()
