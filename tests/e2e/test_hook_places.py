"""Where netclsctl hook writes files, whether the runtimes read them, who may read them, and what it reports to the agent."""

import json
import os
import stat
import time
import unittest
from functools import partial
from pathlib import Path

from .support.host_tree import HOOKS_D, OWN, SHARED_HOOKS_D, HostTree, differences, interrupted
from .support.programs import need_fault_points, tool

LINK = "/opt/netclsd/netclsd-hook"
ETC, USR = "/etc/containers/oci/hooks.d", "/usr/share/containers/oci/hooks.d"
PODMAN, CRIO = "etc/containers/containers.conf", "etc/crio/crio.conf"


def engine(*paths):
    return f"[engine]\nhooks_dir = {json.dumps(paths)}\n"


def crio_runtime(*paths):
    return f"[crio.runtime]\nhooks_dir = {json.dumps(paths)}\n"


class HookPlacesTest(unittest.TestCase):
    maxDiff = None

    def run_hook(self, tree, verb, *arguments, status=0, launcher=()):
        done = tree.hook(verb, *arguments, launcher=launcher)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    @staticmethod
    def mounting(tree, *mounts):
        """Runs what follows where directories of the tree are mounts of their own: (directory, options)…"""
        lines = [f'mount --bind "{tree.path(each)}" "{tree.path(each)}"; mount -o remount,bind,{options} "{tree.path(each)}"'
                 for each, options in mounts]
        script = "set -e\n" + "\n".join(lines) + '\nexec "$@"'
        return [tool("unshare"), "--mount", "--propagation", "private", tool("sh"), "-c", script, "sh"]


class Umask(HookPlacesTest):
    """Rootless podman starts no container if it may not read a hooks.d directory, or may not call a hook."""

    def under(self, umask):
        return [tool("sh"), "-c", f'umask {umask}; exec "$@"', "sh"]

    def modes(self, tree):
        made = (OWN, "etc/containers", "etc/containers/oci", "etc/containers/oci/hooks.d", "usr/share/containers",
                "usr/share/containers/oci", "usr/share/containers/oci/hooks.d")
        files = (HOOKS_D, SHARED_HOOKS_D, f"{OWN}/{os.readlink(tree.path(OWN + '/netclsd-hook'))}")
        return ({stat.S_IMODE(tree.path(each).stat().st_mode) for each in made},
                [stat.S_IMODE(tree.path(each).stat().st_mode) for each in files])

    def test_whatever_it_is_everybody_can_read_what_podman_reads(self):
        for umask in ("077", "027", "022", "000"):
            with self.subTest(umask):
                tree = HostTree(self, "podman", "crio")
                self.run_hook(tree, "install", launcher=self.under(umask))
                self.assertEqual(self.modes(tree), ({0o755}, [0o644, 0o644, 0o755]))
                self.assertEqual(stat.S_IMODE(tree.path(OWN + "/manifest.json").stat().st_mode), 0o600)
                self.run_hook(tree, "uninstall", launcher=self.under(umask))
                self.assertFalse(tree.path("etc/containers").exists())

    def test_what_an_earlier_installation_closed_is_told_and_opened(self):
        tree = HostTree(self, "podman")
        self.run_hook(tree, "install")
        for closed in (OWN, "usr/share/containers/oci"):
            tree.path(closed).chmod(0o700)
        done = self.run_hook(tree, "status", status=3)
        self.assertIn("not everybody can look into /opt/netclsd: podman starts no container", done.stdout)
        self.assertIn("not everybody can look into /usr/share/containers/oci/hooks.d", done.stdout)
        self.assertIn("open directory /opt/netclsd to everybody", self.run_hook(tree, "install").stdout)
        self.assertEqual(self.modes(tree)[0], {0o755})
        self.run_hook(tree, "status")

    def test_a_place_that_only_root_can_enter_is_taken_last(self):
        tree = HostTree(self, "podman")
        tree.path("opt").chmod(0o700)
        self.run_hook(tree, "install")
        self.assertEqual(tree.json(HOOKS_D)["hook"]["path"], "/var/lib/netclsd/netclsd-hook")
        tree = HostTree(self, "podman")
        tree.path("opt").chmod(0o700)
        tree.path("var").chmod(0o700)
        self.run_hook(tree, "install")
        self.assertEqual(tree.json(HOOKS_D)["hook"]["path"], LINK)
        self.run_hook(tree, "status", status=3)


