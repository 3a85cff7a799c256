#!/bin/bash
# Builds netclsd and runs all its tests. On a fresh Debian 12, as root, this one command is enough.
#
#   scripts/test.sh [--unit-only] [--no-sanitizers] [--e2e PATTERN] [--no-skips] [--help]
#
#   --unit-only      only tests that need neither root nor a container runtime
#   --e2e PATTERN    only build, and run the end-to-end tests whose name contains PATTERN
#   --no-sanitizers  without the builds for scripts/sanitize.sh and for fuzzing, which take most of the time.
#                    Then all end-to-end tests run with the programs as they are; else each runs once, most of them with
#                    AddressSanitizer
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

# The release and the image compile the same sources with the same compiler: each object once, whatever language either
# of the two speaks. The rest of it is in Dockerfile.
with_shared_ccache() {
  env CCACHE_DIR="$PWD/build/ccache" CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1 CCACHE_COMPILERCHECK=content \
    CCACHE_SLOPPINESS=locale "$@"
}

# In CI nobody uses a debugger or compiles a second time: line tables are enough, and each folder
# is one file, so that its headers are read once. The release's build compiles each file alone and finds what it lacks.
for_ci=()
[[ "${CI:-}" != true ]] || for_ci=(-D CMAKE_CXX_FLAGS_DEBUG=-g1 -D CMAKE_UNITY_BUILD=ON -D CMAKE_UNITY_BUILD_BATCH_SIZE=0)

# What is built while tests run, in this order: what is needed first, first.
ahead=()
[[ -n "$no_sanitizers$e2e_pattern" ]] || ahead+=(asan)
[[ -n "$unit_only$e2e_pattern" ]] || ahead+=(release)
[[ -n "$no_sanitizers$e2e_pattern" ]] || ahead+=(tsan fuzz)
[[ -n "$unit_only$e2e_pattern" || $EUID -ne 0 ]] || ahead+=(image)

# shellcheck disable=SC2317  # it is called by build_ahead
build_one() {
  case "$1" in
    asan | tsan) scripts/sanitize.sh "$1" --build-only ;;
    fuzz) scripts/fuzz.sh --build-only ;;
    image) tests/image/build.sh --packages-only ;;
    release)
      cmake --preset release -D CMAKE_CXX_COMPILER_LAUNCHER=ccache
      with_shared_ccache cmake --build --preset release --parallel "$jobs"
      ;;
  esac
}

# Tests wait more than they compute: these builds have the processors then, and delay nobody. They are SCHED_IDLE, since
# whatever wakes up takes the processor from such at once; from a process that is only nice it does not, and tests that sleep
# and wake often took twice as long. They have a process group of their own, to be ended with, but no session: the kernel
# shares out the processors by session first (sched_autogroup), whatever their class.
builds_ahead=''
begin_builds_ahead() {
  [[ ${#ahead[@]} -gt 0 ]] || return 0
  rm -f "$logs"/*.built
  set -m
  {
    chrt --idle --pid 0 "$BASHPID"
    set -e
    for each in "${ahead[@]}"; do
      build_one "$each"
      touch "$logs/$each.built"
    done
  } >"$logs/builds-ahead-output.log" 2>&1 </dev/null &
  builds_ahead=$!
  set +m
  trap 'kill -- "-$builds_ahead" 2>/dev/null || true' EXIT
}

# shellcheck disable=SC2317  # it is called by quietly
wait_until_built() {
  until [[ -e "$logs/$1.built" ]]; do
    if ! kill -0 "$builds_ahead" 2>/dev/null && [[ ! -e "$logs/$1.built" ]]; then
      cat "$logs/builds-ahead-output.log"
      return 1
    fi
    sleep 0.5
  done
}

step "Build"
quietly install-deps scripts/install-deps.sh build image test lint fuzz bench chart
quietly configure cmake --preset dev "${for_ci[@]}"
quietly build cmake --build --preset dev --parallel "$jobs"

begin_builds_ahead

if [[ -z "$e2e_pattern" ]]; then
  step "Layers, documents, the runner of tests, the benchmark's arithmetic and the table of runtimes"
  with_summary layers tests/layers/layers_test.py
  with_summary one-file tests/layers/unity_test.py
  with_summary documents tests/docs/docs_test.py
  with_summary runner tests/runner/run_gtest_test.py
  with_summary benchmark-arithmetic tests/bench/bench_test.py
  with_summary runtimes-table tests/runtimes/runtimes_test.py
  step "Lint"
  with_summary lint scripts/lint.sh --quick
  step "Helm chart, alerts and dashboard"
  with_summary chart tests/chart/run.py
  step "Unit tests and simulation"
  run_gtest "$build" unit unit/unit_tests
  run_gtest "$build" sim sim/sim_tests
fi

if [[ -z "$unit_only" ]]; then
  export NETCLSD_BIN_DIR=$PWD/$build/bin
  if [[ -z "$e2e_pattern" ]]; then
    step "Tests on this machine's kernel"
    if needs_root "kernel tests"; then run_ctest "$build" kernel kernel --parallel 1; fi
  fi
  step "End-to-end tests"
  if needs_root "end-to-end tests"; then
    # The others run with AddressSanitizer.
    # shellcheck source=scripts/e2e_selection.sh
    . scripts/e2e_selection.sh
    selection=("${NOT_SANITIZED[@]}" "${NOTHING_NEW[@]}")
    [[ -z "$no_sanitizers" ]] || selection=()
    selection+=("${OF_THE_IMAGE[@]/#/--without=}")
    [[ -z "$e2e_pattern" ]] || selection=("$e2e_pattern")
    with_summary e2e tests/e2e/run.py "${selection[@]}"
  fi
fi

if [[ -z "$e2e_pattern$no_sanitizers" ]]; then
  for sanitizer in asan tsan; do
    step "Tests under a sanitizer: $sanitizer"
    quietly "$sanitizer-ahead" wait_until_built "$sanitizer"
    with_summary "$sanitizer" scripts/sanitize.sh "$sanitizer" ${unit_only:+--unit-only}
  done
fi

if [[ -z "$unit_only$e2e_pattern" ]]; then
  step "Release build and installation"
  quietly release-ahead wait_until_built release
  with_summary release-install scripts/check-install.sh build/release
  with_summary hardening-checks tests/hardening/hardening_test.py
  with_summary bill-of-materials tests/sbom/sbom_test.py build/release
  step "Image"
  if needs_root "image"; then
    quietly image-ahead wait_until_built image
    quietly image-build tests/image/build.sh
    with_summary image tests/image/image_test.py
    with_summary image-e2e tests/e2e/run.py "${OF_THE_IMAGE[@]}"
    step "Debian package"
    with_summary package tests/package/package_test.py build/release
  fi
  step "Benchmark smoke run"
  if needs_root "benchmark smoke run"; then with_summary benchmark scripts/bench.sh --quick; fi
fi

if [[ -z "$e2e_pattern$no_sanitizers" ]]; then
  step "Fuzzing"
  quietly fuzz-ahead wait_until_built fuzz
  with_summary fuzz scripts/fuzz.sh --seconds 60
fi

finish
