"""The benchmark (scripts/bench.sh). The hosts, agents and metrics of the end-to-end tests are used as they are."""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests"))
