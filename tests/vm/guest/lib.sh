# What the scripts of the machines share. To be sourced, in bash.
#
# Results go to descriptor 3, one a line, words separated by tabs:
#   result VERDICT SECONDS NAME TEXT    VERDICT is passed, failed or skipped
#   fact NAME VALUE
# shellcheck shell=bash disable=SC2034  # groups and entrant are for them

net_cls=/run/netclsd/net_cls
groups=$net_cls/netclsd
work=/tmp/work
log=/tmp/agent.log
logs=("$log") # shown when a check has failed
problem=
agent=
declare -A init_of
mkdir -p "$work"
mkfifo "$work/never"
exec 9<>"$work/never" # nobody writes to it: to wait without a process

# check NAME FUNCTION: it fails with 1, and says why by `because`; 77: it cannot run here.
check() {
  local name=$1 began=$EPOCHREALTIME status=0 verdict seconds
  problem=
  "$2" || status=$?
  case $status in 0) verdict=passed ;; 77) verdict=skipped ;; *) verdict=failed ;; esac
  seconds=$(((${EPOCHREALTIME/./} - ${began/./}) / 1000))
  printf 'result\t%s\t%d.%03d\t%s\t%s\n' "$verdict" $((seconds / 1000)) $((seconds % 1000)) "$name" "$problem" >&3
  [[ $verdict != failed ]] || { echo "FAILED: $name: $problem" && tail -n 15 "${logs[@]}"; }
}
because() {
  problem=${problem:-$*}
  return 1
}
fact() { printf 'fact\t%s\t%s\n' "$1" "$2" >&3; }

pause() { read -rt "$1" -u 9 || true; } # seconds
# eventually WHAT COMMAND…: within a minute. A busy computer emulates a slow one.
eventually() {
  local what=$1 end=$((SECONDS + 60))
  shift
  until "$@"; do
    [[ $SECONDS -lt $end ]] || { because "waited in vain until $what"; return 1; }
    pause 0.1
  done
}
# equals WHAT IS SHOULD
equals() { [[ "$2" == "$3" ]] || because "$1 is \"$2\", not \"$3\""; }

# The agent. configure RECEIVE_BUFFER AUDIT_INTERVAL [CARRY], in JSON
configure() {
  cat >/tmp/config.json <<END
{"receive_buffer": "$1", "audit_interval": "$2", "classes": {"gold": "10:1"}, "log": {"level": "debug"}, "carry": ${3:-null}}
END
}
is_ready() { netclsctl status -o json 2>/dev/null | grep -q '"ready": *true'; }
start_agent() {
  netclsd --config /tmp/config.json >>"$log" 2>&1 3>&- 9>&- &
  agent=$!
  eventually "the agent is ready" is_ready
}
stop_agent() { # stop_agent SIGNAL
  kill "-$1" "$agent"
  wait "$agent" 2>/dev/null
}
metrics() { wget -q -O - http://127.0.0.1:9917/metrics; }
metric() { metrics | awk -v name="netclsd_$1" '$1 == name { print $2 }'; }
rises() { [[ "$(metric "$1")" -gt "$2" ]]; } # rises METRIC ABOVE

# Containers. Init is in its cgroup, and waits as runc's does until the hooks have run.
make_container() { # make_container NAME CLASSID [LAUNCHER…]
  mkdir -p "$work/$1" "/sys/fs/cgroup/$1"
  mkfifo "$work/$1/orders" "$work/$1/answers"
  (
    echo $BASHPID >"/sys/fs/cgroup/$1/cgroup.procs"
    exec 3>&- 9>&- 8<>"$work/$1/orders"
    [[ $# -le 2 ]] || exec "${@:3}" bash -c "$(declare -p work; declare -f be_init send_packets); be_init $1"
    be_init "$1"
  ) &
  init_of[$1]=$!
  echo "{\"ociVersion\": \"1.0.2\", \"annotations\": {\"netclsd.io/classid\": \"$2\"}, \"linux\": {\"cgroupsPath\": \"/$1\"}}" \
    >"$work/$1/config.json"
  eventually "init of $1 is in its cgroup" grep -q "^${init_of[$1]}\$" "/sys/fs/cgroup/$1/cgroup.procs"
}
# Its first instruction reads where it is, without a fork. Then it does as it is told: fork COUNT, or send COUNT ADDRESS.
be_init() {
  local first what count address
  read -ru 8 _
  mapfile -t first </proc/self/cgroup
  printf '%s\n' "${first[@]}" >"$work/$1/first"
  while read -ru 8 what count address; do
    case $what in
      fork) for ((; count > 0; count--)); do sleep 1000 8>&- & done ;;
      send) send_packets "$count" "$address" && echo "$count" >"$work/$1/answers" ;;
    esac
  done
}
order() { echo "$2" >"$work/$1/orders"; } # order CONTAINER ORDER
# send_packets COUNT ADDRESS: UDP, by one socket. No process for each.
send_packets() {
  local i
  exec 7>"/dev/udp/$2/4711"
  for ((i = 0; i < $1; i++)); do printf x >&7; done
  exec 7>&-
}
run_hook() { # run_hook STAGE STATUS CONTAINER
  netclsd-hook --timeout 20s "$1" <<<"{\"ociVersion\": \"1.0.2\", \"id\": \"$3\", \"status\": \"$2\", \"pid\": ${init_of[$3]}, \"bundle\": \"$work/$3\"}"
}
# enter CONTAINER COMMAND…: a process that comes in from outside. `entrant` is its pid.
enter() {
  local container=$1
  shift
  (
    echo $BASHPID >"/sys/fs/cgroup/$container/cgroup.procs"
    exec "$@" 3>&- 9>&-
  ) &
  entrant=$!
}
members() { cat "/sys/fs/cgroup/$1/cgroup.procs"; }
has_members() { [[ $(members "$1" | wc -l) -eq $2 ]]; } # has_members CONTAINER COUNT
end_container() {
  local pid
  for pid in $(members "$1"); do kill -KILL "$pid"; done
  eventually "all of $1 have ended" has_members "$1" 0
}

# What the kernel says: pids of a container that are not in a group with this class. Without a process: there are many pids.
outside() { # outside CONTAINER CLASSID
  local pid number controllers path classid
  while read -r pid; do
    classid='' path=''
    while IFS=: read -r number controllers path; do [[ ",$controllers," != *,net_cls,* ]] || break; done <"/proc/$pid/cgroup"
    [[ -z "$path" ]] || read -r classid <"$net_cls$path/net_cls.classid"
    [[ "$classid" == "$(($2))" ]] || echo "$pid"
  done <"/sys/fs/cgroup/$1/cgroup.procs"
} 2>/dev/null
all_in() { [[ -z "$(outside "$1" "$2")" ]]; }
