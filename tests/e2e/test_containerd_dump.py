"""How containerd itself reads a configuration: `containerd config dump` before and after `hook install`."""

import copy
import subprocess
import tomllib
import unittest

from .support.containerd_shapes import LEFT, REFUSED, SHAPES
from .support.host_tree import CONFIG, HostTree
from .support.programs import tool

OLD_FORMS = ("default_runtime", "untrusted_workload_runtime")


def dump(path):
    done = subprocess.run([tool("containerd"), "--config", path, "config", "dump"], capture_output=True, check=True)
    return tomllib.loads(done.stdout.decode())


def default():
    """What it runs with where there is no file."""
    done = subprocess.run([tool("containerd"), "config", "default"], capture_output=True, check=True)
    return tomllib.loads(done.stdout.decode())


def handlers_of(dumped):
    containerd = dumped["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]
    return containerd["runtimes"] | {name: containerd[name] for name in OLD_FORMS}


def take_our_keys(dumped):
    """The dump without our two keys, and the handlers that have both. Values that only repeat the built-in handler
    (options; from 1.7 on its sandbox_mode) are left out, and so is the list of files."""
    rest = copy.deepcopy(dumped)
    rest.pop("imports")
    ours = []
    for name, handler in handlers_of(rest).items():
        handler["options"] = {key: value for key, value in handler.get("options", {}).items() if value}
        if handler.get("sandbox_mode") == "podsandbox":
            handler["sandbox_mode"] = ""
        annotations = handler["pod_annotations"]
        if handler["base_runtime_spec"].startswith("/etc/containerd/netclsd-base-spec") and "netclsd.io/*" in annotations:
            ours.append(name)
            annotations.remove("netclsd.io/*")
            handler["base_runtime_spec"] = ""
    return rest, sorted(ours)


class ContainerdDumpTest(unittest.TestCase):
    maxDiff = None

    def tree(self, content):
        tree = HostTree(self, "containerd")
        tree.write(CONFIG, content)
        return tree

    def expect(self, done, status):
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def test_before_and_after_differ_in_our_two_keys_alone(self):
        for name, (content, handlers) in SHAPES.items():
            with self.subTest(name):
                tree = self.tree(content)
                path = tree.path(CONFIG)
                before = dump(path)
                self.expect(tree.hook("install", "--runtime", "containerd"), 0)
                after, ours = take_our_keys(dump(path))
                self.assertEqual(after, take_our_keys(before)[0])
                self.assertEqual(ours, handlers)
                self.expect(tree.hook("uninstall"), 0)
                self.assertEqual(path.read_bytes(), content)

    def test_file_that_was_not_there_changes_nothing_else(self):
        """The cgroup driver, for one."""
        tree = HostTree(self, "containerd")
        self.expect(tree.hook("install", "--runtime", "containerd"), 0)
        after, ours = take_our_keys(dump(tree.path(CONFIG)))
        self.assertEqual((after, ours), (take_our_keys(default())[0], ["runc"]))
        self.expect(tree.hook("uninstall"), 0)
        self.assertFalse(tree.path(CONFIG).exists())

    def test_what_is_left_alone_says_the_lines_to_write(self):
        for name, (content, message) in LEFT.items():
            with self.subTest(name):
                tree = self.tree(content)
                done = self.expect(tree.hook("install", "--runtime", "containerd"), 3)
                self.assertRegex(done.stdout, f"(?s){message}")
                self.assertEqual(tree.path(CONFIG).read_bytes(), content)

    def test_what_is_refused_is_left_alone_and_says_why(self):
        for name, (content, message) in REFUSED.items():
            with self.subTest(name):
                tree = self.tree(content)
                before = tree.shape()
                done = self.expect(tree.hook("install", "--runtime", "containerd"), 1)
                self.assertRegex(done.stderr, f"(?s){message}")
                self.assertEqual(tree.shape(), before)
