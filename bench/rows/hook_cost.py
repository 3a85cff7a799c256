"""The hook as a whole process beside a process that does nothing, and a container's start with it and without."""

import json
import shutil

from e2e.support.container import CLASSID, Container
from e2e.support.programs import program, tool

from ..support.load import Sleepers
from ..support.result import Result, of_median
from ..support.timed import Command, run_timed

# After 100 ms without a write to a cgroup the kernel waits for an RCU grace period at the next one.
COOL_DOWN = ("/bin/sleep", "0.15")
WHY_MISSED = ("The move of init waits for an RCU grace period in the kernel's write to cgroup.procs, as does every first move "
              "after a while without one. The row \"known already\" has the same hook for a known container.")
WALL_MAX_MS, PEAK_MAX_MIB, START_RATIO_MAX = 2, 3, 1.05


def measure(session):
    agent = session.start_agent()
    try:
        return _hook(session, agent) + _container_start(session, agent)
    finally:
        agent.stop()


def _hook(session, agent):
    count = session.effort.hooks
    sleepers = Sleepers(session)
    states = make_states(session, sleepers.more(count))
    others = session.cgroup("others") / "cgroup.procs"
    hook = (program("netclsd-hook"), "--socket", agent.socket, "--spool", agent.spool, "--timeout", "5s")
    runs = run_timed(session, count, [
        Command(COOL_DOWN),
        Command((*hook, "prestart"), "prestart", states),
        Command((*hook, "createRuntime"), "again", states),
        Command((program("bench_nothing"),), "nothing"),
        Command(COOL_DOWN),
        Command(("/bin/sh", "-c", f"echo 0 >{others}"), "write"),
        Command(("/bin/sh", "-c", "echo 0 >/dev/null"), "no_write"),
    ])
    sleepers.close()
    walls = {name: [run.wall_ms for run in found] for name, found in runs.items()}
    kernel = [a - b for a, b in zip(walls["write"], walls["no_write"])]
    return [
        of_median("hook, whole process, registers a new container", walls["prestart"], "ms", limit=WALL_MAX_MS,
                  note="group made and init moved by the agent meanwhile", why_missed=WHY_MISSED,
                  profile="registration"),
        of_median("  of it the kernel's: moving one process when nobody wrote to a cgroup in the last 150 ms", kernel,
                  "ms"),
        of_median("  the rest", [a - b for a, b in zip(walls["prestart"], kernel)], "ms"),
        of_median("  the same for a container that is known already", walls["again"], "ms"),
        of_median("  a static process that does nothing", walls["nothing"], "ms"),
        Result("hook, peak memory", max(run.peak_mib for run in runs["prestart"]), "MiB", limit=PEAK_MAX_MIB),
    ]


def make_states(session, pids):
    """What the runtime writes to the hook's stdin: a file for each round, of a container of its own."""
    bundle = session.host.work / "hook-bundle"
    bundle.mkdir()
    (bundle / "config.json").write_text(json.dumps({"ociVersion": "1.0.2", "annotations": {CLASSID: "10:1"},
                                                    "linux": {"cgroupsPath": "/hooked"}}))
    for i, pid in enumerate(pids):
        name = f"hooked{i}"
        (session.cgroup(name) / "cgroup.procs").write_text(str(pid))
        state = {"ociVersion": "1.0.2", "id": name, "status": "creating", "pid": pid, "bundle": str(bundle)}
        (bundle / f"{name}.json").write_text(json.dumps(state))
    return str(bundle / "hooked{round}.json")


def _container_start(session, agent):
    host = session.host
    commands = []
    for name, stages in (("without", ()), ("with_hook", ("prestart", "poststop"))):
        container = Container(host, agent, name, ("sleep", "1000"), annotations={CLASSID: "10:1"}, stages=stages)
        runc = (tool("runc"), "--root", host.work / "runtime")
        commands += [Command((*runc, "run", "--detach", "--bundle", container.bundle, container.id), name),
                     Command((*runc, "delete", "--force", container.id))]
    runs = run_timed(session, session.effort.container_starts, commands)
    walls = {name: [run.wall_ms for run in found] for name, found in runs.items()}
    ratio = [a / b for a, b in zip(walls["with_hook"], walls["without"])]
    session.say(f"container starts: {len(ratio)} pairs")
    shutil.rmtree(host.work / "hook-bundle", ignore_errors=True)
    return [of_median("container start (runc run --detach): with the hook ÷ without", ratio, "×",
                      limit=START_RATIO_MAX, detail=walls, why_missed=WHY_MISSED, profile="registration"),
            of_median("  without the hook", walls["without"], "ms"),
            of_median("  with the hook", walls["with_hook"], "ms")]
