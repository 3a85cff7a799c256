"""The values: documented, checked by the schema, and each of them with an effect."""

import importlib.util
import json
import re
import unittest

import yaml

from chart.support.helm import CHART, EXAMPLES, REPOSITORY, agent_pod, find, notes, refusal, rendered

spec = importlib.util.spec_from_file_location("chart_values", REPOSITORY / "scripts/chart-values.py")
chart_values = importlib.util.module_from_spec(spec)
spec.loader.exec_module(chart_values)

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
EVERYTHING = yaml.safe_load((CHART / "ci/everything-values.yaml").read_text())
CONFIG_SCHEMA = json.loads((REPOSITORY / "config/config.schema.json").read_text())

# socket_group needs CAP_CHOWN at start, which the pod does not have.
SET_BY_THE_CHART = {"$schema", "socket", "socket_group", "state_dir", "listen", "web_config"}
# In ci/by-hand-values.yaml.
DIFFERENT_ELSEWHERE = {"global", "hook.enabled", "removal.enabled", "serviceAccount.create"}


def at(values, name):
    for key in name.split("."):
        if not isinstance(values, dict) or key not in values:
            return None
        values = values[key]
    return values


def scalar_leaves():
    return [name for name, schema in chart_values.leaves(SCHEMA) if "properties" not in schema]


class Documented(unittest.TestCase):
    maxDiff = None

    def test_the_readme_has_the_table_of_the_schema_and_values(self):
        self.assertIn(chart_values.BEGIN + "\n" + chart_values.table() + "\n" + chart_values.END,
                      (CHART / "README.md").read_text(), "run scripts/chart-values.py --write")

    def test_every_value_says_what_it_means(self):
        self.assertEqual([name for name, schema in chart_values.leaves(SCHEMA) if not schema.get("description")], [])

    def test_values_yaml_has_every_value_and_no_other(self):
        listed = {name for name in scalar_leaves() if not name.startswith("config.") and name != "global"}
        self.assertEqual({name for name in listed if at(VALUES, name) is None}, set())
        self.assertEqual(set(VALUES), set(SCHEMA["properties"]) - {"global"})

    def test_one_file_of_values_turns_everything_on_and_changes_every_value(self):
        same = {name for name in scalar_leaves() if name not in DIFFERENT_ELSEWHERE
                and (at(EVERYTHING, name) is None or at(EVERYTHING, name) == at(VALUES, name))
                and name != "updateStrategy.rollingUpdate"}
        self.assertEqual(same, set())

    def test_values_that_templates_use_exist(self):
        templates = "".join(path.read_text() for path in (CHART / "templates").rglob("*.*"))
        used = set(re.findall(r"\.Values\.([A-Za-z][A-Za-z_.]*[A-Za-z])", templates))
        known = {name for name, _ in chart_values.leaves(SCHEMA)}
        self.assertEqual({name for name in used if name not in known}, set())
        top_level = {name.split(".")[0] for name in used}
        self.assertEqual(set(VALUES) - top_level, set())


class TheAgentsConfiguration(unittest.TestCase):
    maxDiff = None

    def test_its_schema_is_the_agent_s_own(self):
        own = {name: each for name, each in CONFIG_SCHEMA["properties"].items() if name not in SET_BY_THE_CHART}
        self.assertEqual(SCHEMA["properties"]["config"]["properties"], own)
        self.assertEqual(SCHEMA["$defs"], CONFIG_SCHEMA["$defs"])

    def test_it_reaches_the_config_map_as_it_is(self):
        objects = rendered(CHART / "ci/everything-values.yaml")
        for name in ("node-classes", "node-classes-removal"):
            config_map = find(objects, "ConfigMap", name)
            self.assertEqual(json.loads(config_map["data"]["config.json"]),
                             EVERYTHING["config"] | {"socket": "/run/netclsd/agent.sock", "state_dir": "/run/netclsd"})


class Examples(unittest.TestCase):
    def test_the_carrier_runs_where_the_configuration_carries_something(self):
        self.assertEqual(len(EXAMPLES), 4)
        for values in EXAMPLES:
            with self.subTest(values.name):
                objects = rendered(values)
                configuration = json.loads(find(objects, "ConfigMap", "node-netclsd")["data"]["config.json"])
                names = [each["name"] for each in agent_pod(objects)["spec"]["containers"]]
                self.assertEqual("carrier" in names, "carry" in configuration)


