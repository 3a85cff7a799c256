# What runs beside the tests that use this machine: builds, and tests that only compute. To be sourced after steps.sh.
#
# Tests wait more than they compute: these jobs have the processors then, and delay nobody. They run in lanes: one job of a
# lane after the other, the lanes side by side, since a build that links, or installs packages, keeps one processor busy. They are
# SCHED_IDLE, since whatever wakes up takes the processor from such at once; from a process that is only nice it does not,
# and tests that sleep and wake often took twice as long. They have a process group of their own, to be ended with, but no
# session: the kernel shares out the processors by session first (sched_autogroup), whatever their class.
# shellcheck shell=bash disable=SC2154  # logs comes from who sources this

beside_names=() beside_commands=() beside_lanes=() beside_lane=0 beside_group=

# lane: the jobs that are added from here on do not wait for those before.
lane() { beside_lane=$((beside_lane + 1)); }

# beside NAME COMMAND…: adds a job. What is needed first is added first.
beside() {
  beside_names+=("$1")
  shift
  beside_commands+=("$(printf '%q ' "$@")")
  beside_lanes+=("$beside_lane")
}

# run_lane LANE. A job's result is in a file NAME.ended: its exit code, how many seconds it took, and how many of a processor.
run_lane() {
  local index name began status
  for index in "${!beside_names[@]}"; do
    [[ ${beside_lanes[index]} -eq $1 ]] || continue
    name=${beside_names[index]} began=$SECONDS status=0
    times >"$logs/$name.times"
    eval "${beside_commands[index]}" >"$logs/$name.log" 2>&1 </dev/null || status=$?
    times >>"$logs/$name.times"
    echo "$status $((SECONDS - began)) $(processor_seconds "$logs/$name.times")" >"$logs/$name.ending"
    mv "$logs/$name.ending" "$logs/$name.ended"
  done
}

# Between two outputs of `times`, whose second lines are of all that the shell has waited for.
processor_seconds() {
  awk 'NR % 2 == 0 { gsub(/[ms]/, " "); used = $1 * 60 + $2 + $3 * 60 + $4 - used } END { print int(used) }' "$1"
}

run_jobs() {
  local number
  set +m  # the lanes are of this process group
  chrt --idle --pid 0 "$BASHPID"
  for ((number = 0; number <= beside_lane; number++)); do run_lane "$number" & done
  wait
}

begin_beside() {
  [[ ${#beside_names[@]} -gt 0 ]] || return 0
  rm -f "$logs"/*.ended
  set -m
  run_jobs &
  beside_group=$!
  set +m
  trap 'kill -- "-$beside_group" 2>/dev/null || true' EXIT
}

# Waits for a job, then `job_status`, `job_seconds` and `job_processor_seconds` tell of it.
await_job() {
  until [[ -e "$logs/$1.ended" ]]; do
    kill -0 "$beside_group" 2>/dev/null || [[ -e "$logs/$1.ended" ]] || echo "1 0 0" >"$logs/$1.ended"
    sleep 0.2
  done
  read -r job_status job_seconds job_processor_seconds <"$logs/$1.ended"
}

# built NAME: a job that is a step, like `quietly`: success counts nothing, failure ends the run.
built() {
  local began=$SECONDS
  printf '%s ... ' "$1"
  await_job "$1"
  took "$1, beside the tests ($job_processor_seconds of a processor)" $((SECONDS - job_seconds))
  took "waited for $1" "$began"
  if [[ $job_status -eq 0 ]]; then
    printf 'done (beside the tests in %d s; waited %d s)\n' "$job_seconds" $((SECONDS - began))
    return
  fi
  printf 'FAILED\n'
  tail -n 60 "$logs/$1.log"
  count 0 1 0
  finish
}

# tested NAME: a job that is a test program, like `with_summary`.
tested() {
  local began=$SECONDS
  await_job "$1"
  cat "$logs/$1.log"
  printf '(%s: %d s, beside other tests)\n' "$1" "$job_seconds"
  took "$1, beside the tests ($job_processor_seconds of a processor)" $((SECONDS - job_seconds))
  took "waited for $1" "$began"
  count_summary "$1" "$job_status"
}
