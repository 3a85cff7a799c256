#!/bin/bash
# Builds netclsd with a sanitizer and runs the tests with it.
#
#   scripts/sanitize.sh asan|tsan [--unit-only] [--whole] [--e2e PATTERN]
#
#   asan             AddressSanitizer, with leaks, and UndefinedBehaviorSanitizer
#   tsan             ThreadSanitizer
#   --unit-only      only what needs no root
#   --whole          all end-to-end tests; without it those are left out that find nothing new for their time (below)
#   --e2e PATTERN    only build, and run the end-to-end tests whose name contains PATTERN
#
# Every program is sanitized, the hook that a runtime starts, too. The first finding ends the program that it is in, and
# lies in build/asan/reports or build/tsan/reports; each is a failed test. A confined agent or hook may not write there: it
# dies of SIGSYS instead, and `"sandbox": {"seccomp": "off", "landlock": "off"}` lets it say why. The last line is
# `N passed, N failed, N skipped`.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '2,/^set -euo/{/^set -euo/d; s/^# \{0,1\}//; p}' scripts/sanitize.sh; }

preset='' unit_only='' whole='' e2e_pattern=''
arguments=("$@")
while [[ $# -gt 0 ]]; do
  case "$1" in
    asan | tsan) preset=$1 ;;
    --unit-only) unit_only=yes ;;
    --whole) whole=yes ;;
    --e2e) [[ $# -ge 2 ]] || { usage >&2; exit 2; }; e2e_pattern=$2; shift ;;
    -h | --help) usage; exit 0 ;;
    *) echo "sanitize.sh: unknown word \"$1\"" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
[[ -n "$preset" ]] || { usage >&2; exit 2; }

# What clang 14's ThreadSanitizer knows of a process's memory ends where the kernel may choose addresses with more random
# bits than these: then it chooses none, for all that is started here.
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

# End-to-end tests that would say nothing here: the image has release programs, and a sanitized one is not static, so
# that it cannot run in a container; its memory is the sanitizer's, and its hook is too slow for 20,000 annotations.
NOT_SANITIZED=(test_daemonset test_hook_is_static test_client_is_static
  test_root_in_a_container_that_was_handed_the_socket_is_refused test_many_small_ones_are_no_better
  test_security_exhaustion.Requests)
# ThreadSanitizer has a thread of its own, which nobody confines.
[[ "$preset" != tsan ]] || NOT_SANITIZED+=(test_no_thread_has_more_than_what_the_kernel_asks_for)
# The same code in other runtimes' hands, and storms that say something of the product's speed alone.
readonly NOTHING_NEW=(test_hook_real_runtimes test_podman test_containerd test_kubelet test_demo test_overrun test_pid_reuse)
# Where more than one thread of the agent takes part.
readonly THREADED=(test_init test_peers test_bad_input test_web_config test_configuration test_observing
  test_service_manager test_sandbox test_policy test_security_socket)

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
  e2e_selection+=("${THREADED[@]}")
elif [[ -z "$whole" ]]; then
  e2e_selection+=("${NOTHING_NEW[@]/#/--without=}")
fi

quietly "$preset-configure" cmake --preset "$preset"
quietly "$preset-build" cmake --build --preset "$preset" --parallel "$jobs"
rm -f "$reports"/report.*
if [[ -z "$e2e_pattern" ]]; then
  run_ctest "$build" "$preset-unit" unit --parallel "$jobs"
  NETCLSD_SIM_LAST=${NETCLSD_SIM_LAST:-200} run_ctest "$build" "$preset-sim" sim --parallel "$jobs"
fi
if [[ -z "$unit_only" ]] && needs_root "kernel and end-to-end tests"; then
  [[ -n "$e2e_pattern" ]] || run_ctest "$build" "$preset-kernel" kernel --parallel 1
  NETCLSD_BIN_DIR=$PWD/$build/bin with_summary "$preset-e2e" tests/e2e/run.py "${e2e_selection[@]}"
fi
count_reports
finish
