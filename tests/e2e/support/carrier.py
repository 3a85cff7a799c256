"""netclsd-carrier in a node's network namespace, with a BPF file system of its own."""

import json
import signal
import subprocess

from .programs import program, tool
from .waiting import eventually


class Carrier:
    def __init__(self, host, agent, networks, name="carrier", faults=""):
        self.host, self.networks, self.agent = host, networks, agent
        self.bpffs = host.work / "bpf"
        self.log_file = host.work / f"{name}.log"
        self.report_file = agent.state_dir / "carry.json"
        self.process = None
        self.launcher = []
        self.environment = {**host.environment(), "NETCLSD_FAULTS": faults}
        self.bpffs.mkdir(exist_ok=True)
        if host.run([tool("mountpoint"), "-q", self.bpffs]).returncode != 0:
            done = host.run([tool("mount"), "-t", "bpf", "bpf", self.bpffs])
            if done.returncode != 0:
                raise AssertionError(done.stderr)
        host.on_close(self.stop)

    def command(self, *options):
        return [program("netclsd-carrier"), "--config", self.agent.config_file, "--bpffs", self.bpffs, *options]

    def start(self, wait=True):
        with open(self.log_file, "ab") as log:
            self.process = self.host.popen(self.command(), [*self.networks.node.launcher(), *self.launcher], stdin=subprocess.DEVNULL,
                                           stdout=log, stderr=log, env=self.environment)
        if wait:
            eventually("the carrier reports", lambda: self._ended() or self.report().get("pid") == self.process.pid)
        return self

    def _ended(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the carrier ended with {self.process.returncode}\n{self.log()}")

    def clean_up(self):
        return self.host.run(self.command("--clean-up"), self.networks.node.launcher(), env=self.environment)

    def hide_unified_hierarchy(self):
        """From the next start on: then it has no cgroup to tell a class by."""
        hide = 'while grep -q " - cgroup2 " /proc/self/mountinfo; do umount -l -a -t cgroup2; done; exec "$@"'
        self.launcher = [tool("unshare"), "--mount", "/bin/sh", "-ec", hide, "sh"]

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self, how=signal.SIGTERM):
        """The exit code; None if it does not run."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(how)
        try:
            return process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the carrier does not end\n{self.log()}") from None

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    # --- what it reports ---

    def report(self):
        try:
            return json.loads(self.report_file.read_text())
        except FileNotFoundError:
            return {}

    def containers(self):
        return {container["id"]: container for container in self.report().get("containers", [])}

    def interfaces_of(self, container_id):
        found = self.containers().get(container_id, {"carriers": []})
        return {carrier["interface"] for carrier in found["carriers"]}

    def problem_of(self, container_id):
        """Why an interface of it has no carrier; empty if all have one, or the container is not known."""
        return self.containers().get(container_id, {"problem": ""})["problem"]

    def before_us(self, container_id, interface):
        """How many programs of others run before ours there; None if there is no carrier."""
        carriers = self.containers().get(container_id, {"carriers": []})["carriers"]
        return next((carrier["before_us"] for carrier in carriers if carrier["interface"] == interface), None)

    def has_fallback(self, container_id):
        return self.containers()[container_id]["fallback"] if container_id in self.containers() else None

    def counts(self, **wanted):
        """The sums over what is counted now and of what `wanted` says, such as id=… or classid=…"""
        matching = [count for count in self.report().get("counts", [])
                    if all(count.get(key) == value for key, value in wanted.items())]
        return {key: sum(count[key] for count in matching) for key in ("packets", "bytes", "by_fallback")}

    def past(self, classid):
        return next((past["packets"] for past in self.report().get("past", []) if past["classid"] == classid), 0)

    def counted(self, classid):
        """All packets of the class, since carrying began."""
        report = self.report()
        return sum(each["packets"] for each in report.get("counts", []) + report.get("past", []) if each["classid"] == classid)

    def pins(self):
        """Everything of ours in the BPF file system."""
        top = self.host.seen(self.bpffs) / "netclsd"
        return {str(path.relative_to(top.parent)) for path in (top, *top.rglob("*"))} if top.is_dir() else set()
