"""The agent under test."""

import contextlib
import json
import signal
import socket
import subprocess
import time
from urllib.parse import quote

from . import kernel, metrics, unix_http
from .container import CLASSID
from .programs import program
from .waiting import eventually


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class AgentApi:
    """The answers of an agent that somebody else started, and the files that it keeps."""

    def __init__(self, socket, state_dir):
        self.socket, self.state_dir = socket, state_dir

    @property
    def spool(self):
        return self.state_dir / "spool"

    @staticmethod
    def log_tail():
        return ""

    def request(self, method, target, body=None):
        return unix_http.request(self.socket, method, target, body)

    def get(self, target):
        answer = self.request("GET", target)
        if answer.status != 200:
            raise AssertionError(f"GET {target}: {answer}\n{self.log_tail()}")
        return answer.json

    def container(self, container_id):
        """The view, or None if the agent does not know it."""
        answer = self.request("GET", "/v1/containers/" + quote(container_id, safe=""))
        return answer.json if answer.status == 200 else None

    def register(self, container_id, pid, classid="10:1"):
        """Registers as netclsctl does. Returns the answer."""
        return self.request("PUT", "/v1/containers/" + quote(container_id, safe=""),
                            {"pid": pid, "annotations": {CLASSID: classid}, "source": "api"})

    def containers(self):
        return {view["id"]: view for view in self.get("/v1/containers")["containers"]}

    def metrics_text(self):
        return self.request("GET", "/metrics").body

    def metrics(self):
        return metrics.parse(self.metrics_text())

    def moves(self):
        """cause → how many processes were moved since the agent started"""
        now = self.metrics()
        return {cause: int(now.value("moves_total", cause=cause)) for cause in ("register", "fork", "exec", "sweep")}

    def state_files(self):
        directory = self.state_dir / "containers"
        return {path.name for path in directory.iterdir()} if directory.is_dir() else set()

    def spool_files(self):
        return {path.name for path in self.spool.iterdir()} if self.spool.is_dir() else set()


class Agent(AgentApi):
    """netclsd with its own socket, state directory and parent group. `start` after `stop` is a restart."""

    def __init__(self, host, launcher=(), name="run", **configuration):
        self.host = host
        self.launcher = list(launcher)
        super().__init__(host.work / name / "agent.sock", host.work / name)
        self.config_file = host.work / f"{name}.json"
        self.log_file = host.work / f"{name}.log"
        self.process = None
        self.configuration = {
            "socket": str(self.socket),
            "state_dir": str(self.state_dir),
            "listen": f"127.0.0.1:{free_port()}",
            "net_cls": {"mount": str(host.net_cls_mount), "parent": host.parent},
            "classes": {"gold": "10:1", "bulk": "10:20"},
            "log": {"level": "debug", "format": "text"},
            **configuration,
        }
        self.write_config()
        host.on_close(self.stop)

    def write_config(self, text=None):
        self.config_file.write_text(json.dumps(self.configuration, indent=2) if text is None else text)

    @property
    def pid(self):
        return self.process.pid

    def start(self, wait_ready=True, faults="", stderr=None):
        """`faults`: NETCLSD_FAULTS, docs/reliability.md"""
        with open(self.log_file, "ab") as log:
            self.process = self.host.popen([program("netclsd"), "--config", self.config_file], self.launcher,
                                           stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log if stderr is None else stderr,
                                           env={**self.host.environment(), "NETCLSD_FAULTS": faults})
        if wait_ready:
            try:
                eventually("the agent is ready", self._ready_or_dead)
            except AssertionError as problem:
                raise AssertionError(f"{problem}\n{self.log_tail()}") from None
        return self

    def _ready_or_dead(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the agent ended with {self.process.returncode}")
        return self.is_ready()

    def is_ready(self):
        try:
            return self.request("GET", "/readyz").status == 200
        except OSError:
            return False

    def wait_end(self):
        """The exit code of an agent that ends by itself."""
        code, self.process = self.process.wait(20), None
        return code

    def stop(self, how=signal.SIGTERM):
        """The exit code; None if it does not run."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the agent does not end on {how.name}\n{self.log_tail()}") from None
        finally:
            self.process = None
        return code

    @contextlib.contextmanager
    def stopped(self):
        """Between SIGSTOP and SIGCONT."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            eventually("the agent is stopped", lambda: kernel.state(self.pid) == "T")
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def log_tail(self, lines=25):
        return "--- the agent's last lines:\n" + "\n".join(self.log().splitlines()[-lines:])


class MuteAgent:
    """Accepts connections on the agent's socket and never answers."""

    def __init__(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(16)  # the kernel accepts, and nothing ever reads
        self._path = path

    def close(self):
        self._listener.close()
        self._path.unlink(missing_ok=True)


class Stopwatch:
    def __enter__(self):
        self._from = time.monotonic()
        return self

    def __exit__(self, *_):
        self.ms = (time.monotonic() - self._from) * 1000
