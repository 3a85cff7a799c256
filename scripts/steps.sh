# Shared by scripts/test.sh and scripts/sanitize.sh: steps, tests, and the sum of results. To be sourced, in bash, at the top
# of the repository, with `logs` naming a directory.
# shellcheck shell=bash disable=SC2154  # logs comes from who sources this

passed=0 failed=0 skipped=0
no_skips=
[[ "${CI:-}" == true ]] && no_skips=yes
# shellcheck disable=SC2034  # for the scripts that source this
jobs=${JOBS:-$(nproc)}
durations=()

step() { printf '\n== %s\n' "$*"; }

count() { passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3)); }

# took NAME BEGAN: for the table at the end.
took() { durations+=("$(printf '%6d  %s' $((SECONDS - $2)) "$1")"); }

finish() {
  printf '\nseconds  step\n'
  printf ' %s\n' "${durations[@]}" "$(printf '%6d  all' "$SECONDS")"
  if [[ -n "$no_skips" && $skipped -gt 0 ]]; then
    printf '\nNothing may skip here, and %s did: they count as failed.\n' "$skipped"
    failed=$((failed + skipped)) skipped=0
  fi
  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [[ $failed -eq 0 ]] && exit 0
  exit 1
}

# quietly NAME COMMAND…: its output goes to a log file, which is shown only on failure. It is a step, not a test: success
# counts nothing, failure ends the run.
quietly() {
  local name=$1 began=$SECONDS
  shift
  printf '%s ... ' "$name"
  if "$@" >"$logs/$name.log" 2>&1 </dev/null; then
    printf 'done (%d s)\n' $((SECONDS - began))
    took "$name" "$began"
    return
  fi
  took "$name" "$began"
  printf 'FAILED\n'
  tail -n 60 "$logs/$name.log"
  count 0 1 0
  finish
}

# run_gtest BUILD NAME PROGRAM: all tests of a GoogleTest program, in a few processes.
run_gtest() { with_summary "$2" scripts/run_gtest.py "$1/tests/$3" --shards "$jobs" --logs "$logs"; }

# count_summary NAME STATUS: of a test program whose last line is a summary like ours, and whose output is in its log.
count_summary() {
  local summary
  summary=$(tail -n 1 "$logs/$1.log")
  if [[ "$summary" =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}"
    if [[ $2 -ne 0 && ${BASH_REMATCH[2]} -eq 0 ]]; then count 0 1 0; fi
  else
    echo "$1 ended with $2 and without a summary"
    count 0 1 0
  fi
}

# with_summary NAME COMMAND…
with_summary() {
  local name=$1 status=0 began=$SECONDS
  shift
  "$@" 2>&1 </dev/null | tee "$logs/$name.log" || status=$?
  printf '(%s: %d s)\n' "$name" $((SECONDS - began))
  took "$name" "$began"
  count_summary "$name" "$status"
}

# run_ctest BUILD NAME LABEL [OPTIONS…]: the tests of a label, counted from ctest's JUnit report.
run_ctest() {
  local build=$1 name=$2 label=$3 status=0 numbers report began=$SECONDS
  shift 3
  report=$PWD/$logs/$name.xml
  rm -f "$report"
  ctest --test-dir "$build" -L "^$label\$" --no-tests=error --output-on-failure --output-junit "$report" "$@" \
    </dev/null >"$logs/$name.log" 2>&1 || status=$?
  took "$name" "$began"
  numbers=$(/usr/bin/python3 scripts/junit_counts.py "$report" 2>/dev/null) || numbers=
  if [[ -z "$numbers" ]]; then
    tail -n 40 "$logs/$name.log"
    echo "$name: ctest ended with $status and without a report"
    count 0 1 0
    return
  fi
  # shellcheck disable=SC2086  # three words
  set -- $numbers
  printf '%s: %d passed, %d failed, %d skipped (%d s)\n' "$name" "$1" "$2" "$3" $((SECONDS - began))
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