class Refused(unittest.TestCase):
    """A wrong value is refused with its place and what was expected."""

    def assert_refused(self, *words, sets):
        said = refusal(*sets)
        for word in words:
            self.assertIn(word, said)

    def test_an_unknown_key(self):
        self.assert_refused("'hok' not allowed", sets=["hok.enabled=true"])
        self.assert_refused("/hook", "'enable' not allowed", sets=["hook.enable=true"])

    def test_an_unknown_key_of_the_agent_s_configuration(self):
        self.assert_refused("/config", "'receive_bufer' not allowed", sets=["config.receive_bufer=1MiB"])

    def test_what_the_chart_sets_itself(self):
        self.assert_refused("/config", "'listen' not allowed", sets=["config.listen=0.0.0.0:1"])

    def test_a_classid_that_is_none(self):
        self.assert_refused("/config/classes/gold", sets=["config.classes.gold=10:xyz"])

    def test_a_wrong_word(self):
        self.assert_refused("/hook/onFailure", "'allow', 'deny'", sets=["hook.onFailure=maybe"])

    def test_a_number_out_of_range(self):
        self.assert_refused("/port", "65,535", sets=["port=70000"])

    def test_a_wrong_type(self):
        self.assert_refused("/tolerations", "want array", sets=["tolerations=all"])

    def test_a_surge_of_pods_that_want_the_same_port(self):
        self.assert_refused("/updateStrategy/rollingUpdate/maxSurge", "value must be one of 0, '0%'",
                            sets=["updateStrategy.rollingUpdate.maxSurge=1"])
        self.assert_refused("/updateStrategy/rollingUpdate/maxUnavailable",
                            sets=["updateStrategy.rollingUpdate.maxUnavailable=0"])
        rendered(sets=("updateStrategy.rollingUpdate.maxSurge=0",))

    def test_a_pattern_of_namespaces_that_none_has(self):
        self.assert_refused("/hook/exemptNamespaces/0", sets=["hook.exemptNamespaces={Open_Shift}"])

    def test_a_program_s_directory_that_is_none(self):
        for path in ("opt", "/opt/../etc", "/"):
            self.assert_refused("/hook/programDirectory", sets=[f"hook.programDirectory={path}"])

    def test_a_digest_that_is_none(self):
        self.assert_refused("/image/digest", "sha256", sets=["image.digest=latest"])


class Notes(unittest.TestCase):
    def test_say_what_to_do_next(self):
        self.assertIn("rollout status daemonset/node-netclsd", notes())

    def test_notes_say_what_spares_a_restart(self):
        self.assertIn("set hook.mode to both", notes())
        for sets in (("hook.restartRuntime=true",), ("hook.mode=both",), ("hook.mode=nri",), ("hook.enabled=false",)):
            self.assertNotIn("set hook.mode to both", notes(*sets))

    def test_warn_of_a_default_class_that_no_hook_brings(self):
        self.assertIn("WARNING", notes("config.default_class=gold", "config.classes.gold=10:1"))
        self.assertNotIn("WARNING", notes("config.default_class=gold", "hook.allContainers=true"))

    def test_warn_of_service_accounts_that_nobody_checks(self):
        rule = ("config.policy.rules[0].name=a", "config.policy.rules[0].namespaces={x}",
                "config.policy.rules[0].allowed_classids={10:1}")
        self.assertNotIn("WARNING", notes(*rule))
        self.assertNotIn("WARNING", notes("config.policy=null"))
        claims = (*rule, "config.policy.rules[0].service_accounts={api}")
        self.assertIn("WARNING", notes(*claims))
        self.assertNotIn("WARNING", notes(*claims, "admissionPolicy.enabled=true"))

    def test_warn_of_two_monitors(self):
        self.assertIn("WARNING", notes("serviceMonitor.enabled=true", "podMonitor.enabled=true"))

    def test_say_that_nobody_scrapes_loopback(self):
        self.assertIn("127.0.0.1", notes(values=CHART / "ci/by-hand-values.yaml"))


class Chart(unittest.TestCase):
    def test_its_version_is_the_project_s(self):
        project = re.search(r"project\(netclsd VERSION ([0-9.]+)", (REPOSITORY / "CMakeLists.txt").read_text()).group(1)
        chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
        self.assertEqual((chart["appVersion"], chart["version"]), (project, project))

    def test_its_license_is_the_project_s(self):
        self.assertEqual((CHART / "LICENSE").read_text(), (REPOSITORY / "LICENSE").read_text())


if __name__ == "__main__":
    unittest.main()
