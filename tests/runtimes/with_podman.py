"""Rows of podman, in a root directory of its own Debian."""

from e2e.support import podman as support
from e2e.support.programs import tool

from .examination import CLASSID, COMMAND, MOUNT, write_image
from .host import Root
from .installation import HookInstallation

_CONTAINERS_CONF = """[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
[engine]
runtime = "{runtime}"
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
"""


class _Podman(support.Podman):
    def __init__(self, host, agent, runtime, has_hooks_dir):
        self.has_hooks_dir = has_hooks_dir
        store = host.work / "podman" / "root"
        store.mkdir(parents=True)
        # Neither an overlay nor a disk below its images.
        host.run([tool("mount"), "-t", "tmpfs", "none", store]).check_returncode()
        self.configuration = host.work / "containers.conf"
        self.configuration.write_text(_CONTAINERS_CONF.format(runtime=runtime))
        super().__init__(host, agent)

    def _load_image(self):
        self("load", "--input", write_image(self.top))

    def _command(self, arguments):
        command = super()._command(arguments)
        if self.has_hooks_dir:
            return command
        at = command.index("--hooks-dir")
        return command[:at] + command[at + 2:]

    def _environment(self):
        return {**super()._environment(), "CONTAINERS_CONF": str(self.configuration)}


class WithPodman:
    undo = None

    def __init__(self, host, agent, tree, runtime):
        self.root, self.problems = Root(host, tree), []
        self.podman = _Podman(self.root, agent, runtime, self.has_hooks_dir)

    def start(self):
        # The imitated v2 hierarchy has no controllers.
        unlimited = ("--pids-limit", "0") if self.root.layout == "v2" else ()
        volume = ("--volume", f"{self.root.net_cls_mount}:{MOUNT}:ro")
        try:
            self.container = self.podman.run("web", *COMMAND, options=(*volume, *unlimited), classid=CLASSID)
        except AssertionError as problem:  # without the command line, which has names of this row
            raise AssertionError("podman run ended with" + str(problem).rpartition(" ended with")[2]) from None
        return self.container

    def exec(self, *command):
        self.container.exec(*command)

    def remove(self):
        self.podman("rm", "--force", "--time", "0", "web")


class WithHooksDir(WithPodman):
    has_hooks_dir = True


class WithHookInstall(WithPodman):
    has_hooks_dir = False

    def __init__(self, host, agent, tree, runtime):
        super().__init__(host, agent, tree, runtime)
        self.installation = HookInstallation(self.root, agent, "podman")
        self.installation.check_status()
        self.problems = self.installation.problems

    def undo(self):
        self.installation.remove()
