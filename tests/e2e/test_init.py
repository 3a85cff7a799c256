"""A container's init is in its class before its first instruction, on every layout and from every source of a class."""

import unittest

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASS, CLASSID
from .support.host import V1, V2


class FirstInstruction(EndToEndTest):
    def test_reads_its_own_group(self):
        self.start_agent()
        container = self.make_container("first", "cat", "/proc/self/cgroup", annotations={CLASSID: "10:1"})
        done = container.run()
        self.assert_shows_group(done.stdout, container)

    def test_reads_its_own_group_in_a_private_cgroup_namespace(self):
        self.start_agent()
        container = self.make_container("private", "cat", "/proc/self/cgroup", annotations={CLASSID: "10:1"},
                                        private_cgroups=True)
        done = container.run()
        self.assert_shows_group(done.stdout, container)

    def test_created_but_not_started_container_is_placed(self):
        self.start_agent()
        container = self.make_container("created", annotations={CLASSID: "10:1"})
        container.create()
        self.assertEqual(kernel.net_cls_path(container.pid), container.own_path())
        container.start_created()
        self.assert_container_placed(container, 0x100001)

    def test_both_stages_register_once(self):
        self.start_agent()
        container = self.make_container("stages", annotations={CLASSID: "10:1"},
                                        stages=("prestart", "createRuntime", "poststop")).start()
        self.assert_container_placed(container, 0x100001)
        self.assertEqual(self.agent.moves()["register"], 1)

    def test_view_agrees_with_the_kernel(self):
        self.start_agent()
        container = self.make_container("view", annotations={CLASS: "gold"}).start()
        view = self.agent.container(container.id)
        self.assertEqual(view["classid"], "10:1")
        self.assertEqual(view["class"], "gold")
        self.assertEqual(view["class_origin"], CLASS)
        self.assertEqual(view["source"], "hook")
        self.assertEqual(view["pid"], container.pid)
        self.assertEqual(view["group"], str(self.host.net_cls_mount) + container.own_path())
        self.assertIs(view["adopted"], False)
        self.assertEqual(view["membership_path"], f":/{self.host.tag}-view")
        self.assertEqual([p["pid"] for p in view["processes"]], [container.pid])
        self.assertTrue(view["processes"][0]["placed"])


POD_CONTAINER = "io.kubernetes.cri.container-name"
CRIO_CONTAINER = "io.kubernetes.container.name"


class Precedence(EndToEndTest):
    """Each row: what the bundle says, and the class that must come of it (None: not managed)."""

    ROWS = (
        ("hex", {CLASSID: "0x100001"}, None, 0x100001),
        ("decimal", {CLASSID: "1048577"}, None, 0x100001),
        ("hexadecimal minor", {CLASSID: "10:20"}, None, 0x100020),
        ("highest", {CLASSID: "ffff:ffff"}, None, 0xFFFFFFFF),
        ("class by name", {CLASS: "bulk"}, None, 0x100020),
        ("container beats pod", {CLASSID: "10:1", CLASSID + ".web": "10:2", POD_CONTAINER: "web"}, None, 0x100002),
        ("its class beats pod", {CLASSID: "10:1", CLASS + ".web": "bulk", CRIO_CONTAINER: "web"}, None, 0x100020),
        ("another container's", {CLASSID: "10:1", CLASSID + ".db": "10:2", POD_CONTAINER: "web"}, None, 0x100001),
        ("annotation beats spec", {CLASSID: "10:1"}, 0x100005, 0x100001),
        ("spec", {}, 0x100005, 0x100005),
        ("spec without a major", {}, 10, 10),
        ("its major is 0", {CLASSID: "0:a"}, None, 10),
        ("a major alone", {CLASSID: "10"}, None, None),
        ("pause container", {CLASSID: "10:1", "io.kubernetes.cri.container-type": "sandbox"}, None, None),
        ("nothing", {}, None, None),
    )

    def check(self, rows, **agent_options):
        self.start_agent(**agent_options)
        for number, (name, annotations, spec_classid, expected) in enumerate(rows):
            with self.subTest(name):
                container = self.make_container(f"row{number}", annotations=annotations, spec_classid=spec_classid)
                container.start()
                if expected is None:
                    self.assertEqual(kernel.net_cls_path(container.pid), kernel.own_net_cls_path())
                    self.assertFalse(container.own_group().exists())
                    self.assertIsNone(self.agent.container(container.id))
                else:
                    self.assert_container_placed(container, expected)
                container.delete()

    def test_without_default_class(self):
        self.check(self.ROWS, allowed_classids=["0:1-ffff:ffff"])
        warnings = [line for line in self.agent.log().splitlines() if "classid_without_major" in line]
        self.assertEqual(len(warnings), 2)
        self.assertIn("origin=linux.resources.network.classID", warnings[0])

    def test_with_default_class(self):
        self.check((
            ("default", {}, None, 0x100020),
            ("spec beats default", {}, 0x100005, 0x100005),
            ("annotation beats default", {CLASSID: "10:1"}, None, 0x100001),
            ("pause container", {"io.kubernetes.cri.container-type": "sandbox"}, None, None),
        ), default_class="bulk")


class OlderHost(EndToEndTest):
    """cgroup v1: the runtime makes a net_cls group, and the agent adopts it."""

    layout = V1

    def runtime_group(self, name):
        return self.host.seen(self.host.net_cls_mount) / f"{self.host.tag}-{name}"

    def check_adopted(self, name, expected, **options):
        container = self.make_container(name, "sh", "-c", "sleep 1000 & sleep 1000 & wait", **options).start()
        path = f"/{self.host.tag}-{name}"
        view = self.agent.container(container.id)
        self.assertIs(view["adopted"], True)
        self.assertEqual(view["group"], str(self.host.net_cls_mount) + path)
        self.assertEqual(kernel.classid(self.runtime_group(name)), expected)
        container.exec_detached("sleep", "1000")
        self.assert_exactly_in_group(container.members, self.runtime_group(name), path)
        self.assertEqual(self.host.groups() - {container.id}, set(), "adopting makes no group")
        self.assertEqual(sum(self.agent.moves().values()), 0, "adopting moves nobody")
        return container

    def test_group_with_the_classid_of_the_spec_is_adopted(self):
        self.start_agent()
        self.check_adopted("spec", 0x100001, spec_classid=0x100001)

    def test_group_without_classid_gets_the_annotation_s(self):
        self.start_agent()
        self.check_adopted("annotated", 0x100020, annotations={CLASSID: "10:20"})

    def test_annotation_beats_the_classid_that_the_runtime_wrote(self):
        self.start_agent()
        self.check_adopted("both", 0x100001, annotations={CLASSID: "10:1"}, spec_classid=0x100020)

    def test_adopted_group_is_left_to_the_runtime(self):
        self.start_agent()
        container = self.check_adopted("gone", 0x100001, annotations={CLASSID: "10:1"})
        container.delete()
        self.wait_released(container)
        self.assertFalse(self.runtime_group("gone").exists(), "the runtime removes its own group")


class MountFound(EndToEndTest):
    layout = V2

    def test_mount_auto_uses_the_hierarchy_that_is_there(self):
        self.start_agent(net_cls={"mount": "auto", "parent": self.host.parent})
        self.assertEqual(self.agent.get("/v1/status")["net_cls_mount"], str(self.host.net_cls_mount))
        container = self.make_container("auto", annotations={CLASSID: "10:1"}).start()
        self.assert_container_placed(container, 0x100001)


if __name__ == "__main__":
    unittest.main()
