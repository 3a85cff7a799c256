"""Checks objects against the Kubernetes schema (tests/chart/tools/validate.mjs)."""

import json
import shutil
import subprocess

from chart.support.helm import REPOSITORY, TOOLS


def problems(objects):
    """`KIND NAME: what is wrong`, of each problem"""
    script = TOOLS / "validate.mjs"  # beside node_modules: node looks for packages from the script's place
    shutil.copyfile(REPOSITORY / "tests/chart/tools/validate.mjs", script)
    done = subprocess.run(["node", script], input=json.dumps(objects), cwd=TOOLS, capture_output=True, text=True,
                          timeout=300, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return [named(line, objects) for line in done.stdout.splitlines()]


def named(line, objects):
    index, _, text = line.partition(": ")
    if not index.isdigit():
        return text
    each = objects[int(index)]
    return f"{each['kind']} {each.get('metadata', {}).get('name')}: {text}"
