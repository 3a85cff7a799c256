"""Containers that fork without end, and processes that enter them from outside."""

import subprocess

from .container import CLASSID
from .programs import program


def make_storm(case, name, classid="10:1", **options):
    """A container whose init is tests/support/storm.cpp; started, and still calm."""
    options.setdefault("hook_options", ("--timeout", "10s"))  # a busy machine is not at issue
    container = case.make_container(name, "storm", annotations={CLASSID: classid}, **options)
    container.add_program("storm")
    container.add_program("entrants")
    return container.start_attached()


def command(container, text):
    container.process.stdin.write(text + "\n")
    container.process.stdin.flush()
    answer = container.process.stdout.readline()
    if not answer:
        raise AssertionError(f"{container.id} does not answer {text!r}: {container.output()}")
    return answer.strip()


class Storms:
    """All of them together."""

    def __init__(self, containers):
        self.containers = containers

    def go(self, pause_us=0):
        for container in self.containers:
            command(container, f"go {pause_us}")

    def calm(self):
        """How many processes they have made since they began."""
        return sum(int(command(container, "calm").rpartition("=")[2]) for container in self.containers)


class Entrants:
    """tests/support/entrants.cpp, at work from now on."""

    def __init__(self, host, containers, pause_us=1000):
        self._process = host.popen(
            [program("entrants"), str(pause_us),
             *(f"{c.pid}:/sys/fs/cgroup{c.spec['linux']['cgroupsPath']}/cgroup.procs" for c in containers)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        host.on_close(self.stop)
        self._entered = None

    def stop(self):
        """How many have entered."""
        if self._entered is None:
            out, _ = self._process.communicate(timeout=20)
            self._entered = int(out.strip().rpartition("=")[2])
        return self._entered
