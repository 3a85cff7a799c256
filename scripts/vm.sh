#!/bin/bash
# Boots real kernels of Debian in an emulated machine, and tries netclsd there: the kernel tests, and a container from its
# registration to its end. Needs neither root nor KVM; installs nothing but qemu.
#
#   scripts/vm.sh [--boot WAY]... [--write] [--deadline SECONDS] [--programs DIR] [--tests BUILD] [KERNEL]...
#   scripts/vm.sh --list | --help
#
#   KERNEL              only these kernels of tests/vm/kernels.txt; --list names them, and the ways in which they are booted
#   --boot WAY          only booted so
#   --write             writes the tables in docs/kernels.md
#   --deadline SECONDS  a machine that takes longer is ended, and has failed (300)
#   --programs DIR      a release's programs. Without it they are built with the preset release
#   --tests BUILD       a build of the preset dev. Without it the kernel tests are built there
#
# The kernels are fetched from Debian's mirror (100 MB, kept for a week in build/vm) and unpacked there.
# The last line is `N passed, N failed, N skipped`. What cannot be tried on a kernel, as is known, does not count; any other
# reason to skip is a skip. Logs: build/vm/logs. Exit codes: 0 all passed, 1 some failed, 2 wrong usage, 130 interrupted.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

arguments=("$@") is_list='' programs='' tests=''
while [[ $# -gt 0 ]]; do
  case "$1" in
    --list) is_list=yes ;;
    --write) ;;
    --boot | --deadline | --programs | --tests)
      [[ $# -ge 2 ]] || { usage >&2; exit 2; }
      if [[ "$1" == --programs ]]; then programs=$2; elif [[ "$1" == --tests ]]; then tests=$2; fi
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "vm.sh: unknown option \"$1\"" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

if [[ -z "$is_list" ]]; then
  scripts/install-deps.sh vm
  [[ -n "$programs" && -n "$tests" ]] || scripts/install-deps.sh build test
  [[ -n "$programs" ]] || build_preset release build/vm/release-build.log
  [[ -n "$tests" ]] || build_preset dev build/vm/tests-build.log
fi
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$PWD/tests
exec /usr/bin/python3 -m vm.run "${arguments[@]}"
