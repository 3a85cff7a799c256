"""This machine's own root, in which the configuration directories of the runtimes are empty and private. Real runtimes
see what is installed into "/" there, and nothing else on the machine does."""

import json
import os
import signal
import subprocess

from .host import Host
from .programs import program, tool
from .waiting import eventually

_PRIVATE = ("/run", "/opt", "/etc/containers", "/etc/containerd", "/usr/share/containers")

_SCRIPT = f"""
for directory in {" ".join(_PRIVATE)}; do
  mkdir -p "$directory"
  mount -t tmpfs -o mode=755 tmpfs "$directory"
done
echo '{{"default": [{{"type": "insecureAcceptAnything"}}]}}' > /etc/containers/policy.json
"""

_CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


class PrivateHost(Host):
    def __init__(self):
        super().__init__()
        self.rootfs = self.work / "rootfs"
        for name in ("bin", "proc", "sys", "dev", "run", "etc"):
            (self.rootfs / name).mkdir(parents=True)
        busybox = self.rootfs / "bin" / "busybox"
        busybox.write_bytes(open(tool("busybox"), "rb").read())
        busybox.chmod(0o755)
        (self.work / "containers.conf").write_text(_CONTAINERS_CONF)
        self.podman_environment = {"CONTAINERS_CONF": str(self.work / "containers.conf")}

    def _hold_namespace(self, script):
        return super()._hold_namespace(_SCRIPT)

    # The configuration that the runtimes read.
    def places(self):
        return [self.seen(directory) for directory in _PRIVATE if directory != "/run"]

    def hook(self, verb, *arguments, faults=None):
        environment = self.environment() | ({"NETCLSD_FAULTS": faults} if faults else {})
        return self.run([program("netclsctl"), "hook", verb, *arguments], env=environment)

    def podman(self, *arguments):
        store = self.work / "podman"
        return self.run([tool("podman"), "--root", store / "root", "--runroot", store / "run", "--tmpdir", store / "tmp",
                         "--storage-driver", "vfs", "--runtime", tool("runc"), *arguments],
                        env=self.environment() | self.podman_environment)

    def configure_podman(self, drop_in):
        """By the files of /etc/containers, which podman reads unless its environment names another."""
        directory = self.seen("/etc/containers")
        (directory / "containers.conf.d").mkdir()
        (directory / "containers.conf").write_text(_CONTAINERS_CONF)
        (directory / "containers.conf.d/50-test.conf").write_text(drop_in)
        self.podman_environment = {}

    def podman_run(self, *options):
        return self.podman("run", "--rm", "--network", "host", *options, "--rootfs", self.rootfs, "/bin/busybox",
                           "echo", "ran")

    def complete(self, spec, *applet):
        """A base spec as that of a container that runs the applet."""
        whole = json.loads(json.dumps(spec))
        whole["process"]["args"] = ["/bin/busybox", *applet]
        whole["root"] = {"path": str(self.rootfs)}
        whole["linux"]["cgroupsPath"] = f"/{self.tag}"
        whole["annotations"] = {"netclsd.io/class": "gold"}
        return json.dumps(whole)

    def runc_run(self, spec):
        """A container as containerd begins it: from the base spec."""
        bundle = self.work / "bundle"
        bundle.mkdir(exist_ok=True)
        (bundle / "config.json").write_text(self.complete(spec, "echo", "ran"))
        return self.run([tool("runc"), "--root", self.work / "runc", "run", "--bundle", bundle, self.tag])


class Containerd:
    """With the configuration in /etc/containerd, which names a root and a socket of this test's own."""

    def __init__(self, host):
        self.host = host
        self.socket = host.work / "containerd.sock"
        self.process = None

    def configuration(self):
        return f"""\
version = 2  # of a test
root = "{self.host.work}/containerd"
[grpc]
  address = "{self.socket}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
[plugins."io.containerd.internal.v1.opt"]
  path = "{self.host.work}/opt"
"""

    def start(self, *arguments):
        self.log = open(self.host.work / "containerd.log", "ab")
        self.process = self.host.popen([tool("containerd"), *arguments], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.host.on_close(self.stop)
        return eventually("containerd answers", self._plugins)

    def _plugins(self):
        """name → status"""
        done = self.host.run([tool("ctr"), "--address", self.socket, "plugins", "ls"])
        rows = [line.split() for line in done.stdout.splitlines()]
        return {row[1]: row[-1] for row in rows[1:]} if done.returncode == 0 else None

    def ctr(self, *arguments):
        done = self.host.run([tool("ctr"), "--address", self.socket, *arguments])
        if done.returncode != 0:
            raise AssertionError(f"ctr {arguments} ended with {done.returncode}: {done.stderr}")

    def run_container(self, name, spec):
        """Runs in the background. The returned function ends it, and fails if containerd cannot delete it."""
        config = self.host.work / f"{name}.json"
        config.write_text(self.host.complete(spec, "sleep", "1000"))
        self.ctr("run", "--detach", "--config", config, name)

        def end():
            self.ctr("task", "delete", "--force", name)  # kills it, and waits for its end
            self.ctr("container", "delete", name)
        return end

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        os.kill(self.process.pid, signal.SIGTERM)
        self.process.wait(20)
        self.log.close()
