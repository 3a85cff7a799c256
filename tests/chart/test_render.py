"""The chart is good helm, and what it renders is good Kubernetes."""

import copy
import unittest

from chart.support.helm import CHART, VALUES_FILES, find, helm, rendered
from chart.support.kubernetes import problems


class Rendering(unittest.TestCase):
    maxDiff = None

    def test_helm_lint_is_content_with_the_defaults_and_every_file_of_values(self):
        for values in [None, *VALUES_FILES]:
            with self.subTest(values):
                done = helm("lint", "--strict", CHART, *(["--values", values] if values else []))
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertNotIn("[WARNING]", done.stdout)

    def test_every_object_of_every_file_of_values_is_valid_kubernetes(self):
        objects = [each for values in [None, *VALUES_FILES] for each in rendered(values)]
        self.assertGreater(len(objects), 60)
        self.assertEqual(problems(objects), [])

    def test_every_kubernetes_from_1_24_to_1_36_gets_the_same(self):
        """The APIs are all older than that; only admissionPolicy needs 1.30."""
        everything = ("--values", CHART / "ci/everything-values.yaml")
        texts = set()
        for minor in range(24, 37):
            with self.subTest(minor):
                version = ("--kube-version", f"1.{minor}.0")
                done = helm("lint", "--strict", CHART, *everything, *version)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertNotIn("[WARNING]", done.stdout)
                done = helm("template", "node", CHART, *everything, *version)
                self.assertEqual(done.returncode, 0, done.stderr)
                texts.add(done.stdout)
        self.assertEqual(len(texts), 1)

    def test_everything_turned_on_makes_an_object_of_each_kind(self):
        everything = rendered(CHART / "ci/everything-values.yaml")
        self.assertEqual({each["kind"] for each in everything},
                         {"ConfigMap", "DaemonSet", "NetworkPolicy", "Pod", "PodMonitor", "PrometheusRule",
                          "ResourceQuota", "Service", "ServiceAccount", "ServiceMonitor", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"})

    def test_no_two_objects_have_the_same_name(self):
        for values in [None, *VALUES_FILES]:
            names = [(each["kind"], each["metadata"]["name"]) for each in rendered(values)]
            self.assertEqual(len(names), len(set(names)), names)

    def test_every_object_is_in_the_release_s_namespace_or_the_cluster_s_and_has_its_labels(self):
        for each in rendered(CHART / "ci/everything-values.yaml"):
            with self.subTest(each["kind"] + " " + each["metadata"]["name"]):
                is_clusters = each["apiVersion"].startswith("admissionregistration.")
                self.assertEqual(each["metadata"].get("namespace"), None if is_clusters else "net")
                self.assertEqual(each["metadata"]["labels"]["app.kubernetes.io/instance"], "node")
                self.assertEqual(each["metadata"]["labels"]["team"], "network")

    def test_a_long_release_name_still_gives_valid_names(self):
        objects = rendered(release="a" * 53)
        self.assertLessEqual(max(len(each["metadata"]["name"]) for each in objects), 63)


class TheCheckItself(unittest.TestCase):
    """Of the schema: it must find what is wrong."""

    @classmethod
    def setUpClass(cls):
        objects = rendered(CHART / "ci/prometheus-operator-values.yaml")
        pods = [copy.deepcopy(find(objects, "DaemonSet", "node-netclsd")) for _ in range(3)]
        pods[0]["spec"]["template"]["spec"].update(hostPid=True)
        pods[1]["spec"]["template"]["spec"].update(hostNetwork="yes")
        pods[2]["spec"]["template"]["spec"]["containers"][0].pop("name")
        monitor = copy.deepcopy(find(objects, "PodMonitor"))
        monitor["spec"]["podMetricsEndpoints"][0].update(interval="often", additionalLabels={})
        broken = [*pods, monitor]
        for number, each in enumerate(broken):
            each["metadata"]["name"] = f"broken-{number}"
        cls.found = problems(broken)

    def about(self, number):
        return "\n".join(line for line in self.found if f"broken-{number}:" in line)

    def test_finds_an_unknown_key(self):
        self.assertIn("hostPid", self.about(0))

    def test_finds_a_wrong_type(self):
        self.assertIn("hostNetwork", self.about(1))

    def test_finds_a_missing_key(self):
        self.assertIn("name", self.about(2))

    def test_finds_a_wrong_word_of_the_operator(self):
        self.assertIn("interval", self.about(3))
        self.assertIn("additionalLabels", self.about(3))


if __name__ == "__main__":
    unittest.main()
