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

# In CI some work is done in thirds, and the commit decides which: prints 0, 1 or 2. Elsewhere it prints nothing, and all is
# done.
ci_turn() { [[ "${CI:-}" != true ]] || echo $((16#$(git rev-parse --short=6 HEAD 2>/dev/null || echo 0) % 3)); }

# The mirror from which this machine's apt gets Debian.
debian_mirror() {
  # shellcheck disable=SC2016  # apt's own placeholder
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' 'Label: Debian' | head -n 1
}

# run_debootstrap SUITE DIRECTORY [ARCHITECTURE], from that mirror and through the proxy that apt uses, too. debootstrap itself reads nothing
# of apt's configuration. A suite that is newer than it is made like sid.
run_debootstrap() {
  local suite=$1 directory=$2 proxy='' from script=()
  from=$(debian_mirror)
  [[ -n "$from" ]] || { echo "${0##*/}: apt knows no mirror of Debian (apt-get update?)" >&2; return 1; }
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  [[ -e "/usr/share/debootstrap/scripts/$suite" ]] || script=(/usr/share/debootstrap/scripts/sid)
  ${proxy:+env "http_proxy=$proxy" "https_proxy=$proxy"} \
    debootstrap --variant=minbase ${3:+"--arch=$3"} "$suite" "$directory" "$from" "${script[@]}" || return 1
  rm -rf "$directory"/var/lib/apt/lists/* "$directory"/var/cache/apt/archives/*.deb "$directory"/var/log/*
  # As in Debian's own image: nothing needs to be on the disk before the layer is.
  echo force-unsafe-io >"$directory/etc/dpkg/dpkg.cfg.d/docker-apt-speedup"
}
