"""What the agent exports, as docs/metrics.md says (tests/docs compares that with the source), and what queries use."""

import re
import subprocess

import yaml

from chart.support.helm import REPOSITORY

SCRAPED = {"up", "ALERTS"}  # Prometheus's own
KUBE_STATE = {"kube_pod_annotations", "kube_pod_info", "kube_pod_container_status_running",
              "kube_pod_init_container_status_running"}
NO_METRICS = re.compile(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]|\b(by|on|without|ignoring|group_left|group_right) *\([^)]*\)')
SUFFIXES = re.compile(r"_(bucket|sum|count)$")


def exported():
    """name → its labels"""
    found = {}
    for line in (REPOSITORY / "docs/metrics.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        name = re.match(r"`((?:netclsd|process)_\w+)`", cells[0])
        if name:
            has_labels = len(cells) > 3
            found[name.group(1)] = set(re.findall(r"`(\w+)`", cells[2].partition(":")[0])) if has_labels else set()
    return found


def used(expression):
    """Names of metrics: words before a selector, a range or nothing, that are neither functions nor labels."""
    bare = NO_METRICS.sub(" ", expression)
    words = set(re.findall(r"\b([a-zA-Z_]\w*)\b(?! *\()", bare))
    return {word for word in words if "_" in word or word in SCRAPED}


def unknown(expressions):
    known = set(exported()) | SCRAPED | KUBE_STATE
    names = {name for each in expressions for name in used(each)}
    return {name for name in names if name not in known and SUFFIXES.sub("", name) not in known}


def promtool(*arguments):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


def parse_error(expressions, directory):
    """What promtool says where one of the queries is not PromQL, else nothing."""
    rules = [{"record": f"query{i}", "expr": each} for i, each in enumerate(expressions)]
    path = directory / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = promtool("check", "rules", path)
    return "" if done.returncode == 0 else done.stdout + done.stderr
