"""netclsctl hook install, uninstall and status, on trees that look like hosts."""

import json
import os
import shutil
import socket
import subprocess
import tomllib
import unittest
from functools import partial
from pathlib import Path

from .support import containerd_configs as configs
from .support.host_tree import BASE_SPEC, CONFIG, HOOKS_D, OWN, SHARED_HOOKS_D, HostTree, differences, interrupted, lean, shape
from .support.programs import need_fault_points, program, tool

LINK = "/opt/netclsd/netclsd-hook"


def handlers_of(text):
    return tomllib.loads(text)["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]["runtimes"]


class HookInstallTest(unittest.TestCase):
    maxDiff = None

    def expect(self, done, status):
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def install(self, tree, *arguments, status=0):
        return self.expect(tree.hook("install", *arguments), status)

    def uninstall(self, tree, *arguments, status=0):
        return self.expect(tree.hook("uninstall", *arguments), status)

    def check_refuses(self, tree, message, *arguments, verb="install", launcher=()):
        """Exit code 1, one line of explanation, and nothing was touched."""
        before = tree.shape()
        done = self.expect(tree.hook(verb, *arguments, launcher=launcher), 1)
        self.assertRegex(done.stderr, message)
        self.assertEqual(done.stdout, "")
        self.assertEqual(tree.shape(), before)

    def check_leaves(self, tree, config, message, *arguments):
        """Exit code 3 and the lines to write by hand. The configuration stays; the base spec that the lines name is there."""
        before, shape = tree.read(config), tree.shape()
        done = self.install(tree, *arguments, status=3)
        self.assertRegex(done.stdout, message)
        self.assertIn("by hand", done.stdout)
        self.assertEqual(tree.read(config), before)
        self.assertTrue(tree.path(BASE_SPEC).exists())
        self.assertEqual((tree.status()[0], tree.states_of("containerd")), (3, ["missing"]))
        self.uninstall(tree)
        self.assertEqual(tree.shape(), shape)
        return done

    def check_there_and_back(self, tree, *arguments):
        """A second installation finds nothing to do; after the removal the tree is as before, byte for byte."""
        before = tree.shape()
        self.install(tree, *arguments)
        installed = tree.shape()
        self.assertNotEqual(installed, before)
        self.assertIn("nothing to do", self.install(tree, *arguments).stdout)
        self.assertEqual(tree.shape(), installed)
        self.assertEqual(tree.status()[0], 0)
        self.uninstall(tree)
        self.assertEqual(tree.shape(), before)


class Podman(HookInstallTest):
    def test_hooks_d_file_names_the_link_and_is_narrow(self):
        tree = HostTree(self, "podman")
        self.install(tree)
        entry = tree.json(HOOKS_D)
        self.assertEqual(entry["hook"], {"path": LINK, "args": ["netclsd-hook"], "timeout": 2})
        self.assertEqual(entry["when"], {"annotations": {r"^netclsd\.io/(class|classid)(\..+)?$": ".*"}})
        self.assertEqual(entry["stages"], ["prestart", "poststop"])
        self.assertEqual(tree.json(SHARED_HOOKS_D), entry, "the only directory that podman reads by default")
        self.assertEqual(tree.path(OWN + "/netclsd-hook").read_bytes(), lean("netclsd-hook").read_bytes())

    def test_all_containers_and_arguments_of_the_hook(self):
        tree = HostTree(self, "podman")
        self.install(tree, "--all-containers", "--hook-arg=--timeout=2500ms", "--hook-arg=--on-failure",
                     "--hook-arg=deny")
        entry = tree.json(HOOKS_D)
        self.assertEqual(entry["when"], {"always": True})
        self.assertEqual(entry["hook"]["args"], ["netclsd-hook", "--timeout=2500ms", "--on-failure", "deny"])
        self.assertEqual(entry["hook"]["timeout"], 4)

    def test_argument_that_the_hook_would_refuse_is_refused(self):
        tree = HostTree(self, "podman")
        for argument in ("--no-such", "--timeout=1h", "--on-failure=maybe"):
            self.check_refuses(tree, "does not accept the --hook-arg", f"--hook-arg={argument}")
        for argument in ("--version", "poststop"):
            self.check_refuses(tree, "is not for a hook's entry", f"--hook-arg={argument}")

    def test_another_tools_hook_stays_and_a_file_in_our_place_comes_back(self):
        tree = HostTree(self, "podman")
        tree.write(str(Path(HOOKS_D).parent / "theirs.json"), "{}", mode=0o600)
        os.chown(tree.write(SHARED_HOOKS_D, "{}", mode=0o640), 1, 2)
        self.check_there_and_back(tree)

    def test_where_usr_is_read_only_it_says_what_to_configure(self):
        tree = HostTree(self, "podman")
        done = self.expect(tree.hook("install", launcher=self.mounting(tree, "usr", "ro")), 3)
        self.assertIn('hooks_dir = ["/usr/share/containers/oci/hooks.d", "/etc/containers/oci/hooks.d"]', done.stdout)
        self.assertTrue(tree.path(HOOKS_D).exists())

    @staticmethod
    def mounting(tree, directory, options):
        """Runs what follows where a directory of the tree is a mount of its own."""
        script = f'mount --bind "$0" "$0" && mount -o remount,bind,{options} "$0" && exec "$@"'
        return [tool("unshare"), "--mount", "--propagation", "private", tool("sh"), "-c", script,
                str(tree.path(directory))]

    def test_read_only_etc_is_told_before_anything_is_done(self):
        tree = HostTree(self, "podman")
        self.check_refuses(tree, "write in /etc: Read-only file system", launcher=self.mounting(tree, "etc", "ro"))

    def test_noexec_opt_is_no_place_for_a_program(self):
        tree = HostTree(self, "podman")
        self.expect(tree.hook("install", launcher=self.mounting(tree, "opt", "noexec")), 0)
        self.assertEqual(tree.json(HOOKS_D)["hook"]["path"], "/var/lib/netclsd/netclsd-hook")
        self.assertFalse(tree.path(OWN).exists())
        self.uninstall(tree)
        self.assertFalse(tree.path("var/lib/netclsd").exists())

    def test_nothing_to_hook_into(self):
        self.check_refuses(HostTree(self), "neither podman, CRI-O nor containerd was found")


class Containerd(HookInstallTest):
    def tree(self, config=None, mode=0o644):
        tree = HostTree(self, "containerd")
        if config is not None:
            tree.write(CONFIG, config, mode=mode)
        return tree

    def test_every_configuration_comes_back_byte_for_byte(self):
        for name in ("COMMENTED", "NO_HANDLERS", "WITH_BASE_SPEC", "RETURNS"):
            with self.subTest(name):
                tree = self.tree(getattr(configs, name), mode=0o640)
                tree.write("etc/containerd/theirs.json", configs.THEIR_SPEC)
                os.chown(tree.path(CONFIG), 3, 4)
                self.check_there_and_back(tree)
        for config in (None, "", "# nothing yet\n"):
            with self.subTest(config):
                self.check_there_and_back(self.tree(config))

    def test_real_default_configuration(self):
        text = subprocess.run([tool("containerd"), "config", "default"], capture_output=True, text=True).stdout
        tree = self.tree(text)
        self.check_there_and_back(tree)
        self.install(tree)
        handler = handlers_of(tree.read(CONFIG))["runc"]
        self.assertEqual(handler, handlers_of(text)["runc"] | {"base_runtime_spec": "/" + BASE_SPEC,
                                                                "pod_annotations": ["netclsd.io/*"]})

    def test_only_our_two_keys_differ(self):
        tree = self.tree(configs.COMMENTED, mode=0o600)
        self.install(tree)
        lines = tree.read(CONFIG).splitlines()
        added = [line.strip() for line in lines if line not in configs.COMMENTED.splitlines()]
        self.assertEqual(added, ['base_runtime_spec = "/etc/containerd/netclsd-base-spec.json"',
                                 'pod_annotations = ["netclsd.io/*", '.strip()])
        after, before = tomllib.loads("\n".join(lines)), tomllib.loads(configs.COMMENTED)
        runc = handlers_of("\n".join(lines))["runc"]
        self.assertEqual(runc.pop("base_runtime_spec"), "/" + BASE_SPEC)
        self.assertEqual(runc.pop("pod_annotations"), ["netclsd.io/*", "example.com/*"])
        self.assertEqual(runc, {"runtime_type": "io.containerd.runc.v2", "options": {"SystemdCgroup": True}})
        self.assertEqual({key: after[key] for key in ("version", "root")}, {key: before[key] for key in ("version", "root")})
        self.assertEqual(handlers_of("\n".join(lines))["kata"], {"runtime_type": "io.containerd.kata.v2"})
        self.assertEqual(oct(tree.path(CONFIG).stat().st_mode), "0o100600")

    def test_missing_configuration_spells_out_the_default_handler(self):
        tree = self.tree()
        self.install(tree)
        self.assertEqual(tomllib.loads(tree.read(CONFIG))["version"], 2)
        self.assertEqual(handlers_of(tree.read(CONFIG)), {"runc": {
            "runtime_type": "io.containerd.runc.v2", "base_runtime_spec": "/" + BASE_SPEC,
            "pod_annotations": ["netclsd.io/*"]}})

    def test_base_spec_is_the_default_one_with_our_hook_and_without_its_rlimits(self):
        tree = self.tree()
        self.install(tree, "--hook-arg=--on-failure=deny")
        spec = tree.json(BASE_SPEC)
        default = json.loads(subprocess.run([tool("ctr"), "oci", "spec"], capture_output=True).stdout)
        arguments = ["netclsd-hook", "--on-failure=deny"]
        self.assertEqual(spec.pop("hooks"), {
            "prestart": [{"path": LINK, "args": [*arguments, "prestart"], "timeout": 2}]})
        default["process"].pop("rlimits")  # as the CRI plugin does with its own default
        # The version is the oldest that has all this. Versions before 1.7 do not mask the last path yet.
        self.assertEqual((spec.pop("ociVersion"), default.pop("ociVersion")[:2]), ("1.0.2-dev", "1."))
        masked, defaults = (set(each["linux"].pop("maskedPaths")) for each in (spec, default))
        self.assertEqual(masked, defaults | {"/sys/devices/virtual/powercap"})
        self.assertEqual(spec, default)

    def test_configured_base_spec_is_kept_beside_our_hooks(self):
        tree = self.tree(configs.WITH_BASE_SPEC)
        tree.write("etc/containerd/theirs.json", configs.THEIR_SPEC)
        self.install(tree)
        handlers = handlers_of(tree.read(CONFIG))
        self.assertEqual(handlers["plain"]["base_runtime_spec"], "/" + BASE_SPEC)
        own = handlers["runc"]["base_runtime_spec"]
        self.assertEqual(own, "/etc/containerd/netclsd-base-spec-runc.json")
        spec = tree.json(own[1:])
        self.assertEqual([hook["path"] for hook in spec["hooks"]["prestart"]], ["/usr/bin/theirs", LINK])
        self.assertEqual(spec["process"], json.loads(configs.THEIR_SPEC)["process"], "their rlimits stay")
        self.assertEqual(tree.read("etc/containerd/theirs.json"), configs.THEIR_SPEC)

    def test_only_the_handlers_named(self):
        tree = self.tree(configs.COMMENTED)
        self.check_refuses(tree, r"there are not all of the runtime handlers named \(there are: kata, runc\)",
                           "--runtime-handler", "crun")
        self.install(tree, "--runtime-handler", "kata")
        handlers = handlers_of(tree.read(CONFIG))
        self.assertIn("base_runtime_spec", handlers["kata"])
        self.assertNotIn("base_runtime_spec", handlers["runc"])

    def test_what_containerd_cannot_use_is_refused_with_words_and_left_alone(self):
        cases = {"MALFORMED": "config.toml: line 2", "NO_RUNC": "config.toml: no runtime handler is runc's"}
        for name, message in cases.items():
            with self.subTest(name):
                self.check_refuses(self.tree(getattr(configs, name)), f"(?s){message}")

    def test_what_cannot_be_edited_is_left_and_the_lines_are_named(self):
        cases = {"VERSION_1": "only versions 2 to 4 are edited", "INLINE": "an inline one", "WRONG_TYPE": "an unusual way",
                 "DOTTED": "no header of its own"}
        for name, message in cases.items():
            with self.subTest(name):
                done = self.check_leaves(self.tree(getattr(configs, name)), CONFIG, message)
                self.assertIn('containerd.runtimes.runc]\n', done.stdout)

    def test_lines_that_were_written_by_hand_count(self):
        tree = self.tree(configs.VERSION_1)
        lines = self.install(tree, status=3).stdout.partition("restart containerd:\n")[2].partition("note:")[0]
        by_hand = configs.VERSION_1 + lines
        tree.write(CONFIG, by_hand)
        self.assertEqual((tree.status()[0], tree.states_of("containerd")), (0, ["ok"]), lines)
        self.assertIn("nothing to do", self.install(tree).stdout)
        self.assertIn("containerd's CRI plugin does not start without it: it stays", self.uninstall(tree, status=3).stdout)
        self.assertEqual((tree.read(CONFIG), tree.json(BASE_SPEC)["hooks"]["prestart"]), (by_hand, []))

    def test_program_that_is_not_executable_is_told_and_mended(self):
        tree = self.tree(configs.COMMENTED)
        self.install(tree)
        hook = tree.path(OWN) / os.readlink(tree.path(OWN + "/netclsd-hook"))
        hook.chmod(0o644)
        status, answer = tree.status()
        self.assertEqual((status, answer["problems"]), (3, [f"/opt/netclsd/{hook.name} is not executable: run install again"]))
        self.install(tree)
        self.assertEqual((hook.stat().st_mode & 0o777, tree.status()[0]), (0o755, 0))

    def test_base_spec_that_is_missing_is_told(self):
        self.check_refuses(self.tree(configs.WITH_BASE_SPEC), "theirs.json, is not there")

    def test_drop_in_that_replaces_the_plugins_table_is_left_and_the_lines_are_named(self):
        tree = self.tree(configs.IMPORTING)
        tree.write("etc/containerd/conf.d/other.toml", 'version = 2\n[debug]\n  level = "info"\n')
        tree.write("etc/containerd/conf.d/cri.txt", configs.IMPORTED)
        self.check_there_and_back(tree)
        tree.write("etc/containerd/conf.d/cri.toml", configs.IMPORTED)
        self.check_leaves(tree, CONFIG, "conf.d/cri.toml is imported and has the CRI plugin's table")
        tree.path("etc/containerd/conf.d/cri.toml").unlink()
        tree.write("etc/containerd/conf.d/other.toml", 'imports = ["../nested/a*/cri.toml"]\n')
        tree.write("etc/containerd/nested/a1/cri.toml", configs.IMPORTED)
        self.check_leaves(tree, CONFIG, r"(?s)nested/a1/cri.toml is imported.*by hand.*\[plugins.*containerd.runtimes.runc\]\n"
                          r'  runtime_type = "io.containerd.runc.v2"\n'
                          r'  base_runtime_spec = "/etc/containerd/netclsd-base-spec.json"\n  pod_annotations = \["netclsd')

    def test_containerd_without_cri_is_left_alone(self):
        tree = self.tree(configs.CRI_DISABLED)
        self.check_refuses(tree, "disables containerd's CRI plugin", "--runtime", "containerd")
        self.check_refuses(tree, "there is nothing to hook into")
        tree.write("usr/bin/podman", "")
        self.assertIn("it is left alone", self.install(tree).stdout)
        self.assertEqual(tree.read(CONFIG), configs.CRI_DISABLED)

    def test_drop_in_can_disable_the_plugin(self):
        tree = self.tree(configs.IMPORTING)
        tree.write("etc/containerd/conf.d/off.toml", 'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        self.check_refuses(tree, "conf.d/off.toml disables containerd's CRI plugin", "--runtime", "containerd")

    def test_link_into_a_place_that_cannot_be_written_is_refused_by_name(self):
        tree = self.tree()
        tree.write("nix/store/abc-config.toml", configs.COMMENTED)
        tree.path("etc/static").mkdir()
        tree.path("etc/containerd").mkdir()
        tree.path(CONFIG).symlink_to("/etc/static/config.toml")
        tree.path("etc/static/config.toml").symlink_to("/nix/store/abc-config.toml")
        self.check_refuses(tree, "/etc/containerd/config.toml is a link to /nix/store/abc-config.toml, which cannot be "
                                 "changed: write in /nix/store: Read-only", launcher=Podman.mounting(tree, "nix", "ro"))
        self.check_there_and_back(tree)

    def test_file_of_a_daemons_own_is_chosen_by_an_option(self):
        tree = self.tree(configs.NO_HANDLERS)
        tree.write("etc/k0s/containerd.toml", configs.COMMENTED)
        self.check_there_and_back(tree, "--containerd-config", "/etc/k0s/containerd.toml")
        self.install(tree, "--containerd-config", "/etc/k0s/containerd.toml")
        self.assertIn("netclsd.io/*", tree.read("etc/k0s/containerd.toml"))
        self.assertEqual(tree.read(CONFIG), configs.NO_HANDLERS)
        self.assertEqual(tree.hook("install", "--containerd-config", "relative.toml").returncode, 2)

    def test_file_that_the_daemon_reads_is_the_one_that_is_edited(self):
        tree = self.tree(configs.NO_HANDLERS)
        tree.write("usr/share/containerd/config.toml", configs.COMMENTED)
        tree.run_containerd(7, "/usr/share/containerd/config.toml")
        self.check_refuses(tree, "containerd reads /usr/share/containerd/config.toml, which cannot be changed: let it read "
                                 "a copy in /etc/containerd .*Read-only file system",
                           launcher=Podman.mounting(tree, "usr", "ro"))
        self.check_there_and_back(tree)
        tree.write("docker.toml", 'disabled_plugins = ["cri"]\n')
        tree.run_containerd(8, "/docker.toml")
        self.check_there_and_back(tree)
        tree.run_containerd(9, "/" + CONFIG)
        self.check_refuses(tree, r"\(pid 7\) reads /usr/share/.*\(pid 9\) reads /etc/.*say which one by --containerd-config")
        self.assertIn("netclsd.io/*", self.install(tree, "--containerd-config", "/" + CONFIG, "--diff", "--dry-run").stdout)

    def test_file_that_is_written_anew_at_each_start_is_left_and_its_template_named(self):
        k3s = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml"
        cases = ((k3s, configs.COMMENTED, "1.7.24", "k3s, from config.toml.tmpl beside it"),
                 (k3s, configs.VERSION_3, "2.1.4", "k3s, from config-v3.toml.tmpl beside it"),
                 ("/var/snap/microk8s/5/args/containerd.toml", configs.COMMENTED, "1.7.24", "from containerd-template.toml"),
                 ("/run/containerd/config.toml", configs.COMMENTED, "1.7.24", "whoever starts containerd"))
        for config, text, version, source in cases:
            with self.subTest(config, version=version):
                tree = self.tree()
                tree.write(config[1:], text)
                tree.run_containerd(7, config)
                done = self.check_leaves(tree, config[1:], f"{config}, which containerd reads, is written anew by .*{source}",
                                         "--containerd-version", version)
                self.assertIn("Write into what it is written from by hand", done.stdout)
        tree = self.tree()
        tree.write("usr/bin/podman", "")
        tree.write("run/docker/containerd.toml", 'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        tree.run_containerd(7, "/run/docker/containerd.toml")
        self.assertIn("it is left alone", self.install(tree).stdout, "dockerd's own is nothing to us")
        self.assertEqual(tree.states_of("containerd"), [])

    def k3s(self, imports=configs.K3S_IMPORTS):
        tree = self.tree()
        self.k3s_config = tree.write(f"{configs.K3S_DIRECTORY[1:]}/config.toml", configs.K3S.format(imports=imports))
        tree.run_containerd(7, f"{configs.K3S_DIRECTORY}/config.toml")
        return tree, f"{configs.K3S_DIRECTORY[1:]}/config-v3.toml.d"

    def test_k3s_imports_a_directory_and_gets_a_file_there(self):
        tree, drop_ins = self.k3s()
        two = ("--containerd-version", "2.1.4")
        self.check_there_and_back(tree, *two)
        self.assertFalse(tree.path(drop_ins).exists())
        done = self.install(tree, *two)
        self.assertIn("is written anew at each start, and imports what is beside it", done.stdout)
        ours = tomllib.loads(tree.read(f"{drop_ins}/netclsd.toml"))
        handlers = ours["plugins"]["io.containerd.cri.v1.runtime"]["containerd"]["runtimes"]
        self.assertEqual((ours["version"], set(handlers)), (3, {"runc", "nvidia"}))
        for each in handlers.values():
            self.assertEqual(each, {"runtime_type": "io.containerd.runc.v2", "base_runtime_spec": "/" + BASE_SPEC,
                                    "pod_annotations": ["netclsd.io/*"]})
        self.assertEqual(self.k3s_config.read_text(), configs.K3S.format(imports=configs.K3S_IMPORTS))
        self.assertEqual(tree.states_of("containerd"), ["ok"])
        # An older k3s imports nothing: the file is without effect, and the lines are named.
        self.k3s_config.write_text(configs.K3S.format(imports=""))
        self.assertEqual(tree.states_of("containerd"), ["missing"])
        self.assertIn("from config-v3.toml.tmpl beside it", self.install(tree, *two, status=3).stdout)
        self.assertEqual(list(tree.path(drop_ins).iterdir()), [])

    def test_k3s_with_the_lines_in_its_template_needs_no_file(self):
        tree, drop_ins = self.k3s()
        lines = f'  base_runtime_spec = "/{BASE_SPEC}"\n  pod_annotations = ["netclsd.io/*"]\n'
        by_hand = self.k3s_config.read_text().replace('"io.containerd.runc.v2"\n', '"io.containerd.runc.v2"\n' + lines)
        self.k3s_config.write_text(by_hand)
        self.install(tree, "--containerd-version", "2.1.4")
        self.assertFalse(tree.path(drop_ins).exists())
        self.assertEqual(tree.states_of("containerd"), ["ok"])

    def test_k3s_s_file_is_never_there_without_its_base_spec(self):
        need_fault_points("netclsctl")
        tree, drop_ins = self.k3s()
        before = tree.shape()
        for verb, arguments in (("install", ("--containerd-version", "2.1.4")), ("uninstall", ())):
            if verb == "uninstall":
                self.install(tree, "--containerd-version", "2.1.4")
            for faults in interrupted(self, partial(tree.hook, verb, *arguments), Interrupted.POINTS,
                                      count_min=1):
                written = [path.name for path in tree.path(drop_ins).glob("*.toml")]
                if written:
                    self.assertEqual(written, ["netclsd.toml"], faults)
                    self.assertIn(LINK, tree.read(BASE_SPEC), faults)
                self.uninstall(tree)
                self.assertEqual(differences(tree.shape(), before), {}, faults)
                if verb == "uninstall":
                    self.install(tree, "--containerd-version", "2.1.4")
            self.uninstall(tree)

    def test_comment_that_names_netclsd_is_no_setting(self):
        config = "# rolled out with netclsd: netclsd.io/*\n" + configs.COMMENTED
        tree = self.tree(config)
        self.check_there_and_back(tree)
        self.install(tree)
        tree.write(CONFIG, config + "\n")
        self.assertIn("does not call the hook", " ".join(tree.status()[1]["problems"]))
        self.uninstall(tree)
        self.assertEqual(tree.read(CONFIG), config + "\n")
        self.assertFalse(tree.path(BASE_SPEC).exists())

    def test_default_handler_that_is_not_runcs_is_told(self):
        default = f'[{configs.CRI}.containerd]\n  default_runtime_name = "kata"\n'
        tree = self.tree("version = 2\n" + default + configs.NO_RUNC.removeprefix("version = 2\n") +
                         f'[{configs.CRI}.containerd.runtimes.runc]\n  runtime_type = "io.containerd.runc.v2"\n')
        self.assertIn("default runtime handler is kata, which is not one of those", self.install(tree).stdout)

    def test_name_that_cannot_be_written_is_skipped_with_a_note(self):
        handler = f'[{configs.CRI}.containerd.runtimes."a\\"b"]\n  runtime_type = "io.containerd.runc.v2"\n'
        tree = self.tree(configs.COMMENTED + "\n" + handler)
        self.assertIn("has a name that cannot be written plainly, and is skipped", self.install(tree, status=3).stdout)
        self.assertIn("base_runtime_spec", handlers_of(tree.read(CONFIG))["runc"])
        self.assertNotIn("base_runtime_spec", handlers_of(tree.read(CONFIG))['a"b'])

    def test_containerd_2_gets_the_same_two_keys(self):
        for version, config, plugin in (("2.1.4", configs.COMMENTED, "io.containerd.grpc.v1.cri"),
                                        ("", configs.VERSION_3, "io.containerd.cri.v1.runtime"),
                                        ("2.3.0", configs.VERSION_4, "io.containerd.cri.v1.runtime"),
                                        ("2.1.4", None, "io.containerd.cri.v1.runtime")):
            with self.subTest(config, version=version):
                tree = self.tree(config) if config else self.tree()
                self.check_there_and_back(tree, "--containerd-version", version)
                self.install(tree, "--containerd-version", version)
                runc = tomllib.loads(tree.read(CONFIG))["plugins"][plugin]["containerd"]["runtimes"]["runc"]
                self.assertEqual(runc["base_runtime_spec"], "/" + BASE_SPEC)
                self.assertIn("netclsd.io/*", runc["pod_annotations"])
                self.assertNotIn("rlimits", tree.json(BASE_SPEC)["process"])
                self.assertFalse(tree.path(HOOKS_D).exists())

    def test_containerd_2_merges_drop_ins_and_the_one_that_counts_is_named(self):
        tree = self.tree(configs.IMPORTING_3)
        two = ("--containerd-version", "2.1.4")
        tree.write("etc/containerd/conf.d/cni.toml", f'version = 3\n[{configs.CRI_3}.cni]\n  bin_dir = "/x"\n')
        self.check_there_and_back(tree, *two)
        nvidia = (f'version = 3\n[{configs.CRI_3}.containerd.runtimes.nvidia]\n  runtime_type = "io.containerd.runc.v2"\n')
        tree.write("etc/containerd/conf.d/nvidia.toml", nvidia)
        done = self.install(tree, *two, status=3)
        self.assertRegex(done.stdout, r"(?s)conf.d/nvidia.toml is read after it.*runtimes\.nvidia\]\n  base_runtime_spec")
        self.assertIn("netclsd.io/*", tree.read(CONFIG), "the handler runc of the main file")
        self.assertEqual(tree.states_of("containerd"), ["missing"])
        tree.write("etc/containerd/conf.d/nvidia.toml", nvidia + f'  base_runtime_spec = "/{BASE_SPEC}"\n'
                   '  pod_annotations = ["netclsd.io/*"]\n')
        self.assertEqual((tree.status()[0], tree.states_of("containerd")), (0, ["ok"]))

    def test_file_that_containerd_does_not_start_with_is_told(self):
        self.check_refuses(self.tree(configs.VERSION_3), "is of version 3, and containerd 1.x does not start with that")

    def test_what_hook_injector_reads_stays_until_it_is_uninstalled(self):
        tree = self.tree(configs.VERSION_3)
        before = tree.shape()
        self.install(tree, "--runtime", "podman", "--runtime", "containerd", "--containerd-version", "2.1.4")
        self.install(tree, "--runtime", "containerd", "--containerd-version", "2.1.4")
        self.assertTrue(tree.path(HOOKS_D).exists())
        self.assertFalse(tree.path(SHARED_HOOKS_D).exists())
        self.uninstall(tree)
        self.assertEqual(tree.shape(), before)

    def test_version_that_nobody_knows_is_asked_for(self):
        tree = self.tree(configs.COMMENTED)
        self.check_refuses(tree, "tell it with --containerd-version", "--containerd-version", "")

    def test_upgrade_of_the_runtime_keeps_what_calls_the_hook(self):
        """containerd 2 reads a file of version 2, with both keys."""
        tree = self.tree(configs.COMMENTED)
        before = tree.shape()
        self.install(tree)
        installed = tree.read(CONFIG)
        self.assertIn("nothing to do", self.install(tree, "--containerd-version", "2.0.0").stdout)
        self.assertEqual(tree.read(CONFIG), installed)
        self.assertTrue(tree.path(BASE_SPEC).exists())
        self.uninstall(tree)
        self.assertEqual(tree.shape(), before)

    def test_links_lead_no_further_than_the_root(self):
        tree = self.tree()
        outside = HostTree(self)
        tree.path("etc/containerd").symlink_to("/data/containerd")
        tree.path("data/containerd").mkdir(parents=True)
        tree.write("data/real.toml", configs.COMMENTED)
        tree.path("data/containerd/config.toml").symlink_to("../real.toml")
        tree.path("etc/containers").symlink_to(f"../../../../../..{outside.top}/etc")
        tree.path(str(outside.top)[1:] + "/etc").mkdir(parents=True)
        before = outside.shape()
        self.check_there_and_back(tree, "--runtime", "containerd", "--runtime", "podman")
        self.install(tree, "--runtime", "containerd", "--runtime", "podman")
        self.assertIn("netclsd.io/*", tree.read("data/real.toml"))
        self.assertTrue(tree.path("data/containerd/config.toml").is_symlink())
        self.assertEqual(outside.shape(), before)


class LeftToNri(HookInstallTest):
    """`--unless-nri`: where containerd listens for plugins, it is told nothing of the hook."""

    UNLESS_NRI = ("--unless-nri", "--containerd-version", "2.1.4")

    def listen(self, tree):
        (tree.top / "run/nri").mkdir(parents=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(listener.close)
        listener.bind(str(tree.top / "run/nri/nri.sock"))
        listener.listen(8)

    def test_containerd_that_offers_nri_is_left_as_it_is(self):
        tree = HostTree(self, "containerd", "podman")
        self.listen(tree)
        before = shape(tree.top / "etc/containerd")
        self.assertIn("is left to netclsd-nri", self.install(tree, *self.UNLESS_NRI).stdout)
        self.assertEqual(shape(tree.top / "etc/containerd"), before)
        self.assertTrue((tree.top / HOOKS_D).exists(), "podman is none of NRI's")

    def test_containerd_alone_is_no_failure(self):
        tree = HostTree(self, "containerd")
        self.listen(tree)
        self.assertIn("is left to netclsd-nri", self.install(tree, *self.UNLESS_NRI).stdout)
        self.assertFalse((tree.top / OWN).exists())

    def test_where_nobody_listens_the_hook_is_installed(self):
        tree = HostTree(self, "containerd")
        self.install(tree, *self.UNLESS_NRI)
        self.assertTrue((tree.top / BASE_SPEC).exists())

    def test_where_the_plugin_would_refuse_to_run_the_hook_is_installed(self):
        for version in ("1.7.15", "1.7.0"):
            tree = HostTree(self, "containerd")
            self.listen(tree)
            self.install(tree, "--unless-nri", "--containerd-version", version)
            self.assertTrue((tree.top / BASE_SPEC).exists(), version)

    def test_a_hook_that_is_there_stays(self):
        tree = HostTree(self, "containerd")
        self.install(tree)
        self.listen(tree)
        self.install(tree, *self.UNLESS_NRI)
        self.assertTrue((tree.top / BASE_SPEC).exists(), "nobody knows whether the plugin works")


class Changed(HookInstallTest):
    """Somebody edited what we wrote."""

    def setUp(self):
        self.tree = HostTree(self, "containerd", "podman")
        self.tree.write(CONFIG, configs.COMMENTED)

    def edit(self, relative, old, new):
        text = self.tree.read(relative)
        self.assertIn(old, text)
        self.tree.write(relative, text.replace(old, new))

    def test_edited_configuration_is_not_touched(self):
        self.install(self.tree)
        self.edit(CONFIG, "pause:3.9", "pause:3.10")
        status, answer = self.tree.status()
        self.assertEqual(status, 3)
        self.assertIn("/etc/containerd/config.toml was changed since, and mentions netclsd", answer["problems"])
        self.check_refuses(self.tree, "config.toml was changed since", verb="uninstall")
        before = self.tree.read(CONFIG)
        self.assertIn("still calls the hook", self.install(self.tree, status=3).stdout)
        self.assertEqual(self.tree.read(CONFIG), before)

    def test_after_our_lines_were_taken_out_by_hand_the_rest_is_removed(self):
        self.install(self.tree)
        self.tree.write(CONFIG, configs.NO_HANDLERS)
        self.assertEqual(self.tree.status()[0], 3)
        self.uninstall(self.tree)
        self.assertEqual(self.tree.read(CONFIG), configs.NO_HANDLERS)
        self.assertFalse(self.tree.path(OWN).exists())
        self.assertFalse(self.tree.path(BASE_SPEC).exists())

    def test_half_of_our_lines_is_refused(self):
        self.install(self.tree)
        self.edit(CONFIG, '"netclsd.io/*", ', "")
        self.check_refuses(self.tree, "only a part of what it wrote is still there")

    def test_edited_hooks_d_file_is_not_touched(self):
        self.install(self.tree)
        self.edit(HOOKS_D, '"timeout": 2', '"timeout": 20')
        self.check_refuses(self.tree, "hooks.d/netclsd.json was changed since")
        self.check_refuses(self.tree, "hooks.d/netclsd.json was changed since", verb="uninstall")

    def test_broken_link_and_changed_program_are_told_and_repaired(self):
        self.install(self.tree)
        link = self.tree.path(OWN + "/netclsd-hook")
        name = os.readlink(link)
        link.unlink()
        self.tree.write(f"{OWN}/{name}", "not a program", mode=0o755)
        status, answer = self.tree.status()
        self.assertEqual(status, 3)
        self.assertEqual(len(answer["problems"]), 2, answer)
        self.install(self.tree)
        self.assertEqual(link.read_bytes(), lean("netclsd-hook").read_bytes())
        self.assertEqual(self.tree.status()[0], 0)

    def test_nothing_installed_is_status_3(self):
        self.assertEqual(self.tree.status(), (3, {"installed": False, "state": "none", "version": "", "directory": "",
                                                  "needs_restart": False, "files": [], "runtimes": [],
                                                  "problems": []}))
        before = self.tree.shape()
        self.assertIn("nothing is installed", self.uninstall(self.tree).stdout)
        self.assertEqual(self.tree.shape(), before)


class Program(HookInstallTest):
    def setUp(self):
        self.tree = HostTree(self, "podman")

    def own_names(self):
        return sorted(path.name for path in self.tree.path(OWN).iterdir())

    def other_version(self):
        """The same program with another hash: bytes behind an ELF file's end are ignored."""
        directory = HostTree(self).top
        for name in ("netclsd-hook", "netclsd-hook-stub"):
            shutil.copy(lean(name), directory / name)
        with open(directory / "netclsd-hook", "ab") as binary:
            binary.write(b"another build")
        return str(directory / "netclsd-hook")

    def test_upgrade_and_rollback_switch_the_link_and_leave_one_program(self):
        self.install(self.tree)
        first = os.readlink(self.tree.path(OWN + "/netclsd-hook"))
        hooks_d = self.tree.path(HOOKS_D).stat().st_ino
        self.install(self.tree, "--binary", self.other_version())
        second = os.readlink(self.tree.path(OWN + "/netclsd-hook"))
        self.assertNotEqual(first, second)
        self.assertEqual(self.own_names(), ["manifest.json", "netclsd-hook", second, "netclsd-hook-stub"])
        self.assertEqual(self.tree.path(HOOKS_D).stat().st_ino, hooks_d, "no configuration is written anew")
        self.install(self.tree)
        self.assertEqual(os.readlink(self.tree.path(OWN + "/netclsd-hook")), first)

    def test_program_that_is_no_hook_is_refused(self):
        directory = HostTree(self)
        directory.write("netclsd-hook-stub", "")
        self.check_refuses(self.tree, "does not say that it is netclsd-hook", "--binary",
                           str(shutil.copy(program("netclsd-hook-stub"), directory.path("netclsd-hook"))))
        self.check_refuses(self.tree, "the hook's program.*No such file", "--binary", "/nonexistent/netclsd-hook")

    def test_stub_stays_while_a_container_may_call_the_hook(self):
        before = self.tree.shape()
        self.install(self.tree)
        bundles = ("run/containerd/io.containerd.runtime.v2.task/k8s.io/c1/config.json",
                   "run/containers/storage/overlay-containers/c1/userdata/config.json",
                   "var/lib/containers/storage/overlay-containers/c1/userdata/config.json")
        for bundle in bundles:
            with self.subTest(bundle):
                self.install(self.tree)
                self.tree.write(bundle, json.dumps({"hooks": {"poststop": [{"path": LINK}]}}))
                done = self.uninstall(self.tree, status=3)
                self.assertIn(f"a container may still call it (/{bundle})", done.stdout)
                self.assertFalse(self.tree.path(HOOKS_D).exists())
                self.assertEqual(self.own_names(), ["manifest.json", "netclsd-hook", "netclsd-hook-stub"])
                stub = subprocess.run([self.tree.path(OWN + "/netclsd-hook"), "--no-such", "prestart"], input=b"{" * 99999)
                self.assertEqual(stub.returncode, 0)
                self.assertEqual(self.tree.status()[1]["state"], "stub")
                self.assertIn("nothing to do", self.uninstall(self.tree, status=3).stdout)
                shutil.rmtree(self.tree.path(bundle.split("/c1/")[0]))
        self.uninstall(self.tree)
        for directory in ("run", "var/lib/containers"):
            shutil.rmtree(self.tree.path(directory))
        self.tree.path("run").mkdir()
        self.assertEqual(self.tree.shape(), before)

    def test_dry_run_says_every_step_and_does_none(self):
        self.tree.write("usr/bin/containerd", "")
        self.tree.write(CONFIG, configs.COMMENTED)
        before = self.tree.shape()
        done = self.install(self.tree, "--dry-run", "--diff")
        self.assertEqual(self.tree.shape(), before)
        self.assertIn("would write /etc/containerd/config.toml\n", done.stdout)
        self.assertIn('+        base_runtime_spec = "/etc/containerd/netclsd-base-spec.json"\n', done.stdout)
        promised = json.loads(self.install(self.tree, "--dry-run", "-o", "json").stdout)["steps"]
        self.assertEqual(json.loads(self.install(self.tree, "-o", "json").stdout)["steps"], promised)
        installed = self.tree.shape()
        promised = json.loads(self.uninstall(self.tree, "--dry-run", "-o", "json").stdout)["steps"]
        self.assertEqual(self.tree.shape(), installed)
        self.assertEqual(json.loads(self.uninstall(self.tree, "-o", "json").stdout)["steps"], promised)

    def test_diff_is_what_patch_makes_of_it(self):
        self.tree.write("usr/bin/containerd", "")
        self.tree.write(CONFIG, configs.COMMENTED)
        diff = json.loads(self.install(self.tree, "--dry-run", "--diff", "-o", "json").stdout)["diff"]
        self.install(self.tree)
        names = [line.split("b/", 1)[1] for line in diff.splitlines() if line.startswith("+++ b/")]
        self.assertEqual(set(names), {CONFIG, BASE_SPEC, HOOKS_D, SHARED_HOOKS_D})
        for name in names:
            after = [line[1:] for line in diff.split(f"+++ b/{name}\n")[1].split("--- ")[0].splitlines()[1:]
                     if line[0] in "+ "]
            self.assertIn("\n".join(after), self.tree.read(name))

    def test_restart_only_where_containerd_has_to_read_something(self):
        self.tree.write("usr/bin/systemctl", b"#!/bin/busybox sh\necho \"$@\" >> /restarts\n", mode=0o755)
        self.tree.path("bin").mkdir()
        shutil.copy(tool("busybox"), self.tree.path("bin/busybox"))
        restarts = self.tree.path("restarts")
        self.install(self.tree, "--restart")
        self.assertFalse(restarts.exists(), "podman reads its hooks each time")
        self.assertIn("restart it", self.install(self.tree, "--runtime", "containerd").stdout)
        self.assertFalse(restarts.exists(), "nobody asked for it")
        self.uninstall(self.tree, "--restart")
        self.assertEqual(restarts.read_text(), "restart containerd\n")
        self.install(self.tree, "--runtime", "containerd", "--restart")
        self.install(self.tree, "--runtime", "containerd", "--restart")
        self.assertEqual(restarts.read_text(), "restart containerd\n" * 2)


class Interrupted(HookInstallTest):
    """Killed before each step, and before each rename, of installing, of upgrading and of removing."""

    POINTS = ("install_step", "file_rename")

    def setUp(self):
        need_fault_points("netclsctl")
        self.tree = HostTree(self, "containerd", "podman")
        self.tree.write(CONFIG, configs.COMMENTED, mode=0o600)
        self.before = self.tree.shape()
        self.where = "not interrupted"

    def kills(self, verb):
        """Kills at the first pass, at the second, … until the command succeeds."""
        for faults in interrupted(self, partial(self.tree.hook, verb), self.POINTS):
            self.where = f"{verb} with {faults}"
            yield

    def check_consistent(self):
        """A file that names something missing would stop containers."""
        for path in (HOOKS_D, SHARED_HOOKS_D, BASE_SPEC):
            if self.tree.path(path).exists():
                self.assertIn(LINK, self.tree.read(path))
                self.assertTrue(os.access(self.tree.path(LINK[1:]).resolve(strict=True), os.X_OK))
        for handler in handlers_of(self.tree.read(CONFIG)).values():
            if "base_runtime_spec" in handler:
                self.assertIn("hooks", self.tree.json(handler["base_runtime_spec"][1:]))

    def check_same(self, expected):
        self.assertEqual(differences(self.tree.shape(), expected), {}, self.where)

    def undo(self):
        self.uninstall(self.tree)
        self.check_same(self.before)

    def test_installation_is_undone(self):
        for _ in self.kills("install"):
            self.check_consistent()
            self.undo()

    def test_installation_is_completed_and_undone(self):
        self.install(self.tree)
        installed = self.tree.shape()
        self.undo()
        for _ in self.kills("install"):
            self.install(self.tree)
            self.check_consistent()
            self.check_same(installed)
            self.assertEqual(self.tree.status()[0], 0, self.where)
            self.undo()

    def test_the_hook_is_called_at_every_moment_of_an_upgrade(self):
        self.install(self.tree)
        config = self.tree.read(CONFIG)
        upgrade = partial(self.tree.hook, "install", "--containerd-version", "2.1.4", "--hook-arg=--timeout=300ms")
        for faults in interrupted(self, upgrade, self.POINTS):
            self.assertEqual(self.tree.read(CONFIG), config, faults)
            self.assertIn(LINK, self.tree.read(BASE_SPEC), faults)
            self.check_consistent()
            self.install(self.tree)

    def test_removal_is_completed(self):
        self.install(self.tree)
        for _ in self.kills("uninstall"):
            self.check_consistent()
            self.undo()
            self.install(self.tree)

    def test_removal_is_taken_back(self):
        self.install(self.tree)
        installed = self.tree.shape()
        for _ in self.kills("uninstall"):
            self.install(self.tree)
            self.check_same(installed)

    def test_step_that_fails_is_told_and_can_be_repeated(self):
        for number in range(1, 6):
            done = self.expect(self.tree.hook("install", faults=f"file_rename=ENOSPC@{number}"), 1)
            self.assertRegex(done.stderr, "not finished; run install again to complete it.*No space left on device")
            self.check_consistent()
            self.undo()
