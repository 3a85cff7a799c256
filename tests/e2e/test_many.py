"""Many containers at once: none gets another's class, and nothing is left of them."""

from concurrent.futures import ThreadPoolExecutor

from .support import kernel
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.waiting import eventually_equal

CONTAINERS = 50
AT_ONCE = 8


class Fifty(EndToEndTest):
    def test_fifty_containers_with_fifty_classes_leave_nothing(self):
        self.start_agent()
        containers = {
            0x100100 + n: self.make_container(f"many{n}", "sh", "-c", "sleep 1000 & sleep 1000 & wait",
                                              annotations={CLASSID: f"10:{0x100 + n:x}"},
                                              hook_options=("--timeout", "10s"))  # a busy machine is not at issue
            for n in range(CONTAINERS)
        }
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda container: container.start(), containers.values()))
            list(pool.map(lambda container: container.exec_detached("sleep", "1000"), containers.values()))
        for raw_classid, container in containers.items():
            self.assert_container_placed(container, raw_classid)
        self.assertEqual(len(self.agent.containers()), CONTAINERS)
        self.assertEqual(len(self.agent.state_files()), CONTAINERS)
        self.assertEqual(self.host.groups(), {container.id for container in containers.values()})

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda container: container.delete(), containers.values()))
        eventually_equal("containers the agent knows", self.agent.containers, {})
        eventually_equal("groups", self.host.groups, set())
        eventually_equal("state files", self.agent.state_files, set())
        self.assertEqual(self.agent.metrics().value("containers"), 0)
        eventually_equal("tracked processes", lambda: self.agent.metrics().value("processes"), 0)


class Release(EndToEndTest):
    def test_without_poststop_the_end_of_init_is_enough(self):
        self.start_agent()
        container = self.make_container("silent", annotations={CLASSID: "10:1"}, stages=("prestart",)).start()
        container.delete()
        self.wait_released(container)

    def test_a_late_poststop_of_a_container_that_lives_again_does_no_harm(self):
        self.start_agent()
        container = self.make_container("again", annotations={CLASSID: "10:1"}).start()
        answer = self.agent.request("DELETE", f"/v1/containers/{container.id}")
        self.assertEqual(answer.status, 204)
        self.assert_container_placed(container, 0x100001)

    def test_the_same_id_is_used_anew(self):
        self.start_agent()
        for classid in (1, 2, 3):
            container = self.make_container(f"reused{classid}", annotations={CLASSID: f"10:{classid}"})
            container.id = f"{self.host.prefix}-reused"
            container.start()
            self.assert_container_placed(container, 0x100000 + classid)
            container.delete()

    def test_a_container_that_fails_to_start_leaves_nothing(self):
        self.start_agent()
        container = self.make_container("broken", "/no/such/program", annotations={CLASSID: "10:1"})
        self.assertNotEqual(container.run(check=False).returncode, 0)
        self.wait_released(container)
        self.assertEqual(kernel.pids_in_group(self.host.group()), set())
