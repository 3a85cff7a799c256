#!/bin/bash
# Measures netclsd beside its alternatives, on this machine. One command, as root, on Debian 12.
#
#   scripts/bench.sh [--quick] [--only ROW] [--profile NAME] [--list] [--help]
#
#   --quick       takes some seconds: proves that the benchmark works, and checks the counts that hold on any machine (no
#                 move, no read of /proc and no loss for forks of placed processes). No times. Nothing is written
#   --only ROW    one row of the table; its results are printed, not written
#   --profile NAME  placement, registration, sweep or storm: where its time goes; printed, not written
#   --list        only names the rows
#
# Without options it takes about ten minutes and writes bench/results: latest.md, latest.json, profiles.md and plots.
# docs/performance.md says how to read them. Builds with the preset release. It uses its own directories, groups and mount
# namespace, and undoes everything at the end, also after Ctrl-C.
# Exit codes: 0 measured (or, with --quick, all passed), 1 failed, 2 wrong usage.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

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

if [[ -z "$is_list" ]]; then
  scripts/install-deps.sh build bench
  # The same directory as the release's: nothing of it is built twice.
  build_preset release build/bench-build.log -DNETCLSD_BUILD_BENCH=ON
fi
export NETCLSD_BIN_DIR=$PWD/build/release/bin PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -m bench.run "${arguments[@]}"
