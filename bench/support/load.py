"""The programs that make processes, and packets: bench/load.cpp, bench/sleepers.cpp and bench/packets.cpp."""

import subprocess

from e2e.support.programs import program


class _Conversation:
    """A program that answers each line on its stdin with one line."""

    def __init__(self, session, *command):
        self.process = session.host.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        session.host.on_close(self.close)

    @property
    def pid(self):
        return self.process.pid

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise AssertionError(f"{self.process.args} does not answer {line!r}")
        return answer.strip()

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(60)
            self.process.stdout.close()


def fields(line):
    """a=1 b=2 → {"a": 1, "b": 2}"""
    return {name: int(value) for name, value in (word.split("=") for word in line.split())}


class Load(_Conversation):
    def __init__(self, session, kind):
        super().__init__(session, program("bench_load"), kind, str(session.workers))

    def go(self, duration_ms):
        """{"made": N, "elapsed_ns": N}"""
        return fields(self.ask(f"go {duration_ms}"))


class Sleepers(_Conversation):
    def __init__(self, session):
        super().__init__(session, program("bench_sleepers"))

    def more(self, count):
        """Their pids."""
        return [int(word) for word in self.ask(f"more {count}").split()]


class PacketSender(_Conversation):
    def __init__(self, session, launcher, address, port):
        super().__init__(session, *launcher, program("bench_packets"), address, port)

    def send(self, count):
        """How many ns it took."""
        return fields(self.ask(f"send {count}"))["elapsed_ns"]