class HooksDir(HookPlacesTest):
    """containers.conf and crio.conf may name other directories than those that are read by default."""

    def check_written(self, tree, *directories):
        self.run_hook(tree, "install")
        found = {str(path.parent.relative_to(tree.top)) for path in tree.top.rglob("netclsd.json")}
        self.assertEqual(found, {directory.strip("/") for directory in directories})
        self.run_hook(tree, "status")

    def test_podman_s_is_written_into(self):
        tree = HostTree(self, "podman")
        before = tree.shape()
        tree.write(PODMAN, engine("/srv/hooks.d/", "/srv/other"))
        self.check_written(tree, ETC, "/srv/hooks.d")
        self.run_hook(tree, "uninstall")
        tree.path(PODMAN).unlink()
        tree.path("etc/containers").rmdir()
        self.assertEqual(tree.shape(), before)

    def test_cri_o_s_is_written_into(self):
        tree = HostTree(self, "crio")
        tree.write(CRIO, crio_runtime("/srv/hooks.d"))
        self.check_written(tree, ETC, "/srv/hooks.d")

    def test_the_last_file_that_says_it_counts(self):
        tree = HostTree(self, "podman", "crio")
        tree.write("usr/share/containers/containers.conf", engine("/srv/first"))
        tree.write(PODMAN, "[network]\n")
        tree.write("etc/containers/containers.conf.d/50-a.conf", engine("/srv/second"))
        tree.write("etc/containers/containers.conf.d/90-b.conf", engine("/srv/podman"))
        tree.write("etc/containers/containers.conf.d/99-no.toml", engine("/srv/none"))
        tree.write(CRIO, crio_runtime("/srv/first"))
        tree.write("etc/crio/crio.conf.d/10-a", crio_runtime("/srv/crio"))
        self.check_written(tree, ETC, "/srv/podman", "/srv/crio")

    def test_a_drop_in_of_podman_s_may_add(self):
        tree = HostTree(self, "podman")
        tree.write("etc/containers/containers.conf.d/a.conf", '[engine]\nhooks_dir = ["/srv/hooks.d", {append=true}]\n')
        self.check_written(tree, ETC, USR)

    def test_one_that_names_etc_needs_nothing_else(self):
        tree = HostTree(self, "crio")
        tree.write("etc/crio/crio.conf.d/00-default", crio_runtime(ETC, "/run/containers/oci/hooks.d"))
        self.check_written(tree, ETC)

    def test_a_read_only_usr_is_complete_where_etc_is_read(self):
        for name, path, text in (("podman", PODMAN, engine(USR, ETC)), ("crio", CRIO, crio_runtime(ETC, USR)),
                                 ("podman", PODMAN, engine())):
            with self.subTest(text):
                tree = HostTree(self, name)
                tree.write(path, text)
                self.run_hook(tree, "install", launcher=self.mounting(tree, ("usr", "ro")))
                self.assertTrue(tree.path(HOOKS_D).exists())
                self.run_hook(tree, "status")

    def test_a_usr_that_became_read_only_keeps_what_it_has(self):
        tree = HostTree(self, "podman")
        self.run_hook(tree, "install")
        installed = tree.shape()
        done = self.run_hook(tree, "install", launcher=self.mounting(tree, ("usr", "ro")))
        self.assertIn("nothing to do", done.stdout)
        self.assertEqual(tree.shape(), installed)

    def test_one_that_cannot_be_written_is_told_with_its_file(self):
        tree = HostTree(self, "podman")
        tree.path("srv").mkdir()
        tree.write(PODMAN, engine("/srv/hooks.d"))
        done = self.run_hook(tree, "install", status=3, launcher=self.mounting(tree, ("srv", "ro")))
        self.assertIn("podman reads \"/srv/hooks.d\" alone (hooks_dir of /etc/containers/containers.conf), where nothing "
                      "can be written (write in /srv: Read-only file system (the mount at /srv))", done.stdout)
        self.assertIn(f'add hooks_dir = ["/srv/hooks.d", "{ETC}"] to /etc/containers/containers.conf', done.stdout)

    def test_one_that_was_set_after_the_installation_is_noticed_and_followed(self):
        tree = HostTree(self, "podman", "crio")
        self.run_hook(tree, "install")
        tree.write(PODMAN, engine("/srv/hooks.d"))
        done = self.run_hook(tree, "status", "-o", "json", status=3)
        self.assertIn("podman looks for hooks in /srv/hooks.d (hooks_dir of /etc/containers/containers.conf) alone, and "
                      "netclsd.json is not there", json.loads(done.stdout)["problems"])
        self.run_hook(tree, "install")
        self.assertTrue(tree.path("srv/hooks.d/netclsd.json").exists())
        self.run_hook(tree, "status")
        tree.path(PODMAN).unlink()
        self.run_hook(tree, "install")
        self.assertFalse(tree.path("srv/hooks.d/netclsd.json").exists())
        self.run_hook(tree, "uninstall")
        self.assertFalse(tree.path("srv").exists())

    def test_a_configuration_that_nobody_can_read_is_told(self):
        tree = HostTree(self, "podman")
        tree.write(PODMAN, "[engine\n")
        done = self.run_hook(tree, "install", status=3)
        self.assertIn("where podman looks for hooks is not known: /etc/containers/containers.conf: line 1", done.stdout)
        self.run_hook(tree, "status", status=3)

    def test_paths_that_lead_elsewhere_are_not_followed(self):
        tree = HostTree(self, "podman")
        tree.write(PODMAN, engine("relative", "/srv/../etc", ""))
        self.run_hook(tree, "install", status=3)
        found = [str(path.relative_to(tree.top)) for path in tree.top.rglob("netclsd.json")]
        self.assertEqual(found, [HOOKS_D])


