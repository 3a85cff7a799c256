#!/bin/bash
# Boots real kernels of Debian in an emulated machine, and tries netclsd there: the kernel tests, a container from its
# registration to its end, and the carrier. Needs neither root nor KVM; installs nothing but qemu.
#
#   scripts/vm.sh [OPTION]... [KERNEL]...
#   scripts/vm.sh --list | --help
#
#   KERNEL               only these kernels of tests/vm/kernels.txt; --list names them, and the ways in which they are booted
#   --architecture NAME  only kernels for this one: amd64 or arm64
#   --boot WAY           only booted so
#   --write              writes the tables in docs/kernels.md
#   --deadline SECONDS   a machine that takes longer is ended, and has failed (300)
#   --programs DIR       a release's programs. Without it they are built with the preset release
#   --tests BUILD        a build of the preset dev. Without it the kernel tests are built there
#   --programs-arm64 DIR, --tests-arm64 BUILD
#                        the same for kernels for arm64; the presets are release-arm64 and tests-arm64 (scripts/arm64.sh)
#
# The kernels are fetched from Debian's mirror (100 MB, kept for a week in build/vm) and unpacked there. JOBS says how many
# machines run at a time (default: as many as there are processors).
# The last line is `N passed, N failed, N skipped`. What cannot be tried on a kernel, as is known, does not count; any other
# reason to skip is a skip. Logs: build/vm/logs. Exit codes: 0 all passed, 1 some failed, 2 wrong usage, 130 interrupted.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

arguments=("$@") is_list=''
declare -A given=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --list) is_list=yes ;;
    --write) ;;
    --architecture | --boot | --deadline | --programs | --tests | --programs-arm64 | --tests-arm64)
      [[ $# -ge 2 ]] || { usage >&2; exit 2; }
      given[$1]=yes
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "vm.sh: unknown option \"$1\"" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$PWD/tests
run=(/usr/bin/python3 -m vm.run)

# prepare OPTION PRESET: builds what the option would give. A preset as build_preset takes it.
prepare() { [[ -n "${given[$1]:-}" ]] || build_preset "$2" "build/vm/${2#*:}-build.log"; }

if [[ -z "$is_list" ]]; then
  mkdir -p build/vm
  for architecture in $("${run[@]}" --architectures "${arguments[@]}"); do
    scripts/install-deps.sh vm
    case "$architecture" in
      amd64)
        [[ -n "${given[--programs]:-}" && -n "${given[--tests]:-}" ]] || scripts/install-deps.sh build test
        prepare --programs release
        prepare --tests dev
        ;;
      arm64)
        scripts/arm64.sh --prepare >build/vm/arm64.log
        prepare --programs-arm64 release-arm64
        prepare --tests-arm64 tests-arm64:kernel-tests-arm64
        ;;
    esac
  done
fi
exec "${run[@]}" "${arguments[@]}"
