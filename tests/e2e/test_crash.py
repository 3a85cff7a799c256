"""kill -9 of the agent at random moments under load: living containers are known again, processes born meanwhile are
placed, ended containers are released, and nothing is left behind."""

import random
import signal
import threading
import time
from statistics import median

from .support.case import EndToEndTest
from .support.container import CLASSID
from .support.storms import Entrants, Storms, make_storm
from .support.truth import Truth, wait_until_true
from .support.turns import share_of
from .support.waiting import eventually, eventually_equal

CRASHES = share_of(75)
STORMS = 4
LIFE_S_MAX = 0.5  # of an agent that is ready and was checked
START_S_MAX = 0.1  # of one that may not get so far


class Churn:
    """A thread that starts, enters and deletes containers all the time."""

    def __init__(self, case, random_numbers):
        self._case, self._random = case, random_numbers
        self._lock = threading.Lock()
        self._running = {}  # id → Container, from the end of `runc run` to the beginning of `runc delete`
        self._is_over = threading.Event()
        self.started = self.entered = 0
        self.problem = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def running(self):
        with self._lock:
            return dict(self._running)

    def stop(self):
        self._is_over.set()
        self._thread.join(60)

    def _run(self):
        try:
            while not self._is_over.is_set():
                self._step()
            for container in self.running().values():
                self._delete(container)
        except Exception as problem:  # for the test's own thread to tell
            self.problem = problem

    def _step(self):
        running = list(self.running().values())
        if len(running) < 3:
            return self._start()
        if self._random.random() < 0.25:
            return self._delete(self._random.choice(running))
        container = self._random.choice(running)
        container.exec_detached("sleep", "1000")
        self.entered += 1

    def _start(self):
        container = self._case.make_container(f"churn{self.started}", "sh", "-c", "sleep 1000 & wait",
                                              annotations={CLASSID: "10:77"})
        container.start()
        self.started += 1
        with self._lock:
            self._running[container.id] = container

    def _delete(self, container):
        with self._lock:
            del self._running[container.id]
        container.delete()


class Killed(EndToEndTest):
    def test_hundred_kills_under_a_storm_lose_nothing(self):
        seed = random.randrange(1, 1 << 30)
        print(f"\n    seed {seed}", end="", flush=True)
        numbers = random.Random(seed)
        self.host.use_default_parent()  # the hook alone makes its groups there
        self.start_agent(audit_interval="1h")
        stable = [make_storm(self, f"storm{n}", f"10:{n + 1:x}") for n in range(STORMS)]
        storms = Storms(stable)
        entrants = Entrants(self.host, stable, pause_us=20_000)
        storms.go(pause_us=10_000)
        churn = Churn(self, random.Random(seed + 1))
        self.addCleanup(churn.stop)  # before its containers are deleted
        times = []
        for crash in range(CRASHES):  # every third restart is killed itself: a hundred kills
            time.sleep(numbers.random() * LIFE_S_MAX)
            self.agent.stop(signal.SIGKILL)
            time.sleep(numbers.random() * 0.1)
            if crash % 3 == 0:
                self.kill_while_it_starts(numbers)
            known_to_live = {**{c.id: c for c in stable}, **churn.running()}
            self.agent.start()
            times.append(self.check_restart(crash, known_to_live, churn))
        entered = entrants.stop()
        forks = storms.calm()
        churn.stop()
        self.assertIsNone(churn.problem)
        wait_until_true(self.host, stable, 30)
        self.check_nothing_is_left(stable)
        print(f": {CRASHES + CRASHES // 3} kills, {forks} forks, {entered} entrants, {churn.started} containers started, "
              f"{churn.entered} runc execs; strays of the restart were gone median {median(times) * 1000:.0f} ms, at "
              f"most {max(times) * 1000:.0f} ms after ready", end=" ", flush=True)

    def kill_while_it_starts(self, numbers):
        self.agent.start(wait_ready=False)
        time.sleep(numbers.random() * START_S_MAX)
        self.agent.stop(signal.SIGKILL)

    def check_restart(self, crash, known_to_live, churn):
        """Seconds from ready until each stray of that moment was placed."""
        ready_at = time.monotonic()
        strays = set(Truth(self.host, list(known_to_live.values())).strays)

        def alive():
            """Those of them that nobody has begun to delete."""
            deleted = {name for name in known_to_live if "-churn" in name} - set(churn.running())
            return {name: container for name, container in known_to_live.items() if name not in deleted}

        def still():
            return strays and strays & set(Truth(self.host, alive().values()).strays)
        eventually(f"the strays after crash {crash} are placed: {strays}", lambda: not still())
        took_s = time.monotonic() - ready_at

        known = self.agent.containers
        eventually_equal(f"registrations lost in crash {crash}", lambda: set(alive()) - set(known()), set())
        return took_s

    def check_nothing_is_left(self, stable):
        for container in stable:
            container.delete()
        eventually_equal("containers the agent knows", self.agent.containers, {})
        eventually_equal("state files", self.agent.state_files, set())
        eventually_equal("files in the spool", self.agent.spool_files, set())
        eventually_equal("groups", self.own_groups, set())
        eventually("no process counted", lambda: self.agent.metrics().value("processes") == 0)
        files = {path.name for path in self.agent.state_dir.iterdir()}
        self.assertLessEqual(files, {"agent.sock", "lock", "containers", "spool"})

    def own_groups(self):
        """The default parent may be shared with another netclsd."""
        return {name for name in self.host.groups() if name.startswith(self.host.prefix)}