class RunningCriO(HookPlacesTest):
    """A CRI-O in the tree's /proc, as the kernel would show it: started long ago, or just now."""

    def setUp(self):
        self.tree = HostTree(self, "crio")
        self.tree.write("proc/stat", f"cpu  1\nbtime {int(time.time()) - 100000}\n")

    def start(self, age_s, *words, pid=4711):
        start = (100000 - age_s) * os.sysconf("SC_CLK_TCK")
        self.tree.write(f"proc/{pid}/stat", f"{pid} (crio) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 9 0 {start} 0 0 0\n")
        self.tree.write(f"proc/{pid}/cmdline", "\0".join(("crio", *words, "")))
        self.tree.path(f"proc/{pid}/root").unlink(missing_ok=True)
        self.tree.path(f"proc/{pid}/root").symlink_to(self.tree.top)
        self.tree.write(f"proc/{pid}/fdinfo/7", "pos:\t0\nflags:\t02004000\nmnt_id:\t15\n")
        return start

    def watch(self, *directories, pid=4711):
        lines = [f"inotify wd:{i} ino:{self.tree.path(each.strip('/')).stat().st_ino:x} sdev:1 mask:fc6"
                 for i, each in enumerate(directories, 1)]
        self.tree.write(f"proc/{pid}/fdinfo/7", "pos:\t0\n" + "\n".join(lines) + "\n")

    def test_that_is_older_than_the_directory_must_be_restarted(self):
        start = self.start(age_s=5000)
        self.tree.path("run/netclsd").mkdir(mode=0o700)
        done = self.run_hook(self.tree, "install", status=3)
        self.assertIn(f"cri-o does not watch {USR}, which was made after it had started: restart it", done.stdout)
        self.run_hook(self.tree, "status", status=3)
        told = self.tree.json("run/netclsd/hook.json")
        self.assertEqual(told["state"], "degraded")
        self.assertEqual(told["runtimes"][0]["not_read_by"], {"pid": 4711, "start_time": start})
        self.start(age_s=-10)
        self.run_hook(self.tree, "status")

    def test_that_watches_the_directory_need_not_be(self):
        self.tree.path(USR[1:]).mkdir(parents=True)
        self.start(age_s=5000)
        self.watch(ETC[:4], USR)
        self.run_hook(self.tree, "install")
        self.run_hook(self.tree, "status")

    def test_a_directory_that_was_removed_and_made_again_is_not_watched(self):
        self.tree.path(USR[1:]).mkdir(parents=True)
        self.start(age_s=5000)
        self.watch(USR)
        other = self.tree.path("usr/share/containers/oci/other")  # so that the inode's number is not used again
        self.tree.path(USR[1:]).rename(other)
        self.run_hook(self.tree, "install", status=3)

    def test_is_restarted_where_that_is_asked_for(self):
        self.start(age_s=5000)
        self.tree.write("usr/bin/systemctl", b"#!/bin/busybox sh\necho \"$@\" >> /restarts\n", mode=0o755)
        self.tree.path("bin").mkdir()
        self.tree.path("bin/busybox").write_bytes(Path(tool("busybox")).read_bytes())
        self.tree.path("bin/busybox").chmod(0o755)
        self.run_hook(self.tree, "install", "--restart", status=3)  # this one goes on as before
        self.assertEqual(self.tree.read("restarts"), "restart crio\n")

    def test_its_command_line_beats_its_configuration(self):
        self.tree.write(CRIO, crio_runtime("/srv/none"))
        self.tree.write("srv/crio.conf", crio_runtime("/srv/named"))
        self.start(-10, "--config=/srv/crio.conf", "--config-dir", "/srv/none.d")
        self.run_hook(self.tree, "install")
        self.assertTrue(self.tree.path("srv/named/netclsd.json").exists())
        self.start(-10, "--hooks-dir", "/srv/option,/srv/other")
        self.run_hook(self.tree, "install")
        self.assertTrue(self.tree.path("srv/option/netclsd.json").exists())
        self.assertFalse(self.tree.path("srv/named/netclsd.json").exists())


