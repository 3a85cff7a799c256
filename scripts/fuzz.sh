#!/bin/bash
# Feeds hostile input to every parser: libFuzzer with the sanitizers (docs/fuzzing.md).
#
#   scripts/fuzz.sh [--seconds N] [--jobs N] [--seed N] [--build-only] [--list] [--help] [TARGET…]
#
#   --seconds N   time for all targets together (default 60); 0: only the seeds, each once
#   --jobs N      how many processes at a time (default: one for each core)
#   --seed N      seed of the fuzzer's random numbers (default: from the clock; it is printed)
#   --build-only  runs nothing
#   --list        names the targets, with the longest input of each and why
#   TARGET        only these; by default all
#
# Builds the fuzz targets of the preset asan (build/asan). Failing inputs stay in build/fuzz/crashes, and the command that
# reproduces each is printed. Inputs that reached new code stay in build/fuzz/grown, and the next run begins with them. The last line is
# `N passed, N failed, N skipped`; the exit code is 1 if a target failed, 2 for wrong usage.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

wrong_usage() { echo "fuzz.sh: $1" >&2; usage >&2; exit 2; }

limits=tests/fuzz/limits.txt
build=build/fuzz programs=build/asan/bin
# A target takes microseconds for an input; one that takes seconds, or a gigabyte, is a fault.
timeout_s=5
memory_max_mib=1024

known_targets() { awk '!/^#/ && NF {print $1}' "$limits"; }
max_len_of() { awk -v name="$1" '$1 == name {print $2}' "$limits"; }

seconds=60 jobs=${JOBS:-$(nproc)} seed="" build_only="" targets=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --seconds | --jobs | --seed)
      [[ "${2:-}" =~ ^[0-9]{1,9}$ ]] || wrong_usage "$1 takes a number"
      printf -v "${1#--}" '%d' "$((10#$2))"
      shift ;;
    --build-only) build_only=yes ;;
    --list) grep -v '^#' "$limits"; exit 0 ;;
    -h | --help) usage; exit 0 ;;
    -*) wrong_usage "unknown option \"$1\"" ;;
    *) [[ -n "$(max_len_of "$1")" ]] || wrong_usage "unknown target \"$1\"; --list names them"; targets+=("$1") ;;
  esac
  shift
done
[[ $jobs -ge 1 ]] || wrong_usage "--jobs takes a number from 1"
[[ ${#targets[@]} -gt 0 ]] || mapfile -t targets < <(known_targets)
: "${seed:=$(($(date +%s) % 1000000 + 1))}"

# The seeds of a target; those in hex, with comments, become bytes.
unpack_seeds() {
  local from=tests/fuzz/corpus/$1 to=$build/seeds/$1 file
  rm -rf "$to"
  mkdir -p "$to"
  for file in "$from"/*; do
    case "$file" in
      *.hex) perl -ne 's/#.*//; s/\s//g; print pack("H*", $_)' "$file" >"$to/$(basename "$file" .hex)" ;;
      *) cp "$file" "$to" ;;
    esac
  done
}

# run NAME ARGUMENTS…
run() {
  local name=$1
  shift
  "$programs/${name}_fuzz" -timeout="$timeout_s" -rss_limit_mb="$memory_max_mib" -max_len="$(max_len_of "$name")" \
    -artifact_prefix="$build/crashes/$name-" "$@"
}

fuzz_target() {
  local name=$1 share=$2 dictionary=tests/fuzz/dictionaries/$1.dict log=$build/logs/$1.log
  local grown=$build/grown/$name options=()
  mkdir -p "$grown" "$build/crashes" "$build/logs"
  unpack_seeds "$name"
  run "$name" "$build/seeds/$name"/* >"$log" 2>&1 || return 1
  [[ $share -gt 0 ]] || return 0
  [[ ! -e "$dictionary" ]] || options+=(-dict="$dictionary")
  run "$name" -seed="$seed" -max_total_time="$share" -print_final_stats=1 "${options[@]}" \
    "$grown" "$build/seeds/$name" >>"$log" 2>&1
}

# "#1234 DONE cov: 56 ft: 78 corp: 9/1Kb …": one field of the last such line.
last_of() { grep -aoE "$2 +[0-9]+" "$build/logs/$1.log" | tail -n 1 | grep -oE '[0-9]+$' || echo -; }
seeds_of() { find "tests/fuzz/corpus/$1" -type f | wc -l; }

report() {
  local name=$1 status=$2
  if [[ $status -eq 0 ]]; then
    printf '%-18s %6d %12s %10s %7s %7s %7s\n' "$name" "$(seeds_of "$name")" \
      "$(last_of "$name" 'stat::number_of_executed_units:')" "$(last_of "$name" 'stat::average_exec_per_sec:')" \
      "$(last_of "$name" 'cov:')" "$(last_of "$name" 'ft:')" "$(last_of "$name" 'corp:')"
    return
  fi
  printf '%-18s FAILED, log: %s\n' "$name" "$build/logs/$name.log"
  grep -aE 'ERROR:|runtime error:|netclsd: bug:' "$build/logs/$name.log" | head -n 5 | sed 's/^/    /' || true
  printf '    again: %s\n' "$programs/${name}_fuzz $(input_of "$name")"
}

# The input that failed: the file that the fuzzer wrote, or the seed that it was running.
input_of() {
  local log=$build/logs/$1.log
  sed -n 's/^artifact_prefix=.*Test unit written to //p' "$log" | tail -n 1 | grep . ||
    sed -n 's/^Running: //p' "$log" | tail -n 1
}

scripts/install-deps.sh build fuzz
build_preset asan:fuzz $build/build.log
[[ -z "$build_only" ]] || exit 0
rounds=$(((${#targets[@]} + jobs - 1) / jobs))  # the last one may have idle places
share=$((seconds / rounds))
[[ $seconds -eq 0 || $share -gt 0 ]] || share=1
printf '%d targets, %d s each, %d at a time, seed %d\n' "${#targets[@]}" "$share" "$jobs" "$seed"

export UBSAN_OPTIONS=print_stacktrace=1
statuses=$(mktemp -d)
trap 'rm -rf "$statuses"; jobs -p | xargs -r kill 2>/dev/null || true' EXIT
for name in "${targets[@]}"; do
  while [[ $(jobs -rp | wc -l) -ge $jobs ]]; do wait -n || true; done
  { if fuzz_target "$name" "$share"; then echo 0; else echo 1; fi >"$statuses/$name"; } &
done
wait

passed=0 failed=0
printf '%-18s %6s %12s %10s %7s %7s %7s\n' target seeds executions each_s edges states corpus
for name in "${targets[@]}"; do
  status=$(cat "$statuses/$name")
  report "$name" "$status"
  if [[ $status -eq 0 ]]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[[ $failed -eq 0 ]]
