#!/bin/bash
# Measures netclsd beside what people would use instead, on this machine. One command, as root, on Debian 12.
#
#   scripts/bench.sh [--quick] [--only ROW] [--profile NAME] [--list] [--help]
#
#   --quick       some seconds: proves that the benchmark works, and the counts that hold on any machine (no move, no
#                 look into /proc and no loss for forks of placed processes); no times. Nothing is written
#   --only ROW    one row of the table; its results are printed, not written
#   --profile NAME  placement, registration, sweep or storm: where the time goes in it; it is printed, not written
#   --list        only names the rows
#
# Without options it takes some ten minutes and writes bench/results: latest.md, latest.json,
# profiles.md and plots.
# docs/performance.md says how to read them. Builds with the preset release. Everything happens in directories, groups
# and a mount namespace of its own, and is undone at the end, also after Ctrl-C.
# Exit code: 0 it was measured (or, with --quick, all passed), 1 it failed, 2 wrong usage.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '2,/^set -euo/{/^set -euo/d; s/^# \{0,1\}//; p}' scripts/bench.sh; }

arguments=()
is_list=
while [[ $# -gt 0 ]]; do
  case "$1" in
    --quick) arguments+=("$1") ;;
    --list) arguments+=("$1") is_list=yes ;;
    --only | --profile) [[ $# -ge 2 ]] || { usage >&2; exit 2; }; arguments+=("$1" "$2"); shift ;;
    -h | --help) usage; exit 0 ;;
    *) echo "bench.sh: unknown option \"$1\"" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

if [[ -z "$is_list" && $EUID -ne 0 ]]; then
  echo "bench.sh: only root can watch processes and make net_cls groups" >&2
  exit 1
fi

build() {
  local log=build/bench-build.log
  mkdir -p build
  printf 'Building (log: %s) ... ' "$log"
  # The same directory as the release's: nothing of it is built twice.
  if ! { cmake --preset release -DNETCLSD_BUILD_BENCH=ON &&
    cmake --build --preset release --parallel "${JOBS:-$(nproc)}"; } >"$log" 2>&1; then
    printf 'failed\n'
    tail -n 40 "$log" >&2
    exit 1
  fi
  printf 'done\n'
}

if [[ -z "$is_list" ]]; then
  scripts/install-deps.sh build bench
  build
fi
export NETCLSD_BIN_DIR=$PWD/build/release/bin PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -m bench.run "${arguments[@]}"