class ProgramDirectory(HookPlacesTest):
    def cos(self):
        """As GKE's Container-Optimized OS mounts them."""
        tree = HostTree(self, "podman")
        return tree, self.mounting(tree, ("opt", "ro"), ("var", "noexec"))

    def test_where_none_can_be_used_the_mounts_are_named(self):
        tree, mounts = self.cos()
        before = tree.shape()
        done = self.run_hook(tree, "install", status=1, launcher=mounts)
        self.assertIn("write in /opt: Read-only file system (the mount at /opt); run programs in /var/lib: noexec (the mount "
                      "at /var); name one that can be written and executed (--program-dir)", done.stderr)
        self.assertEqual(tree.shape(), before)

    def test_gke_s_own_place_is_found(self):
        tree, mounts = self.cos()
        tree.path("home/kubernetes/bin").mkdir(parents=True)
        before = tree.shape()
        self.run_hook(tree, "install", launcher=mounts)
        self.assertEqual(tree.json(HOOKS_D)["hook"]["path"], "/home/kubernetes/bin/netclsd/netclsd-hook")
        self.run_hook(tree, "status")
        self.run_hook(tree, "uninstall", launcher=mounts)
        self.assertEqual(tree.shape(), before)

    def test_one_that_is_named_is_found_again_without_being_named(self):
        tree, mounts = self.cos()
        tree.path("srv").mkdir()
        before = tree.shape()
        self.run_hook(tree, "install", "--program-dir", "/srv/netclsd", launcher=mounts)
        installed = tree.shape()
        self.assertEqual(tree.json(HOOKS_D)["hook"]["path"], "/srv/netclsd/netclsd-hook")
        self.assertEqual(os.readlink(tree.path("var/lib/netclsd")), "/srv/netclsd")
        self.assertIn("installed: netclsd-hook", self.run_hook(tree, "status").stdout)
        for arguments in ((), ("--program-dir=/srv/netclsd",)):
            self.assertIn("nothing to do", self.run_hook(tree, "install", *arguments, launcher=mounts).stdout)
        self.assertEqual(tree.shape(), installed)
        self.run_hook(tree, "uninstall", launcher=mounts)
        self.assertEqual(tree.shape(), before)

    def test_killed_before_any_step_it_is_undone_by_who_names_it_again(self):
        need_fault_points()
        tree = HostTree(self, "podman")
        tree.path("srv").mkdir()
        before = tree.shape()
        named = ("--program-dir=/srv/netclsd",)
        for verb in ("install", "uninstall"):
            if verb == "uninstall":
                self.run_hook(tree, "install", *named)
            for faults in interrupted(self, partial(tree.hook, verb, *named), ("install_step",), count_min=5):
                self.run_hook(tree, "uninstall", *named)
                self.assertEqual(differences(tree.shape(), before), {}, (verb, faults))
                if verb == "uninstall":
                    self.run_hook(tree, "install", *named)

    def test_a_link_of_somebody_else_stays(self):
        tree = HostTree(self, "podman")
        tree.path("data").mkdir()
        tree.path("opt/netclsd").symlink_to("/data/netclsd")
        tree.path("data/netclsd").mkdir()
        tree.path("srv").mkdir()
        before = tree.shape()
        self.run_hook(tree, "install", "--program-dir=/srv/netclsd")
        self.run_hook(tree, "uninstall")
        self.assertEqual(tree.shape(), before)

    def test_another_one_than_before_is_refused(self):
        tree = HostTree(self, "podman")
        self.run_hook(tree, "install")
        before = tree.shape()
        done = self.run_hook(tree, "install", "--program-dir=/var/lib/other", status=1)
        self.assertIn("the hook is installed in /opt/netclsd: uninstall it before it is put into /var/lib/other",
                      done.stderr)
        self.assertEqual(tree.shape(), before)

    def test_one_that_is_none_is_wrong_usage(self):
        tree = HostTree(self, "podman")
        for path in ("srv", "/", "/srv/../opt", "/srv//x", "/srv/"):
            self.run_hook(tree, "install", f"--program-dir={path}", status=2)
        done = self.run_hook(tree, "install", "--program-dir=/none/netclsd", status=1)
        self.assertIn("--program-dir: open /none", done.stderr)


