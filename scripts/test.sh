#!/bin/bash
# Builds netclsd and runs all its tests. On a fresh Debian 12, as root, this one command is enough.
#
#   scripts/test.sh [--unit-only] [--e2e PATTERN] [--no-skips] [--help]
#
#   --unit-only      only what needs neither root nor a container runtime
#   --e2e PATTERN    only build, and run the end-to-end tests whose name contains PATTERN
#   --no-skips       a test that skips has failed; so in CI (CI=true)
#
# The last line is `N passed, N failed, N skipped`; the exit code is 1 if anything failed. Logs: build/dev/test-logs.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '2,/^set -euo/{/^set -euo/d; s/^# \{0,1\}//; p}' scripts/test.sh; }

unit_only=
e2e_pattern=
no_skips=
[[ "${CI:-}" == true ]] && no_skips=yes
while [[ $# -gt 0 ]]; do
  case "$1" in
    --unit-only) unit_only=yes ;;
    --e2e) [[ $# -ge 2 ]] || { usage >&2; exit 2; }; e2e_pattern=$2; shift ;;
    --no-skips) no_skips=yes ;;
    -h | --help) usage; exit 0 ;;
    *) echo "test.sh: unknown option \"$1\"" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

build=build/dev
logs=$build/test-logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0

step() { printf '\n== %s\n' "$*"; }

count() { passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3)); }

finish() {
  if [[ -n "$no_skips" && $skipped -gt 0 ]]; then
    printf '\nNothing may skip here, and %s did: they count as failed.\n' "$skipped"
    failed=$((failed + skipped)) skipped=0
  fi
  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [[ $failed -eq 0 ]] && exit 0
  exit 1
}

# quietly NAME COMMAND…: its output goes to a log file, shown only where it fails. A step, not a test: success counts
# nothing, failure ends the run.
quietly() {
  local name=$1 began=$SECONDS
  shift
  printf '%s ... ' "$name"
  if "$@" >"$logs/$name.log" 2>&1 </dev/null; then
    printf 'done (%d s)\n' $((SECONDS - began))
    return
  fi
  printf 'FAILED\n'
  tail -n 60 "$logs/$name.log"
  count 0 1 0
  finish
}

# with_summary NAME COMMAND…: a test program whose last line is a summary like ours.
with_summary() {
  local name=$1 status=0 summary
  shift
  "$@" 2>&1 </dev/null | tee "$logs/$name.log" || status=$?
  summary=$(tail -n 1 "$logs/$name.log")
  if [[ "$summary" =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}"
    if [[ $status -ne 0 && ${BASH_REMATCH[2]} -eq 0 ]]; then count 0 1 0; fi
  else
    echo "$name ended with $status and without a summary"
    count 0 1 0
  fi
}

# ctest NAME LABEL [OPTIONS…]: the tests of a label, counted from ctest's JUnit report.
run_ctest() {
  local name=$1 label=$2 status=0 numbers report
  shift 2
  report=$PWD/$logs/$name.xml
  rm -f "$report"
  ctest --test-dir "$build" -L "^$label\$" --no-tests=error --output-on-failure --output-junit "$report" "$@" \
    </dev/null >"$logs/$name.log" 2>&1 || status=$?
  numbers=$(/usr/bin/python3 scripts/junit_counts.py "$report" 2>/dev/null) || numbers=
  if [[ -z "$numbers" ]]; then
    tail -n 40 "$logs/$name.log"
    echo "$name: ctest ended with $status and without a report"
    count 0 1 0
    return
  fi
  # shellcheck disable=SC2086  # three words
  set -- $numbers
  printf '%s: %d passed, %d failed, %d skipped\n' "$name" "$1" "$2" "$3"
  count "$1" "$2" "$3"
  if [[ $3 -gt 0 ]]; then grep -E '\*\*\*(Skipped|Not Run)' "$logs/$name.log" || true; fi
  if [[ $status -ne 0 ]]; then
    tail -n 100 "$logs/$name.log"
    if [[ $2 -eq 0 ]]; then count 0 1 0; fi
  fi
}

needs_root() {
  [[ $EUID -eq 0 ]] && return
  echo "$1: skipped, it needs root"
  count 0 0 1
  return 1
}

jobs=${JOBS:-$(nproc)}

# The release and the image compile the same sources with the same compiler: each object once. The rest of it is in
# Dockerfile.
# shellcheck disable=SC2317  # it is called by quietly
with_shared_ccache() {
  env CCACHE_DIR="$PWD/build/ccache" CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1 CCACHE_COMPILERCHECK=content "$@"
}

step "Build"
quietly install-deps scripts/install-deps.sh build image test bench chart
quietly configure cmake --preset dev
quietly build cmake --build --preset dev --parallel "$jobs"

if [[ -z "$e2e_pattern" ]]; then
  step "Layers, documents and the benchmark's arithmetic"
  with_summary layers tests/layers/layers_test.py
  with_summary documents tests/docs/docs_test.py
  with_summary benchmark-arithmetic tests/bench/bench_test.py
  step "Helm chart, alerts and dashboard"
  with_summary chart tests/chart/run.py
  step "Unit tests and simulation"
  run_ctest unit unit --parallel "$jobs"
  run_ctest sim sim --parallel "$jobs"
fi

if [[ -z "$unit_only" ]]; then
  export NETCLSD_BIN_DIR=$PWD/$build/bin
  if [[ -z "$e2e_pattern" ]]; then
    step "Release build and installation"
    quietly release-configure cmake --preset release -D CMAKE_CXX_COMPILER_LAUNCHER=ccache
    quietly release-build with_shared_ccache cmake --build --preset release --parallel "$jobs"
    with_summary release-install scripts/check-install.sh build/release
    step "Image"
    if needs_root "image"; then
      quietly image-build tests/image/build.sh
      with_summary image tests/image/image_test.py
      step "Debian package"
      with_summary package tests/package/package_test.py build/release
    fi
    step "Tests on this machine's kernel"
    if needs_root "kernel tests"; then run_ctest kernel kernel --parallel 1; fi
    step "Benchmark smoke run"
    if needs_root "benchmark smoke run"; then with_summary benchmark scripts/bench.sh --quick; fi
  fi
  step "End-to-end tests"
  if needs_root "end-to-end tests"; then
    with_summary e2e tests/e2e/run.py ${e2e_pattern:+"$e2e_pattern"}
  fi
fi

finish
