"""One host for all rows, and how much is measured."""

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from e2e.support.agent import Agent
from e2e.support.host import Host

from . import processes


STARTS_MAX = 5
PAUSE_S = 4


@dataclass(frozen=True)
class Effort:
    """How long and how often. Rounds interleave the rivals, so that a drift of the machine hits all of them."""
    rounds: int = 5
    round_ms: int = 1200
    full_storm_s: int = 30
    idle_s: int = 60
    hot_entrants: int = 300
    cold_entrants: int = 40
    hooks: int = 50
    container_starts: int = 20
    pod_starts: int = 50  # with each kind of plugin; a second and more each
    sleepers: int = 5000
    profiled: int = 40  # entrants, hot and cold; registrations
    profiled_storm_ms: int = 4000
    growth_containers: tuple = (10, 100, 1000)
    growth_processes: tuple = (1000, 3000, 10_000)
    packets: int = 50_000  # in each round
    packet_rounds: int = 25
    carried: int = 100  # containers with a network namespace each


class Session:
    """Everything that it makes is undone by close(), whatever happened."""

    def __init__(self, workers, effort=Effort()):
        self.workers = workers
        self.effort = effort
        self.plots = {}  # name → SVG
        self.host = Host()
        # The agent's state belongs on a tmpfs, as /run is: on a disk each registration would wait for a flush.
        self._fast = Path(tempfile.mkdtemp(prefix="nb-", dir="/dev/shm"))
        self.host.on_close(lambda: shutil.rmtree(self._fast, ignore_errors=True))

    def close(self):
        self.host.close()

    def say(self, text):
        print(f"  {text}", flush=True)

    def plot(self, name, svg):
        self.plots[name] = svg

    def start_agent(self, **configuration):
        """Ready. All agents of a session share a state directory, one after the other. Again where the connector is
        silent: anybody on this machine can make it so for a while."""
        for tries_left in reversed(range(STARTS_MAX)):
            agent = self._make_agent(configuration)
            try:
                return agent.start()
            except AssertionError as problem:
                agent.stop()
                if tries_left == 0:
                    raise
                self.say(f"{str(problem).splitlines()[-1]}; again")
                time.sleep(PAUSE_S)

    def _make_agent(self, configuration):
        agent = Agent(self.host, log={"level": "info", "format": "text"}, **configuration)
        agent.state_dir = self._fast
        agent.socket = self._fast / "agent.sock"
        agent.configuration.update(state_dir=str(agent.state_dir), socket=str(agent.socket))
        agent.write_config()
        return agent

    def cgroup(self, name):
        """A cgroup of the unified hierarchy, as a runtime makes one for a container."""
        directory = self.host.seen(f"/sys/fs/cgroup/{self.host.tag}-{name}")
        directory.mkdir(exist_ok=True)
        return directory

    def register(self, agent, name, pid, classid="10:1"):
        """Makes `pid` the init of a container with a cgroup of its own; its group's path."""
        (self.cgroup(name) / "cgroup.procs").write_text(str(pid))
        body = {"pid": pid, "start_time": processes.start_time(pid), "annotations": {"netclsd.io/classid": classid}}
        answer = agent.request("PUT", f"/v1/containers/{name}", body)
        if answer.status == 503:  # this machine is very busy: once more, as anybody would
            answer = agent.request("PUT", f"/v1/containers/{name}", body)
        if answer.status not in (200, 201) or not answer.json.get("membership_path"):
            raise AssertionError(f"{name} is not registered by its path: {answer}")
        return f"/{self.host.parent}/{name}"
