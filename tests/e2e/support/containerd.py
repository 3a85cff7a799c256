"""containerd with its CRI plugin, with a configuration, directories and a socket of its own."""

import json
import subprocess

from . import kernel
from .container import hook_entries
from .cri import Cri
from .image import make_tree, write_oci_archive
from .programs import tool
from .waiting import eventually

IMAGE = "localhost/e2e:1"

# Without CAP_SYS_RESOURCE a machine cannot lower an OOM score, which containerd wants for every pause container.
CONFIGURATION = """version = 2
root = "{top}/root"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
                    "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]

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
"""
HOOK = """    base_runtime_spec = "{top}/base.json"
    pod_annotations = ["netclsd.io/*"]
"""


class Containerd:
    def __init__(self, host, config_file=None):
        """`config_file`: where it is in the host's namespace."""
        self.host = host
        self.top = host.work / "containerd"
        self.top.mkdir()
        self.socket = self.top / "containerd.sock"
        self.config_file = config_file or self.top / "config.toml"
        self.log_file = self.top / "log"
        self.process = None
        self.cri = Cri(self.socket)
        host.on_close(self.stop)
        self._own_directories()
        host.seen(self.config_file).write_text(CONFIGURATION.format(top=self.top, image=IMAGE))

    def _own_directories(self):
        """The shims' sockets are in /run/containerd, whatever the configuration says. containerd unpacks into memory:
        the content is not kept anyway, and containerd waits for the disk at each step."""
        (self.top / "run").mkdir()
        (self.top / "root").mkdir()
        script = 'mkdir -p /run/containerd; mount --bind "$1/run" /run/containerd; mount -t tmpfs none "$1/root"'
        self.host.run([tool("bash"), "-euc", script, "bash", self.top]).check_returncode()

    def hook_in(self, agent, table=""):
        """Adds the hook by hand, as docs/install.md says: to the handler runc, or to a table that begins with these lines."""
        spec = json.loads(self.ctr("oci", "spec"))
        spec["hooks"] = hook_entries(agent)
        (self.top / "base.json").write_text(json.dumps(spec))
        with open(self.host.seen(self.config_file), "a", encoding="utf-8") as config:
            config.write(table + HOOK.format(top=self.top))

    def arguments(self):
        return ("--config", self.config_file)

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = self.host.popen([tool("containerd"), *self.arguments()],
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually("containerd answers", self._answers, pause_s=0.05)
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"containerd ended with {self.process.returncode}\n{self.log_tail()}")
        try:  # not before the socket is there: grpc waits long between two attempts to connect
            return self.socket.exists() and self.cri("Version", version="v1").runtime_name == "containerd"
        except Exception:  # grpc's, which only Cri imports
            return False

    def log_tail(self):
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-15:])

    def restart(self):
        """The pods keep running: their shims do not need it."""
        self.end()
        return self.start()

    def stop(self):
        """To be called after the pods have ended, whose shims would outlive containerd."""
        try:
            if self.process is not None:
                for each in self.cri("ListPodSandbox").items:
                    self.remove_pod(each.id)
        finally:
            self.cri.close()
            self.end()

    def remove_pod(self, identity):
        self.cri("StopPodSandbox", pod_sandbox_id=identity)
        self.cri("RemovePodSandbox", pod_sandbox_id=identity)

    def end(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def ctr(self, *arguments):
        done = self.host.run([tool("ctr"), "--address", self.socket, "--namespace", "k8s.io", *arguments])
        if done.returncode != 0:
            raise AssertionError(f"ctr {' '.join(map(str, arguments))} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def import_image(self, archive):
        self.ctr("images", "import", archive)

    def import_test_image(self, programs=("udp_tool",)):
        """It serves as the pause image, too."""
        make_tree(self.top / "tree", programs)
        archive = write_oci_archive(self.top / "image.tar", self.top / "tree", IMAGE, ("sleep", "1000"))
        self.import_image(archive)


class Pod:
    """In the machine's network namespace, so that no network plugin is needed. Such a pod has no host name of its own."""

    def __init__(self, containerd, name, annotations=None):
        self.containerd, self.cri = containerd, containerd.cri
        host = containerd.host
        self.config = {
            "metadata": {"name": name, "uid": f"{host.prefix}-{name}", "namespace": "default", "attempt": 0},
            "annotations": annotations or {},
            "linux": {"cgroup_parent": f"/{host.tag}-pods/{name}",
                      "security_context": {"namespace_options": {"network": "NODE", "pid": "CONTAINER"}}}}
        self.id = self.cri("RunPodSandbox", config=self.config).pod_sandbox_id
        self.pause = CriContainer(self, self.id, self.cri.pid_of_sandbox(self.id))

    def start(self, name, *command, mounts=()):
        """`mounts`: as the CRI has them."""
        config = {"metadata": {"name": name}, "image": {"image": IMAGE}, "command": command, "mounts": mounts,
                  "linux": {"security_context": {"namespace_options": {"network": "NODE", "pid": "CONTAINER"}}}}
        identity = self.cri("CreateContainer", pod_sandbox_id=self.id, config=config,
                            sandbox_config=self.config).container_id
        self.cri("StartContainer", container_id=identity)
        return CriContainer(self, identity, self.cri.pid_of_container(identity))

    def remove(self):
        self.containerd.remove_pod(self.id)


class CriContainer:
    def __init__(self, pod, identity, pid):
        self.cri, self.id, self.pid = pod.cri, identity, pid

    def exec(self, *command):
        done = self.cri("ExecSync", container_id=self.id, cmd=command, timeout=20)
        if done.exit_code != 0:
            raise AssertionError(f"exec of {command} ended with {done.exit_code}: {done.stderr.decode()}")
        return done.stdout.decode()

    def text_when_written(self, path):
        """The file's text, which the container writes at its start."""
        return eventually(f"{path} is written", lambda: self.exec("sh", "-c", f"cat {path} 2>/dev/null || true"))

    def stop_and_remove(self):
        self.cri("StopContainer", container_id=self.id, timeout=0)
        self.cri("RemoveContainer", container_id=self.id)

    def members(self):
        return kernel.pids_in_namespace_of(self.pid)
