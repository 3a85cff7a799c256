#!/bin/bash
# Builds netclsd and runs all its tests. On a fresh Debian 12 or 13, as root, this one command is enough.
#
#   scripts/test.sh [--unit-only] [--no-sanitizers] [--e2e PATTERN] [--no-skips] [--help]
#
#   --unit-only      only tests that need neither root nor a container runtime
#   --e2e PATTERN    only build, and run the end-to-end tests whose name contains PATTERN
#   --no-sanitizers  without the builds for scripts/sanitize.sh, for fuzzing, for arm64 and on Debian 13, which take most
#                    of the time. Then all end-to-end tests run with the programs as they are; else each runs once, and
#                    those that scripts/e2e_selection.sh says with AddressSanitizer
#   --no-skips       a test that skips counts as failed; always so in CI (CI=true)
#
# The last line is `N passed, N failed, N skipped`, above it is a table of the seconds that each step took; the exit code is 1
# if anything failed. Logs: build/dev/test-logs.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

unit_only=
e2e_pattern=
no_sanitizers=
skips_fail=
while [[ $# -gt 0 ]]; do
  case "$1" in
    --unit-only) unit_only=yes ;;
    --e2e) [[ $# -ge 2 ]] || { usage >&2; exit 2; }; e2e_pattern=$2; shift ;;
    --no-sanitizers) no_sanitizers=yes ;;
    --no-skips) skips_fail=yes ;;
    -h | --help) usage; exit 0 ;;
    *) echo "test.sh: unknown option \"$1\"" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

build=build/dev
logs=$build/test-logs
mkdir -p "$logs"
# shellcheck source=scripts/steps.sh
. scripts/steps.sh
[[ -z "$skips_fail" ]] || no_skips=yes

# shellcheck source=scripts/beside.sh
. scripts/beside.sh
# shellcheck source=scripts/e2e_selection.sh
. scripts/e2e_selection.sh

is_root=''
[[ $EUID -ne 0 ]] || is_root=yes
all='' sanitizers='' release=''
if [[ -z "$e2e_pattern" ]]; then
  all=yes
  [[ -n "$no_sanitizers" ]] || sanitizers=yes
  [[ -n "$unit_only" ]] || release=yes
fi
# From Debian 12: the other architecture, and the other Debian, whose root directory root alone can make.
arm64='' debian_13=''
if [[ -n "$sanitizers" && -n "$release" && -n "$is_root" ]] && grep -qx VERSION_CODENAME=bookworm /etc/os-release; then
  [[ "$(uname -m)" == aarch64 ]] || arm64=yes
  debian_13=yes
fi

# In CI nobody uses a debugger or compiles a second time: each folder is one file, so that its headers are read once.
# scripts/lint.sh compiles files alone, and finds what one lacks.
for_ci=()
[[ "${CI:-}" != true ]] || for_ci=(-D CMAKE_CXX_FLAGS_DEBUG= -D CMAKE_UNITY_BUILD=ON -D CMAKE_UNITY_BUILD_BATCH_SIZE=0
  -D CMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld)
# What end-to-end tests need.
programs=(agent/all hook/all nri/all carry/all cli/all tests/support/all)

# Unit tests run once, too: with AddressSanitizer if that is built.
tests=(sim_tests kernel_tests)
[[ -n "$sanitizers" ]] || tests+=(unit_tests)

# The image is built of the same sources a second time, and finds the objects here (scripts/build-image.sh --ccache).
# shellcheck disable=SC2317  # it is a job
build_release() {
  export CCACHE_DIR=$PWD/build/ccache CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_COMPILERCHECK=content CCACHE_SLOPPINESS=locale
  cmake --preset release -D NETCLSD_BUILD_BENCH=ON -D CMAKE_CXX_COMPILER_LAUNCHER=ccache &&
    cmake --build --preset release --parallel "$jobs"
}

[[ -z "$sanitizers" ]] || beside asan-build scripts/sanitize.sh asan --build-only
[[ -z "$sanitizers" ]] || beside tsan-build scripts/sanitize.sh tsan --build-only
if [[ -n "$all" ]]; then
  beside lint scripts/lint.sh --quick
  beside chart tests/chart/run.py
