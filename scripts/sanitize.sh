#!/bin/bash
# Builds netclsd with a sanitizer and runs the tests with it.
#
#   scripts/sanitize.sh asan|tsan [--build-only] [--unit-only] [--whole] [--e2e PATTERN]
#
#   asan             AddressSanitizer, with leaks, and UndefinedBehaviorSanitizer
#   tsan             ThreadSanitizer; only tests in which more than one thread takes part
#   --build-only     runs nothing
#   --unit-only      only tests that need no root
#   --whole          all end-to-end tests; without it those are left out that find nothing new for their time
#                    (scripts/e2e_selection.sh); in CI (CI=true) two thirds of the others, too
#   --e2e PATTERN    only build, and run the end-to-end tests whose name contains PATTERN
#
# Every program is sanitized, also the hook that a runtime starts. The first finding ends its program and is written to
# build/asan/reports or build/tsan/reports; each is a failed test. A confined agent or hook may not write there: it
# dies of SIGSYS instead, and `"sandbox": {"seccomp": "off", "landlock": "off"}` lets it say why. The last line is
# `N passed, N failed, N skipped`.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

preset='' build_only='' unit_only='' whole='' e2e_pattern=''
arguments=("$@")
while [[ $# -gt 0 ]]; do
  case "$1" in
    asan | tsan) preset=$1 ;;
    --build-only) build_only=yes ;;
    --unit-only) unit_only=yes ;;
    --whole) whole=yes ;;
    --e2e) [[ $# -ge 2 ]] || { usage >&2; exit 2; }; e2e_pattern=$2; shift ;;
    -h | --help) usage; exit 0 ;;
    *) echo "sanitize.sh: unknown word \"$1\"" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
[[ -n "$preset" ]] || { usage >&2; exit 2; }

# clang 14's ThreadSanitizer does not support addresses with more random bits than these. If the kernel uses more, all
# programs here run without random addresses.
readonly RANDOM_BITS_MAX=28
random_bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)
if [[ "$preset" == tsan && "$random_bits" -gt $RANDOM_BITS_MAX && -z "${NETCLSD_FIXED_ADDRESSES:-}" ]]; then
  NETCLSD_FIXED_ADDRESSES=yes exec setarch --addr-no-randomize "$0" "${arguments[@]}"
fi

build=build/$preset
logs=$build/test-logs
reports=$build/reports
mkdir -p "$logs"
# shellcheck source=scripts/steps.sh
. scripts/steps.sh

# shellcheck source=scripts/e2e_selection.sh
. scripts/e2e_selection.sh
[[ "$preset" != tsan ]] || NOT_SANITIZED+=("${NOT_WITH_TSAN[@]}")

count_reports() {
  local report
  for report in "$reports"/report.*; do
    [[ -e "$report" ]] || continue
    echo "$report:"
    head -n 60 "$report"
    count 0 1 0
  done
}

e2e_selection=("${NOT_SANITIZED[@]/#/--without=}")
if [[ -n "$e2e_pattern" ]]; then
  e2e_selection+=("$e2e_pattern")
elif [[ -z "$whole" && "$preset" == tsan ]]; then
  e2e_selection+=("${TSAN_TESTS[@]}")
elif [[ -z "$whole" ]]; then
  e2e_selection=("${ASAN_TESTS[@]}")
fi

quietly "$preset-install-deps" scripts/install-deps.sh build test fuzz
# In CI each folder is one file (scripts/lint.sh compiles a third of the files alone); elsewhere each file is compiled alone.
for_ci=()
[[ "${CI:-}" != true ]] || for_ci=(-D CMAKE_UNITY_BUILD=ON -D CMAKE_UNITY_BUILD_BATCH_SIZE=0)
quietly "$preset-configure" cmake --preset "$preset" "${for_ci[@]}"
quietly "$preset-build" cmake --build --preset "$preset" --parallel "$jobs"
[[ -z "$build_only" ]] || exit 0
rm -f "$reports"/report.*
if [[ -z "$e2e_pattern" ]]; then
  run_gtest "$build" "$preset-unit" unit/unit_tests
  # It has one thread.
  [[ "$preset" == tsan ]] || NETCLSD_SIM_LAST=${NETCLSD_SIM_LAST:-200} run_gtest "$build" "$preset-sim" sim/sim_tests
fi
if [[ -z "$unit_only" ]] && needs_root "kernel and end-to-end tests"; then
  [[ -n "$e2e_pattern" ]] || run_ctest "$build" "$preset-kernel" kernel --parallel 1
  NETCLSD_BIN_DIR=$PWD/$build/bin with_summary "$preset-e2e" tests/e2e/run.py "${e2e_selection[@]}"
fi
count_reports
finish
