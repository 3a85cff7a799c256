#!/bin/bash
# Tries netclsd on the runtimes that clusters run, and writes docs/runtimes.md: runtime, version, way of being called and
# cgroup layout, and for each whether containers get their class. One command, as root, on Debian 12.
#
#   scripts/runtimes.sh [--only PATTERN]... [--list] [--lock FILE] [--help]
#
#   --only PATTERN  only the rows whose name contains PATTERN; the results are printed, not written
#   --list          only names the rows
#   --lock FILE     holds this file with flock(2) while a row runs, for machines on which others test, too
#
# It fetches containerd, podman, runc and crun of Debian 12, 13 and testing (about 200 MB, kept for a week in build/runtimes)
# and unpacks them there; nothing is installed. Versions are those of the day. Each row has a mount namespace, directories,
# an agent and groups of its own, and undoes everything at its end, also after Ctrl-C.
# Builds with the preset release, unless NETCLSD_BIN_DIR names a directory with the programs. It is no part of CI.
# Exit codes: 0 all rows passed that are expected to, 1 one failed, 2 wrong usage, 130 interrupted.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

arguments=()
is_list=
while [[ $# -gt 0 ]]; do
  case "$1" in
    --list) arguments+=("$1") is_list=yes ;;
    --only | --lock) [[ $# -ge 2 ]] || { usage >&2; exit 2; }; arguments+=("$1" "$2"); shift ;;
    -h | --help) usage; exit 0 ;;
    *) echo "runtimes.sh: unknown option \"$1\"" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

if [[ -z "$is_list" ]]; then
  if [[ $EUID -ne 0 ]]; then
    echo "runtimes.sh: only root can run containers and make net_cls groups" >&2
    exit 1
  fi
  if [[ -z "${NETCLSD_BIN_DIR:-}" ]]; then
    scripts/install-deps.sh build test
    build_preset release build/runtimes-build.log
    export NETCLSD_BIN_DIR=$PWD/build/release/bin
  fi
fi
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$PWD/tests
exec /usr/bin/python3 -m runtimes.run "${arguments[@]}"
