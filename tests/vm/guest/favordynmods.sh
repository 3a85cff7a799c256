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
  grep -q 'favordynmods.*boot again' "$work/doctor" || because "doctor does not say what to change"
}

# Its init is tests/support/storm.cpp: two workers fork without end.
make_storm() {
  mkdir /sys/fs/cgroup/storm
  mkfifo "$work/orders"
  (
    echo $BASHPID >/sys/fs/cgroup/storm/cgroup.procs
    exec storm 3>&- 9>&- <>"$work/orders"
  ) &
  init_of["storm"]=$!
  echo "go 0" >"$work/orders"
}

# At each registration they have children who are born outside and have to be moved.
chase() {
  local rounds=0 end=$((SECONDS + CHASE_S))
  make_storm
  while [[ $SECONDS -lt $end ]]; do
    netclsctl register storm --pid "${init_of["storm"]}" --classid 10:1 >/dev/null || because "register ended with $?" || return
    enter storm storm stay
    pause 0.1
    kill "$entrant"
    netclsctl release storm >/dev/null || because "release ended with $?" || return
    ((++rounds))
  done
  echo "$rounds rounds"
  fact "registrations in the middle of a storm" "$rounds"
  rises examinations_put_off_total 0 || because "nobody was put off: nothing was chased"
}

# When it is calm, those that stayed are all in the class.
all_are_placed() {
  netclsctl register storm --pid "${init_of["storm"]}" --classid 10:1 || because "register ended with $?" || return
  echo "calm" >"$work/orders"
  pause 1
  eventually "all are in the class" all_in storm $GOLD || return
  kill -0 "$agent" || because "the agent has ended"
}

check "agent, status and doctor warn" warns
check "a minute of chasing forks: children are put off, and the kernel lives" chase
check "all are placed all the same" all_are_placed
