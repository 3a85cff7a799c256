#!/bin/bash
# Builds netclsd for arm64 on a machine of another kind, and runs its tests there under an emulator of a processor.
#
#   scripts/arm64.sh [--prepare] [--seeds N] [--package] [--help]
#
#   --prepare   only install the compiler and make the sysroot; then the presets release-arm64 and tests-arm64 can be used
#   --seeds N   how many seeds of the simulation (200)
#   --package   also the Debian package, in build/arm64/package
#
# The sysroot build/arm64/sysroot has Debian 12's packages for arm64, unpacked; nothing of them is installed. It is made anew
# after a week. tests/arm64/not_emulated.txt names the tests that an emulator cannot run, and why.
# The last line is `N passed, N failed, N skipped`, above it is a table of the seconds that each step took. Logs:
# build/arm64/logs.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

prepare_only='' seeds=200 package=''
while [[ $# -gt 0 ]]; do
  case "$1" in
    --prepare) prepare_only=yes ;;
    --seeds) [[ "${2:-}" =~ ^[1-9][0-9]*$ ]] || { usage >&2; exit 2; }; seeds=$2; shift ;;
    --package) package=yes ;;
    -h | --help) usage; exit 0 ;;
    *) echo "arm64.sh: unknown option \"$1\"" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

top=build/arm64
logs=$top/logs
mkdir -p "$logs"
# shellcheck source=scripts/steps.sh
. scripts/steps.sh
sysroot=$PWD/$top/sysroot
emulator=(qemu-aarch64-static -L "$sysroot")
release=build/release-arm64
tests=build/tests-arm64
static_programs=(netclsd-hook netclsd-hook-stub netclsd-nri netclsctl)

# The libraries that scripts/install-deps.sh installs to compile and to test; and the C and C++ library.
mapfile -t libraries < <(scripts/install-deps.sh --list build unit | grep -e '-dev$' | grep -vx dpkg-dev)
libraries+=(libc6-dev libstdc++-12-dev linux-libc-dev)

# shellcheck disable=SC2317  # it is called by name
make_sysroot() {
  scripts/unpack-packages.sh --with-dependencies --architecture arm64 bookworm "$sysroot" "${libraries[@]}"
}

# build PRESET TARGET…
# shellcheck disable=SC2317  # it is called by name
build() {
  cmake --preset "$1" && cmake --build "build/$1" --parallel "$jobs" --target "${@:2}"
}

check() {
  local what=$1
  shift
  if "$@" >"$logs/check.log" 2>&1; then
    echo "$what ... passed"
    count 1 0 0
  else
    echo "$what ... FAILED"
    cat "$logs/check.log"
    count 0 1 0
  fi
}

# shellcheck disable=SC2317  # it is called by name
is_arm64() { readelf --file-header "$1" | tee /dev/stderr | grep -q 'Machine: *AArch64'; }
# shellcheck disable=SC2317  # it is called by name
is_static() { file "$1" | tee /dev/stderr | grep -q 'static-pie linked' && ! readelf --dynamic "$1" | grep NEEDED; }

# In each of the three filters the first comparison is with AUDIT_ARCH_AARCH64.
# shellcheck disable=SC2317  # it is called by name
has_arm64_filters() { [[ $(grep -c '{0x15, [0-9]*, [0-9]*, 0xc00000b7}' "$1" | tee /dev/stderr) -eq 3 ]]; }

# shellcheck disable=SC2317  # it is called by name
is_package_of_arm64() {
  dpkg-deb --field "$1" Architecture Depends && [[ "$(dpkg-deb --field "$1" Architecture)" == arm64 ]] &&
    [[ "$(dpkg-deb --field "$1" Depends)" == *"libc6 (>= "*"libseccomp2 (>= "* ]]
}

step "Preparation"
quietly install-deps scripts/install-deps.sh arm64 build
quietly sysroot make_sysroot
[[ -z "$prepare_only" ]] || finish

step "Build"
quietly release-build build release-arm64 all
quietly tests-build build tests-arm64 unit_tests sim_tests

step "Programs"
for program in netclsd "${static_programs[@]}"; do check "$program is for arm64" is_arm64 "$release/bin/$program"; done
for program in "${static_programs[@]}"; do check "$program is static" is_static "$release/bin/$program"; done
for name in hook nri; do
  check "the filters of $name are for arm64" has_arm64_filters "$release/generated/netclsd_${name}_filter.h"
done
with_summary hardening-checks env CXX=aarch64-linux-gnu-g++ tests/hardening/hardening_test.py
with_summary install scripts/check-install.sh "$release" "${emulator[@]}"

step "Unit tests and simulation, emulated"
with_summary unit scripts/run_gtest.py "$tests/tests/unit/unit_tests" --by "${emulator[*]}" --without tests/arm64/not_emulated.txt \
  --shards "$jobs" --logs "$logs"
export NETCLSD_SIM_LAST=$seeds
with_summary sim scripts/run_gtest.py "$tests/tests/sim/sim_tests" --by "${emulator[*]}" --shards "$jobs" --logs "$logs"

if [[ -n "$package" ]]; then
  step "Debian package"
  rm -f "$top"/package/*.deb
  quietly package cpack -G DEB --config "$release/CPackConfig.cmake" -B "$top/package"
  for each in "$top"/package/netclsd_*.deb; do check "${each##*/}" is_package_of_arm64 "$each"; done
fi
finish
