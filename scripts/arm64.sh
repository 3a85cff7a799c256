#!/bin/bash
# Builds netclsd for arm64 on a machine of another kind, and runs its tests there under an emulator of a processor.
#
#   scripts/arm64.sh [--seeds N] [--package] [--image]
#   scripts/arm64.sh --quick [--build-only]
#   scripts/arm64.sh --prepare | --help
#
#   --seeds N     how many seeds of the simulation (200)
#   --package     also the Debian package, in build/arm64/package
#   --image       also the images for amd64 and arm64, as one list, in build/image-platforms (docs/image.md)
#   --quick       only what is the hardest to get right: the unit tests of seccomp filters, hook, NRI plugin and events, and a
#                 boot of Debian's kernel in an emulated machine (scripts/vm.sh). Compiled in little time: nothing is optimized
#   --build-only  only build what --quick tests
#   --prepare     only install the compiler and make the sysroot; then the presets …-arm64 can be used
#
# The sysroot build/arm64/sysroot has Debian 12's packages for arm64, unpacked; nothing of them is installed. It is made anew
# after a week. tests/arm64/not_emulated.txt names the tests that an emulator cannot run, and why.
# The last line is `N passed, N failed, N skipped`, above it is a table of the seconds that each step took. Logs:
# build/arm64/logs.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

prepare_only='' seeds=200 package='' image='' quick='' build_only=''
while [[ $# -gt 0 ]]; do
  case "$1" in
    --prepare) prepare_only=yes ;;
    --seeds) [[ "${2:-}" =~ ^[1-9][0-9]*$ ]] || { usage >&2; exit 2; }; seeds=$2; shift ;;
    --package) package=yes ;;
    --image) image=yes ;;
    --quick) quick=yes ;;
    --build-only) build_only=yes ;;
    -h | --help) usage; exit 0 ;;
    *) echo "arm64.sh: unknown option \"$1\"" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
[[ -z "$build_only" || -n "$quick" ]] || { usage >&2; exit 2; }
if ! grep -qx VERSION_CODENAME=bookworm /etc/os-release; then
  echo "arm64.sh: it needs Debian 12, whose libraries the sysroot has; and its compiler" >&2
  exit 1
fi

top=build/arm64
logs=$top/logs
mkdir -p "$logs"
# shellcheck source=scripts/steps.sh
. scripts/steps.sh
sysroot=$PWD/$top/sysroot
emulator=(qemu-aarch64-static -L "$sysroot")
release=build/release-arm64
tests=build/tests-arm64
programs=(netclsd netclsd-carrier) static_programs=(netclsd-hook netclsd-nri netclsctl)

# The libraries that scripts/install-deps.sh installs to compile and to test; and the C and C++ library. And what goes
# into an emulated machine (tests/vm/initramfs.py).
mapfile -t libraries < <(scripts/install-deps.sh --list build unit | grep -e '-dev$' | grep -vx dpkg-dev)
libraries+=(libc6-dev libstdc++-12-dev linux-libc-dev)
machine_tools=(bash busybox-static iproute2 nftables)

# shellcheck disable=SC2317  # it is called by name
make_sysroot() {
  scripts/unpack-packages.sh --with-dependencies --architecture arm64 bookworm "$sysroot" \
    "${libraries[@]}" "${machine_tools[@]}"
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

# check_programs BUILD
check_programs() {
  local program name
  for program in "${programs[@]}" "${static_programs[@]}"; do check "$program is for arm64" is_arm64 "$1/bin/$program"; done
  for program in "${static_programs[@]}"; do check "$program is static" is_static "$1/bin/$program"; done
  for name in hook nri; do
    check "the filters of $name are for arm64" has_arm64_filters "$1/generated/netclsd_${name}_filter.h"
  done
}

# emulated NAME PROGRAM [OPTION]…
emulated() {
  with_summary "$1" scripts/run_gtest.py "$2" --by "${emulator[*]}" --shards "$jobs" --logs "$logs" "${@:3}"
}
not_emulated=(--without tests/arm64/not_emulated.txt)

quick() {
  local build=build/quick-arm64
  step "Build"
  quietly quick-configure cmake --preset quick-arm64
  quietly quick-build cmake --build --preset quick-arm64 --parallel "$jobs"
  [[ -z "$build_only" ]] || finish
  step "Programs, unit tests, emulated, and a kernel"
  check_programs "$build"
  emulated quick-unit "$build/tests/unit/unit_tests" "${not_emulated[@]}" --part
  with_summary kernel scripts/vm.sh --architecture arm64 --programs-arm64 "$build/bin" --tests-arm64 "$build"
  finish
}

step "Preparation"
quietly install-deps scripts/install-deps.sh arm64 build
quietly sysroot make_sysroot
[[ -z "$prepare_only" ]] || finish
[[ -z "$quick" ]] || quick

step "Build"
quietly release-build build release-arm64 all
quietly tests-build build tests-arm64 unit_tests sim_tests kernel_tests silencer storm udp_tool

step "Programs"
static_programs+=(netclsd-hook-stub)
check_programs "$release"
with_summary hardening-checks env CXX=aarch64-linux-gnu-g++ tests/hardening/hardening_test.py
with_summary install scripts/check-install.sh "$release" "${emulator[@]}"

step "Unit tests and simulation, emulated"
emulated unit "$tests/tests/unit/unit_tests" "${not_emulated[@]}"
export NETCLSD_SIM_LAST=$seeds
emulated sim "$tests/tests/sim/sim_tests"

step "A kernel in an emulated machine"
with_summary kernel scripts/vm.sh --architecture arm64 --programs-arm64 "$release/bin" --tests-arm64 "$tests"

if [[ -n "$package" ]]; then
  step "Debian package"
  rm -f "$top"/package/*.deb
  quietly package cpack -G DEB --config "$release/CPackConfig.cmake" -B "$top/package"
  for each in "$top"/package/netclsd_*.deb; do check "${each##*/}" is_package_of_arm64 "$each"; done
fi

if [[ -n "$image" ]]; then
  step "Images"
  quietly install-deps-image scripts/install-deps.sh test
  quietly images tests/image/build.sh --platforms
  with_summary images-test tests/image/platforms_test.py
fi
finish
