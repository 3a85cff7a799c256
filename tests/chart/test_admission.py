"""The admission policy that refuses a pod's false claim of a service account. There is no API server here, so the tests
check its form (tests/chart/test_render.py: the schema), to whom it applies, and that it names the agent's annotation."""

import re
import unittest

from chart.support.helm import CHART, REPOSITORY, find, rendered

KEY = re.search(r'kServiceAccountAnnotation = "([^"]+)"', (REPOSITORY / "common/model/annotations.h").read_text()).group(1)


class AdmissionPolicy(unittest.TestCase):
    def setUp(self):
        self.objects = rendered(CHART / "ci/everything-values.yaml")
        self.policy = find(self.objects, "ValidatingAdmissionPolicy")
        self.binding = find(self.objects, "ValidatingAdmissionPolicyBinding")

    def test_it_is_off_by_default(self):
        self.assertFalse([each for each in rendered() if each["apiVersion"].startswith("admissionregistration.")])

    def test_it_is_bound_and_denies(self):
        self.assertEqual(self.binding["spec"],
                         {"policyName": self.policy["metadata"]["name"], "validationActions": ["Deny"]})
        self.assertEqual(self.policy["spec"]["failurePolicy"], "Fail")

    def test_two_releases_do_not_share_its_name(self):
        other = rendered(CHART / "ci/everything-values.yaml", namespace="other")
        self.assertNotEqual(find(other, "ValidatingAdmissionPolicy")["metadata"]["name"],
                            self.policy["metadata"]["name"])

    def test_it_looks_at_each_way_to_write_a_pod_s_annotations(self):
        rule, = self.policy["spec"]["matchConstraints"]["resourceRules"]
        self.assertEqual(rule, {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
                                "resources": ["pods", "pods/status"]})

    def test_every_expression_speaks_of_the_annotation_that_the_agent_reads(self):
        spec = self.policy["spec"]
        for each in [*spec["matchConditions"], *spec["validations"]]:
            self.assertEqual(set(re.findall(r"'([a-z.]+/[a-z-]+)'", each["expression"])), {KEY})
        self.assertIn("object.spec.serviceAccountName", spec["validations"][0]["expression"])


if __name__ == "__main__":
    unittest.main()
