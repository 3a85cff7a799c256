#!/bin/bash
# A kernel that was told to refuse net_cls: agent, hook and doctor name the boot parameter, and what to do.
# shellcheck source=tests/vm/guest/lib.sh
. /netclsd/lib.sh

names_the_parameter() { # names_the_parameter WHO TEXT
  grep -q 'cgroup_no_v1=all' <<<"$2" || because "$1 does not name the parameter: $2" || return
  grep -q 'boot again' <<<"$2" || because "$1 does not say what to do: $2"
}

agent_ends() {
  local status=0 text
  configure 64MiB 1h
  text=$(timeout 20 netclsd --config /tmp/config.json 2>&1) || status=$?
  echo "$text"
  equals "its exit code" "$status" 1 || return
  names_the_parameter "its last line" "$(tail -n 1 <<<"$text")"
}

doctor_fails() {
  local status=0 text
  text=$(netclsctl doctor 2>&1) || status=$?
  echo "$text"
  equals "its exit code" "$status" 1 || return
  names_the_parameter "doctor" "$text"
}

hook_says_why() {
  local text
  make_container web 10:1 || return
  text=$(run_hook prestart created web 2>&1) || because "it ended with $?" || return
  echo "$text"
  names_the_parameter "the hook" "$text"
}

check "the agent ends, and says which boot parameter to change" agent_ends
check "\`netclsctl doctor\` fails, and says it, too" doctor_fails
check "without an agent the hook says it" hook_says_why
