"""Containers of the real runtimes, with our hook."""

import copy
import json
import shutil
import subprocess
from pathlib import Path

from . import kernel
from .host import V1
from .image import make_tree
from .programs import program, tool
from .waiting import eventually

CLASSID = "netclsd.io/classid"
CLASS = "netclsd.io/class"

_SPEC = {
    "ociVersion": "1.0.2",
    "process": {
        "terminal": False, "user": {"uid": 0, "gid": 0}, "cwd": "/", "env": ["PATH=/bin"], "noNewPrivileges": True,
        "capabilities": {kind: ["CAP_KILL", "CAP_NET_BIND_SERVICE"] for kind in ("bounding", "effective", "permitted")},
    },
    "root": {"path": "rootfs", "readonly": False},
    "hostname": "e2e",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=65536k"]},
    ],
    "linux": {"namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]},
}


def hook_entries(agent, *, stages=("prestart", "poststop"), options=(), faults=""):
    """The hooks of config.json, as an installation would write them."""
    arguments = ["netclsd-hook", "--socket", str(agent.socket), "--spool", str(agent.spool), *options]
    return {stage: [{"path": program("netclsd-hook"), "args": [*arguments, stage], "timeout": 10,
                     "env": [f"NETCLSD_FAULTS={faults}"]}] for stage in stages}


class Container:
    def __init__(self, host, agent, name, command, *, annotations=None, spec_classid=None, runtime="runc",
                 runtime_options=(), hook_options=(), hook_faults="", stages=("prestart", "poststop"),
                 private_cgroups=False):
        self.host = host
        self.id = f"{host.prefix}-{name}"
        self.bundle = host.work / "bundles" / name
        self.process = None
        self._runtime = [tool(runtime), "--root", str(host.work / "runtime"), *runtime_options]
        spec = copy.deepcopy(_SPEC)
        spec["process"]["args"] = list(command)
        spec["annotations"] = dict(annotations or {})
        spec["hooks"] = hook_entries(agent, stages=stages, options=hook_options, faults=hook_faults)
        spec["linux"]["cgroupsPath"] = f"/{host.tag}-{name}"
        if host.layout == V1 or spec_classid is not None:
            # The v2 layout has no controllers to limit anything with, and crun's device filter wants more locked
            # memory than a virtual machine may grant.
            spec["linux"]["resources"] = {}
        if host.layout == V1:
            spec["linux"]["resources"]["devices"] = [{"allow": False, "access": "rwm"}]
        if spec_classid is not None:
            spec["linux"]["resources"]["network"] = {"classID": spec_classid}
        if private_cgroups:
            spec["linux"]["namespaces"].append({"type": "cgroup"})
        self.spec = spec
        make_tree(self.bundle / "rootfs")
        self.write_spec()
        host.on_close(self.delete)

    def write_spec(self):
        (self.bundle / "config.json").write_text(json.dumps(self.spec, indent=1))

    def make_privileged(self, host_directory=None):
        """The rights of `privileged: true` that matter here, and a directory of the host at /host."""
        granted = [*self.spec["process"]["capabilities"]["bounding"], "CAP_SYS_ADMIN", "CAP_NET_ADMIN",
                   "CAP_DAC_OVERRIDE", "CAP_SYS_PTRACE", "CAP_SETUID", "CAP_SETGID"]
        self.spec["process"]["capabilities"] = {kind: granted for kind in ("bounding", "effective", "permitted")}
        if host_directory is not None:
            self.spec["mounts"].append({"destination": "/host", "type": "bind", "source": str(host_directory),
                                        "options": ["rbind", "rw"]})
        self.write_spec()
        return self

    def add_program(self, name):
        shutil.copy(program(name), self.bundle / "rootfs" / "bin" / name)

    def run_by(self, launcher):
        """Runs the runtime, and so its hooks."""
        self._runtime = [*launcher, *self._runtime]

    # --- the runtime's commands ---

    def _run(self, *arguments, check=True, **options):
        done = self.host.run([*self._runtime, *arguments], **options)
        if check and done.returncode != 0:
            raise AssertionError(f"{Path(self._runtime[0]).name} {arguments[0]} ended with {done.returncode}: "
                                 f"{done.stderr.strip()}{self._output()}")
        return done

    def run(self, check=True):
        """Runs in the foreground until it ends; stdout and stderr are in the result."""
        return self._run("run", "--bundle", str(self.bundle), self.id, check=check)

    def create(self):
        return self._start("create")

    def start_created(self):
        self._run("start", self.id)

    def start(self):
        """Runs in the background. Its output is in the file `output`."""
        return self._start("run", "--detach")

    def _start(self, *verb):
        # runc waits for the end of pipes that it did not make, so this is a file.
        with open(self._output_file, "ab") as out:
            done = subprocess.run(
                self.host.inside([*self._runtime, *verb, "--bundle", str(self.bundle),
                                  "--pid-file", str(self.bundle / "pid"), self.id]),
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=60, cwd=self.host.work,
                env=self.host.environment())
        if done.returncode != 0:
            raise AssertionError(f"{verb[0]} ended with {done.returncode}{self._output()}")
        return self

    def start_attached(self):
        """With pipes to the first process's stdin and stdout (`process`)."""
        with open(self._output_file, "ab") as out:
            self.process = self.host.popen(
                [*self._runtime, "run", "--bundle", str(self.bundle), "--pid-file", str(self.bundle / "pid"), self.id],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out, text=True)
        return self

    def exec(self, *command, check=True, **options):
        return self._run("exec", self.id, *command, check=check, **options)

    def exec_detached(self, *command, **process):
        """`process`: the differences to the container's own process, as in config.json."""
        pid_file = self.bundle / "exec.pid"
        process_file = self.bundle / "exec.json"
        process_file.write_text(json.dumps({**self.spec["process"], "args": command, **process}))
        with open(self._output_file, "ab") as out:
            subprocess.run(self.host.inside([*self._runtime, "exec", "--detach", "--pid-file", str(pid_file),
                                             "--process", str(process_file), self.id]),
                           stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=60, check=True,
                           cwd=self.host.work, env=self.host.environment())
        return int(pid_file.read_text())

    def kill(self):
        self._run("kill", self.id, "KILL", check=False)

    def delete(self):
        """Ends the container. The runtime cleans up and calls poststop. May be called again."""
        self._run("delete", "--force", self.id, check=False)
        if self.process is not None:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait(20)
            self.process = None

    # --- what the test sees of it ---

    @property
    def _output_file(self):
        return self.bundle / "output"

    def output(self):
        return self._output_file.read_text(errors="replace")

    def _output(self):
        return f"\n--- its output:\n{self.output()}" if self._output_file.exists() else ""

    @property
    def pid(self):
        return int(eventually("the runtime wrote the pid file", self._read_pid_file))

    def _read_pid_file(self):
        try:
            return (self.bundle / "pid").read_text()
        except FileNotFoundError:
            return ""

    def members(self):
        """The live processes of its pid namespace: the truth that the agent is compared with."""
        return kernel.pids_in_namespace_of(self.pid)

    def processes_of_its_cgroup(self):
        """Like members(), and also those in pid namespaces that they made themselves."""
        own = self.spec["linux"]["cgroupsPath"]
        return {pid for pid in kernel.all_pids() if kernel.is_at_or_below(pid, own)}

    def own_group(self):
        """The group that the agent makes for the container."""
        return self.host.group(self.id)

    def own_path(self):
        return f"/{self.host.parent}/{self.id}"
