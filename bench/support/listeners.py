"""Who listens to process events, or nobody: the rivals of the benchmark. Each is started anew for each sample."""

import subprocess

from e2e.support.libcgroup import Libcgroup
from e2e.support.programs import program
from e2e.support.truth import socket_drops
from e2e.support.waiting import eventually

from . import processes
from .load import Load, fields


class Nobody:
    name = "no listener"

    def __init__(self, session):
        self.session = session
        self.pid = None

    def start(self, _load_pid):
        pass

    def stop(self):
        pass

    def cpu_ns(self):
        return processes.cpu_ns(self.pid) if self.pid else 0

    def dropped(self):
        return socket_drops(self.pid) if self.pid else 0

    def events(self):
        """How many it has read; None: it does not say."""
        return None

    def hears(self):
        """False where it has become deaf and events() does not tell."""
        return True


class CountingReader(Nobody):
    """bench/counting_reader.cpp, woken by each event that finds it asleep."""
    name = "counting reader"
    nap_us = 0

    def start(self, _load_pid):
        self.process = subprocess.Popen([program("bench_counting_reader"), str(self.nap_us)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        if self.process.stdout.readline() != "ready\n":
            self.stop()
            raise AssertionError("the counting reader is not ready")

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def events(self):
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return fields(self.process.stdout.readline())["events"]


class NappingReader(CountingReader):
    """The true floor: it lets events gather, and pays for few wake-ups."""
    name = "napping reader"
    nap_us = 1000


class Netclsd(Nobody):
    name = "netclsd"

    def start(self, load_pid):
        self.agent = self.session.start_agent()
        self.pid = self.agent.pid
        self.session.register(self.agent, "load", load_pid)
        # A container that runs already is followed by one sweep, which must not be part of what is measured.
        eventually("the sweep after the registration",
                   lambda: self.agent.metrics().value("sweeps_total", cause="registration") == 1)

    def stop(self):
        self.agent.stop()

    def events(self):
        return int(self.agent.metrics().total("events_total"))


class Cgrulesengd(Nobody):
    """The real one, with a rule that puts the load's processes into a net_cls group. It sees its own /etc."""
    name = "cgrulesengd"

    def start(self, load_pid):
        host = self.session.host
        self.group = host.seen(host.net_cls_mount) / f"{host.tag}-rules"
        self.group.mkdir(exist_ok=True)
        self.process = Libcgroup(host).start_rules_daemon(f"*:bench_load net_cls {self.group.name}\n")
        self.pid = self.process.pid
        try:
            eventually("cgrulesengd listens and has applied its rule to the load", lambda: self._has_placed(load_pid))
        except AssertionError:
            self.stop()
            raise

    def _has_placed(self, pid):
        if self.process.poll() is not None:
            raise AssertionError(f"cgrulesengd ended: {self.process.stderr.read().decode()}")
        return str(pid) in (self.group / "cgroup.procs").read_text().split()

    def hears(self):
        probe = Load(self.session, "fork")
        try:
            eventually("the rule is applied", lambda: self._has_placed(probe.pid), deadline_s=5)
            return True
        except AssertionError:
            return False
        finally:
            probe.close()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(20)
        self.process.stderr.close()
