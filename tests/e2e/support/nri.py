"""containerd with NRI, and our plugin."""

import signal
import subprocess
from pathlib import Path

from .containerd import Containerd
from .programs import SYSTEM_PATH, program
from .suites import TWO, programs_of
from .waiting import eventually

# The form of containerd 1, which containerd 2 reads as well.
_NRI = """
[plugins."io.containerd.nri.v1.nri"]
  disable = false
  socket_path = "{top}/nri/nri.sock"
  plugin_path = "{top}/no-plugins"
  plugin_config_path = "{top}/no-plugins"
"""


class NriContainerd(Containerd):
    """Runs the machine's own runc: a newer one wants a newer C library."""

    def __init__(self, host, suite=TWO):
        self.programs = programs_of(suite)
        super().__init__(host)
        self.nri_socket = self.top / "nri" / "nri.sock"
        with open(host.seen(self.config_file), "a", encoding="utf-8") as config:
            config.write(_NRI.format(top=self.top))

    def start(self):
        environment = {**self.host.environment(), "PATH": f"{self.programs}:{SYSTEM_PATH}"}
        with open(self.log_file, "ab") as log:
            self.process = self.host.popen([self.programs / "containerd", "--config", self.config_file],
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        eventually("containerd answers", self._answers, pause_s=0.05)
        return self

    def ctr(self, *arguments):
        done = self.host.run([self.programs / "ctr", "--address", self.socket, "--namespace", "k8s.io", *arguments])
        if done.returncode != 0:
            raise AssertionError(f"ctr {' '.join(map(str, arguments))} ended with {done.returncode}: {done.stderr}")
        return done.stdout


class NodeContainerd2(NriContainerd):
    """containerd 2 at a node's usual places. NRI is on by default there."""

    def __init__(self, host):
        self.programs = programs_of(TWO)
        Containerd.__init__(self, host, config_file=Path("/etc/containerd/config.toml"))
        self.nri_socket = Path("/run/nri/nri.sock")


class NriPlugin:
    def __init__(self, host, agent, nri_socket, name="plugin", options=(), launcher=()):
        self.host, self.launcher = host, list(launcher)
        self.command = [program("netclsd-nri"), "--nri-socket", nri_socket, "--socket", agent.socket,
                        "--spool", agent.spool, "--report", agent.state_dir / "nri.json", *options]
        self.log_file = host.work / f"{name}.log"
        self.process = None
        host.on_close(self.stop)

    def start(self, wait_registered=True):
        before = self.log().count("registered as")
        with open(self.log_file, "ab") as log:
            self.process = self.host.popen(self.command, self.launcher, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait_registered:
            eventually("the plugin is registered", lambda: self.registrations() > before or self._ended())
        return self

    def _ended(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the plugin ended with {self.process.returncode}\n{self.log()}")

    def registrations(self):
        return self.log().count("registered as")

    def stop(self, how=signal.SIGTERM):
        """The exit code; None if it does not run."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        process.send_signal(signal.SIGCONT)
        process.send_signal(how)
        try:
            return process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the plugin does not end\n{self.log()}") from None

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""
