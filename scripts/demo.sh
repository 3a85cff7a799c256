#!/bin/bash
# Shows netclsd at work: a real container, put into its network class and kept there. One command, as root, on Debian.
#
#   scripts/demo.sh
#
# Builds with the preset release, unless NETCLSD_BIN_DIR names a directory with the programs.
# It uses its own socket, directories, groups and namespaces, and undoes everything at the end, also after Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

case "${1:-}" in
  "") ;;
  -h | --help) usage; exit 0 ;;
  *) echo "demo.sh: unknown option \"$1\"" >&2; exit 2 ;;
esac
if [[ $EUID -ne 0 ]]; then
  echo "demo.sh: only root can watch processes and make net_cls groups" >&2
  exit 1
fi

# All that follows runs in a mount namespace of its own: nothing else sees our mount of net_cls, and it ends with the last
# of our processes.
if [[ -z "${NETCLSD_DEMO_WORK:-}" ]]; then
  if [[ -z "${NETCLSD_BIN_DIR:-}" ]]; then
    scripts/install-deps.sh build run
    build_preset release build/demo-build.log
  fi
  NETCLSD_DEMO_WORK=$(mktemp -d /tmp/netclsd-demo.XXXXXX)
  export NETCLSD_DEMO_WORK
  exec unshare --mount --propagation private "$PWD/scripts/demo.sh"
fi

