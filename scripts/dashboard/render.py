#!/usr/bin/python3
"""Draws the Grafana dashboard of the chart from a Prometheus's data, as SVG on stdout. No Grafana takes part: it is our
own drawing of the dashboard's panels and queries.

    scripts/dashboard/render.py [--prometheus URL] [--minutes N] >docs/dashboard.svg
"""

import argparse
import json
import time
from pathlib import Path

from panels import draw
from queries import Queries

DASHBOARD = Path(__file__).resolve().parents[2] / "charts/netclsd/files/dashboard.json"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--prometheus", default="http://127.0.0.1:9090", metavar="URL")
    arguments.add_argument("--minutes", type=float, default=60)
    options = arguments.parse_args()
    end = time.time()
    source = Queries(options.prometheus, end - 60 * options.minutes, end)
    print(draw(json.loads(DASHBOARD.read_text()), source), end="")


if __name__ == "__main__":
    main()