fi
[[ -z "$arm64" ]] || beside arm64-build scripts/arm64.sh --quick --build-only
lane
beside tests-build cmake --build --preset dev --parallel "$jobs" --target "${tests[@]}"
[[ -z "$all" ]] || beside sim scripts/run_gtest.py "$build/tests/sim/sim_tests" --shards "$jobs" --logs "$logs"
[[ -z "$release" ]] || beside release-build build_release
[[ -z "$release" || -z "$is_root" ]] || beside image-build tests/image/build.sh
if [[ -n "$release" ]]; then
  beside release-install scripts/check-install.sh build/release
  beside hardening-checks tests/hardening/hardening_test.py
  beside bill-of-materials tests/sbom/sbom_test.py build/release
fi
[[ -z "$debian_13" ]] || beside debian-13 scripts/distributions.sh --quick trixie

step "Build"
quietly install-deps scripts/install-deps.sh build image test lint fuzz bench chart ${arm64:+arm64} ${release:+vm}
quietly configure cmake --preset dev "${for_ci[@]}"
quietly build cmake --build --preset dev --parallel "$jobs" --target "${programs[@]}"
[[ -n "$e2e_pattern" ]] || begin_beside

if [[ -n "$all" ]]; then
  step "Layers, documents, the runners of tests, the benchmark's arithmetic and the table of runtimes"
  with_summary layers tests/layers/layers_test.py
  with_summary one-file tests/layers/unity_test.py
  with_summary documents tests/docs/docs_test.py
  with_summary runner tests/runner/run_gtest_test.py
  with_summary jobs-beside tests/runner/beside_test.py
  with_summary e2e-selection tests/runner/e2e_selection_test.py
  with_summary install-deps-names tests/runner/install_deps_test.py
  with_summary benchmark-arithmetic tests/bench/bench_test.py
  with_summary runtimes-table tests/runtimes/runtimes_test.py
  with_summary emulated-machines tests/vm/vm_test.py
fi

if [[ -z "$unit_only" ]]; then
  step "End-to-end tests"
  if needs_root "end-to-end tests"; then
    selection=("${PLAIN_TESTS[@]}")  # the others run with AddressSanitizer
    [[ -z "$no_sanitizers" ]] || selection=("${OF_THE_IMAGE[@]/#/--without=}")
    [[ -z "$e2e_pattern" ]] || selection=("$e2e_pattern")
    export NETCLSD_BIN_DIR=$PWD/$build/bin
    with_summary e2e tests/e2e/run.py "${selection[@]}"
    if [[ -n "$sanitizers" && ${#OTHER_PLAIN_TESTS[@]} -gt 0 ]]; then
      with_summary e2e-others tests/e2e/run.py "${OTHER_PLAIN_TESTS[@]}"
    fi
  fi
fi
[[ -n "$all" ]] || finish

built tests-build
if [[ -z "$sanitizers" ]]; then
  step "Unit tests"
  run_gtest "$build" unit unit/unit_tests
fi
if [[ -z "$unit_only" ]]; then
  step "Tests on this machine's kernel"
  if needs_root "kernel tests"; then run_ctest "$build" kernel kernel --parallel 1; fi
fi

if [[ -n "$sanitizers" ]]; then
  for sanitizer in asan tsan; do
    step "Tests under a sanitizer: $sanitizer"
    built "$sanitizer-build"
    with_summary "$sanitizer" scripts/sanitize.sh "$sanitizer" ${unit_only:+--unit-only}
  done
fi

step "Lint, Helm chart, alerts and dashboard, simulation"
tested lint
tested chart
tested sim

if [[ -n "$release" ]]; then
  step "Release build"
  built release-build
  if needs_root "image, Debian package, benchmark smoke run"; then
    built image-build
    with_summary image tests/image/image_test.py
    with_summary image-e2e tests/e2e/run.py "${OF_THE_IMAGE[@]}"
    with_summary package tests/package/package_test.py build/release
    with_summary benchmark scripts/bench.sh --quick
  fi
  step "Real kernels in emulated machines"
  with_summary kernels scripts/vm.sh --programs build/release/bin --tests "$build" --architecture amd64 --boot usual --boot cgroup_no_v1
  step "Installation, hardening and bill of materials"
  tested release-install
  tested hardening-checks
  tested bill-of-materials
fi

if [[ -n "$arm64" ]]; then
  step "arm64"
  built arm64-build
  with_summary arm64 scripts/arm64.sh --quick
fi

if [[ -n "$debian_13" ]]; then
  step "Debian 13"
  tested debian-13
fi

if [[ -n "$sanitizers" ]]; then
  step "Fuzzing"
  with_summary fuzz scripts/fuzz.sh --seconds 60
fi

finish