work=$NETCLSD_DEMO_WORK
bin=${NETCLSD_BIN_DIR:-$PWD/build/release/bin}
name=${work##*/}
name=${name//./-} # of the container and of our parent group: netclsd-demo-XXXXXX
net_cls=$work/net_cls
agent=

if [[ -t 1 ]]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi

title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
say() { printf '%s\n' "$@" | sed 's/^/  # /'; }
shows() { sed 's/^/    /'; }
runc_here() { runc --root "$work/runc" "$@"; }
ctl() { "$bin/netclsctl" --socket "$work/run/agent.sock" "$@"; }
in_net() { nsenter -t "$init" -n "$@"; }

clean_up() {
  trap '' INT TERM # no interruption from here on
  set +e
  runc_here delete --force "$name" >/dev/null 2>&1
  if [[ -n "$agent" ]]; then
    kill "$agent" 2>/dev/null
    wait "$agent" 2>/dev/null
  fi
  # Groups that the agent had no time to remove: the deepest first.
  find "$net_cls/$name" -depth -type d -exec rmdir {} \; 2>/dev/null
  find /sys/fs/cgroup -maxdepth 2 -depth -type d -name "$name" -exec rmdir {} \; 2>/dev/null
  umount "$net_cls" 2>/dev/null
  [[ -n "$had_hierarchy" ]] || end_hierarchy
  rm -rf "$work"
}

has_hierarchy() { grep -qE '^[0-9]+:([^:]*,)?net_cls[,:]' /proc/self/cgroup; }

# The kernel frees a removed group a moment later, and an unmounted hierarchy, too. One that was unmounted before its groups
# were freed lives on, with a line in every process's /proc/PID/cgroup, until it is mounted and unmounted once more.
end_hierarchy() {
  local try i
  for ((try = 0; try < 5; try++)); do
    for ((i = 0; i < 20; i++)); do
      has_hierarchy || return
      sleep 0.05
    done
    mount -t cgroup -o "$controllers" net_cls "$net_cls" && umount "$net_cls"
  done
}

had_hierarchy=
if has_hierarchy; then had_hierarchy=yes; fi
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

wait_for() { # wait_for WHAT COMMAND…: at most 20 s
  local what=$1 i
  shift
  for ((i = 0; i < 400; i++)); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.05
  done
  echo "demo.sh: waited in vain until $what" >&2
  tail -n 20 "$work/agent.log" >&2
  exit 1
}

mkdir -p "$net_cls" "$work/bundle/rootfs/"{bin,proc,dev}
# A hierarchy is mounted with all its controllers: many distributions keep net_prio with net_cls.
controllers=$(awk '$1 == "net_cls" { cls = $2 } $1 == "net_prio" { prio = $2 }
                   END { print (cls && cls == prio) ? "net_cls,net_prio" : "net_cls" }' /proc/cgroups)
# The mount of Debian 13 fails while a hierarchy that was mounted before is still ending.
for ((i = 0; i < 30; i++)); do
  if mount -t cgroup -o "$controllers" net_cls "$net_cls" 2>/dev/null; then break; fi
  sleep 0.1
done
mountpoint -q "$net_cls" || mount -t cgroup -o "$controllers" net_cls "$net_cls"

title "1. The agent"
# A free port.
port=9918
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
cat >"$work/config.json" <<END
{
  "socket": "$work/run/agent.sock", "state_dir": "$work/run", "listen": "127.0.0.1:$port",
  "net_cls": {"mount": "$net_cls", "parent": "$name"},
  "classes": {"gold": "10:1"}  // the class our container will ask for, by number
}
END
"$bin/netclsd" --config "$work/config.json" >"$work/agent.log" 2>&1 </dev/null &
agent=$!
is_ready() { kill -0 "$agent" && ctl status -o json | grep -q '"ready": *true'; }
wait_for "the agent is ready" is_ready
say "netclsd runs (pid $agent), receives the kernel's process events, and has examined every process once."
ctl status | shows

title "2. A container with the annotation netclsd.io/classid: 10:1"
cp "$(command -v busybox)" "$work/bundle/rootfs/bin/busybox"
for applet in sh cat sleep nslookup grep; do ln -s busybox "$work/bundle/rootfs/bin/$applet"; done
# The same hook line goes into any runtime's configuration: see docs/install.md.
hook_arguments="\"netclsd-hook\", \"--socket\", \"$work/run/agent.sock\", \"--spool\", \"$work/run/spool\""
# Of its own pid and network namespace, and with a cgroup of its own, as every container.
resources=
if [[ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]]; then resources='"resources": {},'; fi
cat >"$work/bundle/config.json" <<END
{
  "ociVersion": "1.0.2",
  "process": {"cwd": "/", "user": {"uid": 0, "gid": 0}, "env": ["PATH=/bin"],
              "args": ["sh", "-c", "cat /proc/self/cgroup; sleep 1000 & wait"]},
  "root": {"path": "rootfs"},
  "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
  "annotations": {"netclsd.io/classid": "10:1"},
  "hooks": {
    "prestart": [{"path": "$bin/netclsd-hook", "args": [$hook_arguments, "prestart"], "timeout": 10}],
    "poststop": [{"path": "$bin/netclsd-hook", "args": [$hook_arguments, "poststop"], "timeout": 10}]
  },
  "linux": {$resources "cgroupsPath": "/$name",
            "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}]}
}
END
runc_here run --detach --bundle "$work/bundle" --pid-file "$work/pid" "$name" >"$work/output" 2>&1 </dev/null || {
  cat "$work/output" >&2
  exit 1
}
init=$(cat "$work/pid")
wait_for "the container has written a line" grep -q net_cls "$work/output"
say "runc called our hook, the hook registered the container, and the agent put its first process into the class" \
  "before that ran. Its very first instruction was \`cat /proc/self/cgroup\`; the line of net_cls:"
grep net_cls "$work/output" | shows
say "The kernel's file of that group (0x100001 = 1048577 = 10:1):"
group=$(ctl show "$name" -o json | sed -n 's/.*"group": *"\([^"]*\)".*/\1/p')
printf '%s: %s\n' "$group/net_cls.classid" "$(cat "$group/net_cls.classid")" | shows

title "3. runc exec: a process that enters from outside"
runc_here exec --detach --pid-file "$work/exec.pid" "$name" sleep 1000 </dev/null >/dev/null 2>&1
entrant=$(cat "$work/exec.pid")
is_placed() { grep -q "^$entrant\$" "$group/cgroup.procs"; }
wait_for "the entrant is placed" is_placed
say "On a cgroup v2 host no runtime puts it into the class. The agent received its exec event and did:"
ctl explain "$entrant" | shows
say "For comparison, the first process:"
ctl explain "$init" | shows

title "4. Packets"
in_net ip link set lo up
table=netclsd_demo
in_net nft "add table inet $table; add chain inet $table out { type filter hook output priority 0 ; };
            add rule inet $table out meta cgroup 1048577 counter"
# The table is in the container's network namespace, and ends with it.
runc_here exec "$name" sh -c "until grep -q 'net_cls.*:/$name' /proc/self/cgroup; do :; done
                              for i in 1 2 3; do nslookup demo 127.0.0.1; done" </dev/null >/dev/null 2>&1 || true
in_net busybox nslookup demo 127.0.0.1 >/dev/null 2>&1 || true
# Nobody answers on port 53 of the container's loopback device: busybox gives up after one packet.
say "The container sent 3 UDP packets (DNS queries), and a process of the host one more in the same network namespace. The rule" \
  "counts those of class 10:1 alone:"
in_net nft list chain inet "$table" out | grep counter | shows

title "5. netclsctl"
say "list: every container that has a class. show: one of them, with its processes."
ctl list | shows
echo
ctl show "$name" | shows

title "6. The metrics that matter"
say "moves: processes put into a group, by cause. What a placed process forks is born in its group and needs no move." \
  "dropped, overruns, strays: lost events, and processes that were found outside of their group: 0 is good." \
  "move_latency: from the kernel's event to the finished move; _sum / _count is the mean in seconds."
metrics() { # from the TCP listener: it serves the probes and the metrics, and nothing else
  busybox wget -q -O - "http://127.0.0.1:$port/metrics"
}
metrics | grep -E '^netclsd_(ready|containers|processes|moves_total|events_dropped_total|overruns_total|strays_repaired_total|move_latency_seconds_(sum|count))' | shows

title "7. The end of the container"
runc_here delete --force "$name"
is_gone() { [[ ! -e "$group" ]]; }
wait_for "the group is removed" is_gone
say "Its group, its registration and its state file are gone:"
ctl list | shows
echo
say "All of this is undone now; only build/release stays on this machine."
