"""podman with a storage, directories and hooks of its own."""

import json
import subprocess

from . import kernel
from .image import make_tree, write_oci_archive
from .programs import REPOSITORY, program, tool

IMAGE = "localhost/e2e:1"

_STORAGE = """[storage]
driver = "overlay"
graphroot = "{top}/root"
runroot = "{top}/run"
"""


class Podman:
    def __init__(self, host, agent, *, all_containers=False):
        """`all_containers`: the hook is also called for containers without an annotation."""
        self.host = host
        self.top = host.work / "podman"
        self.hooks = self.top / "hooks.d"
        self.hooks.mkdir(parents=True)
        (self.top / "storage.conf").write_text(_STORAGE.format(top=self.top))
        # podman keeps a cache there, whatever its storage. The mount is in the host's namespace alone.
        for command in (("mkdir", "-p", "/var/lib/containers"), ("mount", "-t", "tmpfs", "none", "/var/lib/containers")):
            host.run([tool(command[0]), *command[1:]]).check_returncode()
        self._write_hook(agent, {"always": True} if all_containers else {"annotations": {r"^netclsd\.io/class": ".*"}})
        self._load_image()
        host.on_close(self.remove_all)

    def _write_hook(self, agent, when):
        hook = {"path": program("netclsd-hook"), "timeout": 10,
                "args": ["netclsd-hook", "--socket", str(agent.socket), "--spool", str(agent.spool)]}
        (self.hooks / "netclsd.json").write_text(json.dumps({
            "version": "1.0.0", "hook": hook, "when": when, "stages": ["prestart", "poststop"]}))

    def _load_image(self):
        tree = self.top / "tree"
        make_tree(tree, ("udp_tool",))
        self("load", "--input", write_oci_archive(self.top / "image.tar", tree, IMAGE, ("sleep", "1000")))

    def _command(self, arguments):
        return [tool("podman"), "--tmpdir", self.top / "tmp", "--hooks-dir", self.hooks, *arguments]

    def _environment(self):
        return {**self.host.environment(), "CONTAINERS_STORAGE_CONF": str(self.top / "storage.conf"),
                "CONTAINERS_CONF": str(REPOSITORY / "tests" / "support" / "containers.conf")}

    def __call__(self, *arguments, check=True):
        """Returns its output. It goes into files, because conmon keeps a pipe open as long as its container lives."""
        output, errors = self.top / "stdout", self.top / "stderr"
        with open(output, "wb") as out, open(errors, "wb") as err:
            done = subprocess.run(self.host.inside(self._command(arguments)), stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=err, timeout=60, cwd=self.host.work, env=self._environment())
        if check and done.returncode != 0:
            raise AssertionError(f"podman {' '.join(map(str, arguments))} ended with {done.returncode}: "
                                 f"{errors.read_text().strip()}")
        return output.read_text().strip()

    def place(self):
        """Options that put the container below a cgroup that the host removes at the end."""
        return "--cgroup-parent", f"/{self.host.tag}-podman"

    def run(self, name, *command, options=(), classid=None):
        """In the background."""
        annotation = ("--annotation", f"netclsd.io/classid={classid}") if classid else ()
        where = () if "--pod" in options else (*self.place(), "--network", "none")
        identity = self("run", "--detach", "--name", name, *where, *annotation, *options, IMAGE, *command)
        return PodmanContainer(self, name, identity)

    def make_pod(self, name):
        self("pod", "create", "--name", name, *self.place(), "--network", "none", "--infra-image", IMAGE,
             "--infra-name", f"{name}-infra")

    def container(self, name):
        return PodmanContainer(self, name, self("inspect", "--format", "{{.Id}}", name))

    def remove_all(self):
        self("pod", "rm", "--force", "--time", "0", "--all")
        self("rm", "--force", "--time", "0", "--all")


class PodmanContainer:
    def __init__(self, podman, name, identity):
        self.podman, self.name, self.id = podman, name, identity
        self.pid = int(podman("inspect", "--format", "{{.State.Pid}}", name))

    def exec(self, *command, options=()):
        return self.podman("exec", *options, self.name, *command)

    def members(self):
        return kernel.pids_in_namespace_of(self.pid)
