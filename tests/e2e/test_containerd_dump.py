"""How containerd itself reads a configuration: `containerd config dump` before and after `hook install`. With Debian 12's
containerd, and with containerd 2 of another suite."""

import copy
import os
import subprocess
import tomllib
import unittest

from .support import suites
from .support.containerd_shapes import LEFT, REFUSED, SHAPES, SHAPES_3
from .support.host_tree import CONFIG, HostTree, interrupted
from .support.programs import need_fault_points, tool

OLD_FORMS = ("default_runtime", "untrusted_workload_runtime")


def dump(path, containerd=None):
    done = subprocess.run([containerd or tool("containerd"), "--config", path, "config", "dump"], capture_output=True,
                          check=True)
    return tomllib.loads(done.stdout.decode())


def default():
    """What it runs with where there is no file."""
    done = subprocess.run([tool("containerd"), "config", "default"], capture_output=True, check=True)
    return tomllib.loads(done.stdout.decode())


def handlers_of(dumped):
    if dumped["version"] >= 3:
        return dumped["plugins"]["io.containerd.cri.v1.runtime"]["containerd"]["runtimes"]
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


class ContainerdTwo(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.containerd = suites.programs_of(suites.TWO) / "containerd"

    def tree(self, content):
        tree = HostTree(self, "containerd")
        tree.write(CONFIG, content)
        return tree

    def hook(self, tree, verb, status=0, **options):
        arguments = ("--runtime", "containerd", "--containerd-version", "2.1.9") if verb == "install" else ()
        done = tree.hook(verb, *arguments, **options)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def handlers_of_ours(self, tree):
        return take_our_keys(dump(tree.path(CONFIG), self.containerd))

    def test_before_and_after_differ_in_our_two_keys_alone(self):
        for name, (content, handlers) in SHAPES_3.items():
            with self.subTest(name):
                tree = self.tree(content)
                before = self.handlers_of_ours(tree)[0]
                self.hook(tree, "install")
                self.assertEqual(self.handlers_of_ours(tree), (before, handlers))
                self.assertEqual((tree.status()[0], tree.states_of("containerd")), (0, ["ok"]))
                self.hook(tree, "uninstall")
                self.assertEqual(tree.path(CONFIG).read_bytes(), content)

    def check_containers_start(self, tree):
        """The base spec that containerd would read is whole, and so is the program that it names."""
        for handler in handlers_of(dump(tree.path(CONFIG), self.containerd)).values():
            if path := handler["base_runtime_spec"]:
                for hook in tree.json(path.lstrip("/"))["hooks"]["prestart"]:
                    self.assertTrue(os.access(tree.path(hook["path"].lstrip("/")), os.X_OK), hook)

    def test_installer_that_is_killed_leaves_containers_that_start(self):
        need_fault_points()
        content = SHAPES_3["as containerd dumps it"][0]
        tree = self.tree(content)
        before = tree.shape()
        for verb, undo in (("install", "uninstall"), ("uninstall", "install")):
            self.hook(tree, undo)
            call = lambda faults, verb=verb: self.hook(tree, verb, status=None, faults=faults)  # noqa: E731
            for _ in interrupted(self, call, ("install_step", "file_rename")):
                self.check_containers_start(tree)
                self.hook(tree, undo)
        self.hook(tree, "uninstall")
        self.assertEqual(tree.shape(), before)