class ReportForTheAgent(HookPlacesTest):
    """hook.json in the agent's state directory."""

    PATH = "run/netclsd/hook.json"

    def setUp(self):
        self.tree = HostTree(self, "podman")
        self.tree.path("run/netclsd").mkdir(mode=0o700)

    def told(self):
        told = self.tree.json(self.PATH)
        self.assertEqual(set(told), {"version", "written_at", "state", "message", "runtimes"})
        self.assertEqual(told["version"], 1)
        self.assertRegex(told["written_at"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
        self.assertNotIn("\n", told["message"])
        return told

    def test_after_an_installation_and_a_removal(self):
        self.run_hook(self.tree, "install")
        self.assertEqual((self.told()["state"], self.told()["runtimes"]),
                         ("ok", [{"runtime": "podman", "state": "ok", "message": ""}]))
        self.assertRegex(self.told()["message"], r"^netclsd-hook \S+ is installed in /opt/netclsd$")
        self.assertEqual(stat.S_IMODE(self.tree.path(self.PATH).stat().st_mode), 0o600)
        self.run_hook(self.tree, "uninstall")
        self.assertEqual((self.told()["state"], self.told()["runtimes"]), ("disabled", []))
        self.run_hook(self.tree, "status", status=3)
        self.assertEqual(self.told()["state"], "disabled")

    def test_of_an_installation_that_is_degraded(self):
        self.tree.path("srv").mkdir()
        self.tree.write(PODMAN, engine("/srv/hooks.d"))
        self.run_hook(self.tree, "install", status=3, launcher=self.mounting(self.tree, ("srv", "ro")))
        self.assertEqual(self.told()["state"], "degraded")
        self.assertIn("podman reads", self.told()["message"])
        self.assertEqual(self.told()["runtimes"][0]["state"], "missing")

    def test_of_one_that_failed(self):
        self.tree.write("opt/netclsd/manifest.json", '{"format": 2, "state": "installed"}')
        for verb in ("install", "uninstall", "status"):
            self.run_hook(self.tree, verb, status=1)
            self.assertEqual(self.told()["state"], "failed")
            self.assertIn("format 2 was written by another netclsctl", self.told()["message"])

    def test_status_finds_it_repaired_or_broken(self):
        self.run_hook(self.tree, "install")
        self.tree.path(HOOKS_D).unlink()
        self.run_hook(self.tree, "status", status=3)
        self.assertEqual(self.told()["state"], "degraded")
        self.run_hook(self.tree, "install")
        self.run_hook(self.tree, "status")
        self.assertEqual(self.told()["state"], "ok")

    def test_where_no_agent_has_run_none_is_written(self):
        self.tree.path("run/netclsd").rmdir()
        self.run_hook(self.tree, "install")
        self.assertEqual(list(self.tree.path("run").iterdir()), [])

    def test_elsewhere_if_the_agent_is_there(self):
        self.tree.path("run/other").mkdir(mode=0o700)
        self.run_hook(self.tree, "install", "--state-dir=/run/other")
        self.assertTrue(self.tree.path("run/other/hook.json").exists())
        self.assertFalse(self.tree.path(self.PATH).exists())

    def test_a_directory_that_others_may_write_in_is_not_believed(self):
        self.tree.path("run/netclsd").chmod(0o777)
        self.assertIn("is not root's alone", self.run_hook(self.tree, "install").stderr)
        self.assertFalse(self.tree.path(self.PATH).exists())

    def test_dry_run_tells_the_agent_nothing(self):
        self.run_hook(self.tree, "install", "--dry-run")
        self.assertFalse(self.tree.path(self.PATH).exists())

    def test_exit_zero_tells_the_trouble_and_ends_with_0(self):
        self.tree.write("opt/netclsd/manifest.json", '{"format": 2, "state": "installed"}')
        for verb in ("install", "uninstall", "status"):
            done = self.run_hook(self.tree, verb, "--exit-zero")
            self.assertIn("format 2 was written by another netclsctl", done.stderr)
            self.assertEqual(self.told()["state"], "failed")
        self.run_hook(self.tree, "install", "--exit-zero", "--no-such", status=2)

    def test_nothing_to_uninstall_is_done(self):
        self.run_hook(self.tree, "uninstall", "--exit-zero")
        self.assertEqual(self.told()["state"], "disabled")
