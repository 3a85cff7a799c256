"""`hook install` with containerd 1.7 and 2: the configurations that they have, and the way from one to the other and to NRI."""

import json
import re
import tomllib

from .support import suites
from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.containerd import IMAGE, Containerd, Pod
from .support.containerd_configs import K3S_DIRECTORY, K3S_IMPORTS
from .support.host_tree import differences, lean, shape
from .support.image import make_tree, write_oci_archive
from .support.nri import NriPlugin
from .support.programs import program, tool
from .support.waiting import eventually

GOLD = 0x100001
CONFIG = "/etc/containerd/config.toml"
_FIRST = ("sh", "-c", "cat /proc/self/cgroup > /tmp/first; grep files /proc/self/limits > /tmp/limits; sleep 1000")

# Without CAP_SYS_RESOURCE a machine cannot lower an OOM score, which containerd wants for every pause container.
_VERSION_2 = """version = 2
root = "{top}/root"
state = "/run/containerd"
[grpc]
  address = "{top}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "{top}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{image}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = "{top}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""

# What the tests' containerd needs that default values do not give.
_ADDED_TO_DEFAULTS = """
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    conf_dir = "{top}/cni"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{image}"
[plugins.'io.containerd.internal.v1.opt']
  path = "{top}/opt"
"""


class InstalledContainerd(Containerd):
    """Reads /etc/containerd/config.toml, if there is one."""

    def __init__(self, host):
        super().__init__(host, CONFIG)
        self.config = host.seen(CONFIG)
        self.config.unlink()
        self.options = ()
        make_tree(self.top / "tree")
        self.archive = write_oci_archive(self.top / "image.tar", self.top / "tree", IMAGE, ("sleep", "1000"))

    def fill(self, text):
        return text.format(top=self.top, image=IMAGE)

    def default(self):
        """What `containerd config default` prints, with what this machine needs put in."""
        text = self.host.run([tool("containerd"), "config", "default"]).stdout
        values = {"root": f"{self.top}/root", "sandbox_image": IMAGE, "sandbox": IMAGE, "conf_dir": f"{self.top}/cni",
                  "restrict_oom_score_adj": True}
        for key, value in values.items():
            text = re.sub(rf"(?m)^( *{key} = ).*$", lambda found: found[1] + json.dumps(value), text)
        text = re.sub(r"""(\n\[grpc\]\n *address = ).*\n""", lambda found: f'{found[1]}"{self.socket}"\n', text)
        opt = r"""(?m)^( *\[plugins\.['"]io\.containerd\.internal\.v1\.opt['"]\]\n *path = ).*$"""
        return re.sub(opt, lambda found: f'{found[1]}"{self.top}/opt"', text)

    def arguments(self):
        return self.options

    def run(self):
        self.start()
        self.import_image(self.archive)

    def stop_pods(self):
        for each in self.cri("ListPodSandbox").items:
            self.remove_pod(each.id)


class VersionsTest(EndToEndTest):
    host_type = suites.SuiteHost

    def setUp(self):
        self.host = self.host_type()
        self.addCleanup(self.host.close)
        self.start_agent()

    def use(self, suite):
        self.version = self.host.use(suite)
        print(f"(containerd {self.version})", end=" ", flush=True)
        self.containerd = InstalledContainerd(self.host)

    def hook(self, verb, *arguments, status=0):
        done = self.host.run([program("netclsctl"), "hook", verb, "--state-dir", self.agent.state_dir, *arguments])
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def install(self, *options, status=0):
        return self.hook("install", "--runtime", "containerd", "--binary", lean("netclsd-hook"), *options,
                         f"--hook-arg=--socket={self.agent.socket}", f"--hook-arg=--spool={self.agent.spool}",
                         f"--hook-arg=--mount={self.host.net_cls_mount}", status=status)

    def places(self):
        return [shape(place) for place in self.host.places()]

    def run_pod(self, name):
        """What the container's first instructions saw: its net_cls group, and its limit of open files."""
        pod = Pod(self.containerd, name, {CLASSID: "10:1"})
        self.container = pod.start("web", *_FIRST)
        limits = self.container.text_when_written("/tmp/limits")
        return self.container.exec("cat", "/tmp/first"), {"limits": limits} | self.spec_of(name, pod)

    def spec_of(self, name, pod):
        """The container's config.json without our hook and annotation, and without what names this container."""
        text = (self.containerd.top / "run/io.containerd.runtime.v2.task/k8s.io" / self.container.id /
                "config.json").read_text()
        for known in (self.container.id, pod.id, name, f"/proc/{pod.pause.pid}/"):
            text = text.replace(known, "KNOWN")
        spec = json.loads(text)
        spec.pop("hooks", None)
        spec["annotations"].pop(CLASSID, None)
        return spec

    def check_pod_is_in_its_class(self, name):
        group, others = self.run_pod(name)
        self.assertRegex(group, rf"(?m)^\d+:net_cls(,net_prio)?:/{self.host.parent}/{self.container.id}$")
        self.assert_in_class(self.container, GOLD)
        return others

    def check_pod_is_in_no_class(self, name):
        group, others = self.run_pod(name)
        self.assertRegex(group, r"(?m)^\d+:net_cls(,net_prio)?:/$")
        self.assert_not_managed(self.container)
        return others

    def check_there_and_back(self):
        """Before, installed, and removed: the files byte for byte."""
        before = self.places()
        self.containerd.run()
        others = self.check_pod_is_in_no_class("before-it")
        self.assertIn("restart it", self.install())
        self.assertIn("written but not read", self.hook("status", status=3))
        self.containerd.restart()
        self.assertIn("containerd: ok", self.hook("status"))
        self.assertIn("nothing to do", self.install())
        self.assertEqual(differences(self.check_pod_is_in_its_class("with-it"), others), {},
                         "all but the hook is as containerd itself begins a container")
        self.hook("uninstall", status=3)
        self.containerd.restart()
        self.hook("uninstall")
        self.assertEqual(self.places(), before)
        self.check_pod_is_in_no_class("after-it")


class One(VersionsTest):
    def test_default_configuration_of_1_7(self):
        self.use(suites.ONE)
        self.containerd.config.write_text(self.containerd.default())
        self.check_there_and_back()


class Two(VersionsTest):
    def setUp(self):
        super().setUp()
        self.use(suites.TWO)

    def test_default_configuration(self):
        text = self.containerd.default()
        self.assertRegex(text, "(?m)^version = [34]$")
        self.containerd.config.write_text(text)
        self.check_there_and_back()

    def test_file_of_version_2(self):
        self.containerd.config.write_text(self.containerd.fill(_VERSION_2))
        self.check_there_and_back()

    def test_no_file(self):
        before = self.places()
        self.install()
        made = self.containerd.config.read_text()
        self.assertEqual(tomllib.loads(made)["version"], 3)
        self.assertIn("containerd: ok", self.hook("status"))
        with_needs = f"{self.containerd.top}/with-needs.toml"
        self.host.seen(with_needs).write_text(made + self.containerd.fill(_ADDED_TO_DEFAULTS))
        self.containerd.options = ("--config", with_needs, "--root", self.containerd.top / "root",
                                   "--address", self.containerd.socket)
        self.containerd.run()
        self.check_pod_is_in_its_class("with-it")
        self.containerd.stop_pods()
        self.containerd.end()
        self.hook("uninstall")
        self.assertEqual(self.places(), before)

    def test_drop_in_that_takes_the_hook_out_is_told_and_not_called_ok(self):
        drop_ins = self.host.seen("/etc/containerd/conf.d")
        drop_ins.mkdir()
        self.containerd.config.write_text("imports = ['/etc/containerd/conf.d/*.toml']\n" +
                                          self.containerd.fill(_VERSION_2))
        (drop_ins / "cni.toml").write_text("version = 2\n[plugins.'io.containerd.grpc.v1.cri'.cni]\nbin_dir = '/x'\n")
        self.install()
        self.assertIn("containerd: ok", self.hook("status"))
        # containerd 2.1 does not move what is of version 2 as soon as one of the files is newer; later ones do not start.
        (drop_ins / "new.toml").write_text("version = 3\n[debug]\nlevel = 'info'\n")
        self.assertIn("containerd: missing", self.hook("status", status=3))
        installed = self.places()
        self.assertRegex(self.install(status=3), r"imports /etc/containerd/conf.d/new.toml, which is newer")
        self.assertEqual(self.places(), installed)


# In the shape that k3s and RKE2 render; `imports` is there since 2026.
_K3S_3 = """version = 3
{imports}root = "{top}/root"
state = "/run/containerd"
[grpc]
  address = "{top}/containerd.sock"
[plugins.'io.containerd.internal.v1.opt']
  path = "{top}/opt"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  conf_dir = "{top}/cni"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{image}"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = false
"""


class K3sHost(suites.SuiteHost):
    PRIVATE = (*suites.SuiteHost.PRIVATE, "/var/lib")


class K3s(VersionsTest):
    """The files of k3s and RKE2, in their places, with the real containerd. They themselves are not here."""

    host_type = K3sHost

    def render(self, suite, text, imports=""):
        """What they do at each start, and as which file containerd gets it."""
        self.use(suite)
        self.path = f"{K3S_DIRECTORY}/config.toml"
        self.host.seen(K3S_DIRECTORY).mkdir(parents=True)
        rendered = text.format(top=self.containerd.top, image=IMAGE, imports=imports)
        self.host.seen(self.path).write_text(rendered)
        self.containerd.options = ("--config", self.path)
        return rendered

    def test_a_file_in_the_directory_that_is_imported(self):
        self.render(suites.TWO, _K3S_3, K3S_IMPORTS)
        self.check_there_and_back()

    def lines_of(self, report):
        """By which `hook install` tells what to write: the handler's header, and two lines."""
        return re.search(r"(?m)^\[plugins\..*runtimes\.runc\]\n  base_runtime_spec.*\n  pod_annotations.*\n", report)[0]

    def check_lines_in_a_copy(self, suite, text):
        rendered = self.render(suite, text)
        self.containerd.run()
        self.check_pod_is_in_no_class("before-it")
        lines = self.lines_of(self.install(status=3))
        # Below {{ template "base" . }} the table would be there twice.
        twice = f"{self.containerd.top}/twice.toml"
        self.host.seen(twice).write_text(rendered + lines)
        done = self.host.run([tool("containerd"), "--config", twice, "config", "dump"])
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.host.seen(self.path).write_text(re.sub(r"(?m)^ *\[plugins\..*runtimes\.runc\]\n", lambda _: lines, rendered))
        self.containerd.restart()
        self.assertIn("containerd: ok", self.hook("status"))
        self.check_pod_is_in_its_class("with-it")

    def test_lines_in_a_copy_for_1_7(self):
        self.check_lines_in_a_copy(suites.ONE, _VERSION_2)

    def test_lines_in_a_copy_for_2(self):
        self.check_lines_in_a_copy(suites.TWO, _K3S_3)


class Upgrade(VersionsTest):
    """A node's whole way, on one disk, each step as docs/install.md and docs/nri.md have it. Before, between and after the
    steps a container starts, and its first instruction must be in its class."""

    def test_no_container_starts_without_its_class_from_1_7_to_2_to_nri_and_back(self):
        self.use(suites.ONE)
        self.containerd.config.write_text(self.containerd.fill(_VERSION_2))
        before = self.places()
        self.install()
        self.installed = self.containerd.config.read_text()
        self.containerd.run()
        self.check_start("one", by="hook")
        self.first = self.container
        self.go_to_2()
        self.go_to_nri()
        self.go_back()
        self.containerd.stop_pods()
        self.containerd.end()
        self.hook("uninstall")
        self.assertEqual(self.places(), before)

    def check_start(self, name, by):
        self.check_pod_is_in_its_class(name)
        self.assertEqual(self.agent.container(self.container.id)["source"], by)

    def change_to(self, suite):
        self.containerd.end()
        print(f"(containerd {self.host.use(suite)})", end=" ", flush=True)
        self.containerd.start()

    def go_to_2(self):
        """Pods keep running. An installation after the change takes nothing out, whether a plugin is about to come or not."""
        self.change_to(suites.TWO)
        self.check_start("upgraded", by="hook")
        self.assertIn("containerd: ok", self.hook("status"))
        self.assertTrue(self.host.seen(suites.NRI_SOCKET).is_socket(), "so that --unless-nri has a choice")
        for number, options in enumerate(((), ("--unless-nri",))):
            self.install(*options)
            self.assertEqual(self.containerd.config.read_text(), self.installed)
            self.check_start(f"not-restarted-{number}", by="hook")
        self.containerd.restart()
        self.assertIn("containerd: ok", self.hook("status"))
        self.check_start("restarted", by="hook")

    def go_to_nri(self):
        """The plugin first, then the hook goes."""
        self.plugin = NriPlugin(self.host, self.agent, suites.NRI_SOCKET,
                                options=("--report", self.agent.state_dir / "nri.json")).start()
        self.check_start("hook-and-plugin", by="hook")
        self.hook("uninstall", status=3)
        self.check_start("taken-out", by="nri")
        known = self.plugin.registrations()
        self.containerd.restart()
        eventually("the plugin is back", lambda: self.plugin.registrations() > known)
        self.check_start("plugin-alone", by="nri")
        self.hook("uninstall")
        self.check_start("stub-gone", by="nri")
        self.assert_in_class(self.first, GOLD)

    def go_back(self):
        """The hook first, then containerd, which no plugin can follow."""
        self.install()
        self.check_start("plugin-and-hook", by="nri")
        self.containerd.stop_pods()
        self.change_to(suites.ONE)
        self.check_start("back", by="hook")
        self.plugin.stop()
        self.install()
        self.check_start("installed-again", by="hook")
        self.containerd.restart()
        self.check_start("end", by="hook")
