"""The real helm on the chart of this repository."""

import functools
import subprocess
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
CHART = REPOSITORY / "charts/netclsd"
TOOLS = REPOSITORY / "build/tools"
HELM = TOOLS / "bin/helm"

EXAMPLES = sorted((CHART / "examples").glob("*-values.yaml"))
VALUES_FILES = [*sorted((CHART / "ci").glob("*-values.yaml")), *EXAMPLES]


def helm(*arguments):
    return subprocess.run([HELM, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


def options(values=None, sets=()):
    return [*(("--values", values) if values else ()), *(word for each in sets for word in ("--set", each))]


@functools.cache
def rendered(values=None, sets=(), release="node", namespace="net"):
    """All objects, of hooks and tests, too."""
    done = helm("template", release, CHART, "--namespace", namespace, *options(values, sets))
    if done.returncode != 0:
        raise AssertionError(f"helm template {values} {sets}: {done.stderr}")
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def refusal(*sets):
    """What helm says about wrong values; fails where it takes them."""
    done = helm("template", "node", CHART, *options(sets=sets))
    if done.returncode == 0:
        raise AssertionError(f"helm takes {sets}")
    return done.stderr


def notes(*sets, values=None):
    done = helm("install", "node", CHART, "--dry-run=client", *options(values, sets))
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout.partition("NOTES:\n")[2]


def find(objects, kind, name=None):
    found = [each for each in objects if each["kind"] == kind and name in (None, each["metadata"]["name"])]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} objects {kind} {name}")
    return found[0]


def agent_pod(objects):
    return find([each for each in objects if "helm.sh/hook" not in each["metadata"].get("annotations", {})],
                "DaemonSet")["spec"]["template"]


def container(pod, name):
    spec = pod["spec"]
    return next(each for each in spec.get("initContainers", []) + spec["containers"] if each["name"] == name)
