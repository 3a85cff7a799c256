#!/bin/bash
# A node on which a process that is moved at its fork event crashes the kernel, and containers that fork without end.
# What crashes is seen by qemu's end, and on the console.
# shellcheck source=tests/vm/guest/lib.sh
. /netclsd/lib.sh
readonly GOLD=0x100001 CHASE_S=60

warns() {
  configure 64MiB 1h
  start_agent || return
  grep -q early_moves_forbidden "$log" || because "the log has no early_moves_forbidden" || return
  equals "netclsd_early_moves_forbidden" "$(metric early_moves_forbidden)" 1 || return
  netclsctl status -o json | grep -A 3 kernel_warnings | grep -q favordynmods || because "the status has no warning" || return
  netclsctl doctor >"$work/doctor"
  cat "$work/doctor"
  grep -A 1 'warn  favordynmods' "$work/doctor" | grep -q 'boot again' || because "doctor does not say what to change"
}

# An entrant that forks at once (tests/support/storm.cpp): until it is placed, its children are born outside, and must be
# moved. After the one order it ends, its two workers go on.
enter_storm() {
  (
    echo $BASHPID >/sys/fs/cgroup/web/in/cgroup.procs
    exec storm 3>&- 9>&- <<<"go 0"
  ) &
}

chase() {
  local entered=0 end=$((SECONDS + CHASE_S)) i
  make_container web 10:1 || return
  run_hook prestart created web || because "the hook ended with $?" || return
  order web go
  mkdir /sys/fs/cgroup/web/in
  while [[ $SECONDS -lt $end ]]; do
    for ((i = 0; i < 3; i++)); do enter_storm; done
    pause 0.3
    eventually "they are killed" are_killed || return
    ((entered += 3))
  done
  echo "$entered entrants, $(metric 'events_total{event="fork"}') forks, moved: $(metrics | grep moves_total | paste -sd' ')"
  rises examinations_put_off_total 0 || because "nobody was put off: nothing was chased"
}
# Again and again: one that is late enters afterwards.
are_killed() { echo 1 >/sys/fs/cgroup/web/in/cgroup.kill && grep -q '^populated 0' /sys/fs/cgroup/web/in/cgroup.events; }

# A worker has no argument, who stays has. Kills the others.
is_calm() {
  local pid is_calm=0
  members web/in >"$work/members"
  while read -r pid; do
    [[ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" == "storm stay " ]] && continue
    kill -KILL "$pid"
    is_calm=1
  done <"$work/members"
  return $is_calm
}

# Those of the last storm that stayed.
all_are_placed() {
  local i
  for ((i = 0; i < 3; i++)); do enter_storm; done
  pause 1
  eventually "the storm is over" is_calm || return
  [[ -n "$(members web/in)" ]] || because "nobody stayed" || return
  eventually "all are in the class" all_in web/in $GOLD || return
  kill -0 "$agent" || because "the agent has ended"
}

check "agent, status and doctor warn" warns
check "a minute of chasing forks: children are put off, and the kernel lives" chase
check "all are placed all the same" all_are_placed
