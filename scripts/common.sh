# What the scripts share. To be sourced, in bash, at the top of the repository.
# shellcheck shell=bash

# Prints the comment at the head of the script that was started: its --help.
usage() { sed -n '2,/^set -euo/{/^set -euo/d; s/^# \{0,1\}//; p}' "scripts/${0##*/}"; }

# build_preset PRESET LOG [CMAKE OPTIONS…]: its output goes to the log, shown only if the build fails, which ends the script.
# PRESET is a build preset, or CONFIGURE:BUILD where the two have different names.
build_preset() {
  local preset=$1 log=$2 began=$SECONDS
  shift 2
  mkdir -p "$(dirname "$log")"
  printf 'Building (log: %s) ... ' "$log"
  if ! { cmake --preset "${preset%:*}" "$@" && cmake --build --preset "${preset#*:}" --parallel "${JOBS:-$(nproc)}"; } >"$log" 2>&1; then
    printf 'failed\n'
    tail -n 40 "$log" >&2
    exit 1
  fi
  printf 'done (%d s)\n' $((SECONDS - began))
}
