#!/bin/bash
# The whole promise, on a machine of its own: the kernel tests, and then one container from its registration to its end.
# shellcheck source=tests/vm/guest/lib.sh
. /netclsd/lib.sh
# shellcheck source=tests/vm/guest/carry.sh
. /netclsd/carry.sh
readonly GOLD=0x100001

kernel_tests() {
  local line
  NETCLSD_TEST_PATIENCE=6 /netclsd/kernel_tests --gtest_color=no 2>&1 9>&- 3>&- |
    while IFS= read -r line; do printf 'gtest\t%s\n' "$line" >&3; done
}

starts() {
  configure 64MiB 1h
  start_agent
}

# It says what is wrong with this kernel, and nothing is. That no runtime has the hook is no fault here.
doctor() {
  local text
  text=$(netclsctl doctor)
  echo "$text"
  ! grep -q '^fail' <<<"$text" || because "$(grep -m 1 '^fail' <<<"$text")"
}

before_its_first_instruction() {
  make_container web 10:1 || return
  run_hook prestart created web || because "the hook ended with $?" || return
  order web go
  eventually "init has written where it is" test -s "$work/web/first" || return
  grep -q '^[0-9]*:net_cls:/netclsd/web$' "$work/web/first" || because "it was in $(paste -sd' ' "$work/web/first")" || return
  equals "the group's class" "$(cat "$groups/web/net_cls.classid")" "$((GOLD))"
}

born_in_the_class() {
  order web 'fork 20'
  eventually "init has 20 children" has_members web 21 || return
  all_in web $GOLD || because "$(outside web $GOLD | wc -l) are in no class" || return
  equals "moves at a fork" "$(metric 'moves_total{cause="fork"}')" 0
}

entrants() {
  local i before
  before=$(metric 'moves_total{cause="exec"}')
  for ((i = 0; i < 10; i++)); do enter web sleep 1000; done
  eventually "10 have entered" has_members web 31 || return
  eventually "all are in the class" all_in web $GOLD || return
  equals "moves at an exec" "$(metric 'moves_total{cause="exec"}')" $((before + 10))
}

# What the class is for: the kernel's packet filter sees it.
packets() {
  nft "add table inet t; add chain inet t out { type filter hook output priority 0; };
       add rule inet t out udp dport 9 meta cgroup $((GOLD)) counter" || because "nft ended with $?" || return
  enter web bash -c 'until grep -q net_cls:/netclsd/web /proc/self/cgroup; do :; done
                     for i in 1 2 3; do echo >/dev/udp/127.0.0.1/9; done'
  wait "$entrant"
  echo >/dev/udp/127.0.0.1/9 # of no class
  local counted
  counted=$(nft list chain inet t out | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p')
  nft delete table inet t
  equals "the packets of the class" "$counted" 3
}

killed() {
  stop_agent KILL
  enter web sleep 1000
  order web 'fork 5'
  eventually "they are there" has_members web 37 || return
  start_agent || return
  eventually "all are in the class" all_in web $GOLD || return
  equals "the containers" "$(metric containers)" 1 || return
  equals "recovered registrations" "$(metric 'registrations_total{source="recovered"}')" 1
}

# Stopped, it reads nothing: the smallest buffer overflows for certain.
lost_events() {
  stop_agent TERM
  configure 4KiB 1h
  start_agent || return
  kill -STOP "$agent"
  local i
  for ((i = 0; i < 60; i++)); do enter web sleep 1000; done
  eventually "60 have entered" has_members web 97 || { kill -CONT "$agent"; return 1; }
  kill -CONT "$agent"
  eventually "all are in the class" all_in web $GOLD || return
  rises overruns_total 0 && rises events_dropped_total 0 || because "no loss is counted" || return
  rises strays_repaired_total 0 || because "no repair is counted"
}

silence() {
  if ! silencer silence 0; then
    because "only since 6.6 may anybody unsubscribe"
    return 77
  fi
  enter web sleep 1000
  eventually "the silence is noticed" rises canary_misses_total 0 || return
  eventually "it subscribes anew" rises resubscriptions_total 0 || return
  eventually "events are heard" silencer hears || return
  eventually "the agent is ready" is_ready || return
  eventually "all are in the class" all_in web $GOLD
}

# No event tells of this one.
audit() {
  configure 64MiB 1h
  stop_agent TERM
  start_agent || return
  configure 64MiB 500ms
  kill -HUP "$agent"
  local before
  before=$(metric strays_repaired_total)
  echo "${init_of[web]}" >"$net_cls/cgroup.procs"
  eventually "a stray is repaired" rises strays_repaired_total "$before" || return
  rises 'sweeps_total{cause="audit"}' 0 || because "no audit is counted" || return
  all_in web $GOLD || because "it is in no class"
}

by_hand() {
  make_container other 10:20 || return
  netclsctl register other --pid "${init_of[other]}" --classid 10:20 || because "register ended with $?" || return
  all_in other 0x100020 || because "init is in no class" || return
  netclsctl explain "${init_of[other]}" || because "explain ended with $?" || return
  end_container other || return
  netclsctl release other || because "release ended with $?" || return
  eventually "its group is gone" test ! -e "$groups/other"
}

is_unmounted() { ! grep -q net_cls /proc/self/cgroup && ! grep -q "$net_cls" /proc/1/mountinfo; }

released() {
  end_container web || return
  run_hook poststop stopped web || because "the hook ended with $?" || return
  eventually "its group is gone" test ! -e "$groups/web" || return
  equals "the containers" "$(metric containers)" 0 || return
  equals "the state files" "$(find /run/netclsd/containers -type f)" "" || return
  eventually "net_cls is unmounted" is_unmounted || return
  stop_agent TERM
  ! grep -q 'error' "$log" || because "the log has $(grep -m 1 'error' "$log")"
}

kernel_tests
check "the agent starts and is ready" starts
check "\`netclsctl doctor\` finds no fault" doctor
check "the static hook registers a container, and init is in its class before its first instruction" before_its_first_instruction
check "what it forks is born in the class, and moved by nobody" born_in_the_class
check "entrants are placed by their exec events" entrants
check "nftables counts the packets of the class" packets
check "after \`kill -9\` and a restart all are in, also who came in between" killed
check "lost events are counted, and who was missed is found" lost_events
check "a silence that an ordinary user makes is noticed and healed" silence
check "an audit finds who was moved out by hand" audit
check "\`netclsctl register\` and \`release\`" by_hand
check_carrier
check "after the end nothing is left: no group, no state, no mount, no error in the log" released
