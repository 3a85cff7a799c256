# The class on the wire: netclsd-carrier, a pod, and what the node's interface does with marks, priorities and classes.
# To be sourced after lib.sh. The node is this machine:
#
#   pod's eth0 - veth or netkit - pod0, routed --.
#   pod's eth1 - veth - pod1 ------------------- br0 - wire0, which leads nowhere
#
# What leaves by wire0 is counted by mark. Each check names what has left since the check before, and nothing else may have.
# shellcheck shell=bash disable=SC2154  # what is from lib.sh

readonly BEYOND=10.78.0.9 BEYOND6=fd78::9 # behind the wire, where nobody is
bpffs=/sys/fs/bpf/netclsd
carry_report=/run/netclsd/carry.json
carrier_log=/tmp/carrier.log
logs+=("$carrier_log" "$carry_report")
carrier=
marked=0 unmarked=0 # packets that must have left
carried=0           # packets that the carrier must have counted for the class
in_class=0          # packets that HTB must have put into 10:1

kernel_is() { # kernel_is MAJOR MINOR: or newer
  local major minor
  IFS=.- read -r major minor _ </proc/sys/kernel/osrelease
  [[ $((major * 1000 + minor)) -ge $(($1 * 1000 + $2)) ]]
}
hook=clsact
! kernel_is 6 6 || hook=tcx

# The commands of the page for the node's interface.
apply_recipes() { # apply_recipes NAME…
  local page text name commands=
  page=$(</netclsd/recipes.md)
  for name; do
    text=${page#*"<!-- recipe: $name -->"$'\n```sh\n'}
    [[ "$text" != "$page" ]] || because "the page has no recipe $name" || return
    commands+=${text%%'```'*}
  done
  bash -euc "${commands//eth0/wire0}" || because "the recipes $* ended with $?"
}

# --- the networks ---

# A bridge without an address of its own takes the lowest of its ports, and forgets its neighbours when that changes.
make_node() {
  ip -batch - <<END || because "ip ended with $?" || return
link add br0 address 02:00:00:00:00:01 type bridge
link add wire0 type dummy
link set wire0 master br0 up
link set br0 up
addr add 10.78.0.1/24 dev br0
addr add fd78::1/64 dev br0 nodad
neigh add $BEYOND lladdr 02:00:00:00:00:09 dev br0
neigh add $BEYOND6 lladdr 02:00:00:00:00:09 dev br0
END
  echo 1 >/proc/sys/net/ipv4/ip_forward
  echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
  nft -f - <<'END' || because "nft ended with $?"
table netdev wire {
  chain out {
    type filter hook egress device "wire0" priority 0;
    udp dport 4711 meta mark 0x100001 counter
    udp dport 4711 meta mark 0 counter
    udp dport 4711 counter
  }
}
END
}

make_pod() {
  # Not by the container's init: the kernel's own sockets of a network are in the cgroup of the process that made it.
  ip netns add pod || because "ip ended with $?" || return
  make_container pod 10:1 nsenter --net=/run/netns/pod || return
  eventually "the pod is in its network" test "/proc/${init_of[pod]}/ns/net" -ef /run/netns/pod || return
  run_hook prestart created pod || because "the hook ended with $?" || return
  order pod go
}

# connect_routed KIND PEER: the pod's eth0.
connect_routed() {
  ip -batch - <<END || because "ip ended with $?" || return
link add pod0 type $1
link set $2 netns pod name eth0
addr add 10.77.0.1/24 dev pod0
addr add fd77::1/64 dev pod0 nodad
link set pod0 up
END
  ip -n pod -batch - <<'END' || because "ip in the pod ended with $?"
addr add 10.77.0.2/24 dev eth0
addr add fd77::2/64 dev eth0 nodad
link set eth0 up
route add default via 10.77.0.1
route add default via fd77::1
END
}

# By eth1 the pod reaches its neighbours in IPv4 without the node.
connect_bridged() {
  ip -batch - <<END || because "ip ended with $?" || return
link add pod1 type veth peer name eth1 netns pod
link set pod1 master br0 up
END
  ip -n pod -batch - <<END || because "ip in the pod ended with $?"
addr add 10.78.0.2/24 dev eth1
link set eth1 up
neigh add $BEYOND lladdr 02:00:00:00:00:09 dev eth1
END
}

# --- what is sent, and counted ---

send() { # send COUNT ADDRESS: by the pod's init
  order pod "send $1 $2"
  read -rt 60 <>"$work/pod/answers" || because "the pod's init does not answer" || return
  ((carried += $1))
}
# enter_and_send CONTAINER COUNT [WHEN]: by a process that comes in from outside, and sends when the function WHEN has ended.
enter_and_send() {
  local network=()
  [[ $1 != pod ]] || network=(nsenter --net=/run/netns/pod)
  enter "$1" "${network[@]}" bash -c "$(declare -f send_packets ${3:+"$3"}); ${3:+$3 $1;} send_packets $2 $BEYOND"
  wait "$entrant" || because "who entered ended with $?"
}
# Without a process for each look.
be_placed() {
  local paths
  until [[ "${paths[*]}" == *net_cls:/netclsd/"$1"* ]]; do mapfile -t paths </proc/self/cgroup; done
}

# numbers_of TEXT PATTERN: the numbers that the pattern's first group finds, each in the text that the second one left.
numbers_of() {
  local text=$1
  numbers=
  while [[ "$text" =~ $2 ]]; do
    numbers+="${BASH_REMATCH[1]} "
    text=${BASH_REMATCH[2]}
  done
}
have_left() {
  numbers_of "$(nft list chain netdev wire out)" 'counter packets ([0-9]+)(.*)'
  [[ "$numbers" == "$marked $unmarked $((marked + unmarked)) " ]]
}
leave() { # leave MARKED UNMARKED
  ((marked += $1, unmarked += $2))
  eventually "$marked marked packets and $unmarked others have left" have_left || because_of_numbers
}
are_in_class() {
  numbers_of "$(tc -s class show dev wire0)" 'class htb 10:1 [^S]*Sent [0-9]+ bytes ([0-9]+) pkt(.*)'
  [[ "$numbers" == "$in_class " ]]
}
enter_class() { # enter_class COUNT: of HTB
  ((in_class += $1))
  eventually "$in_class packets are in class 10:1" are_in_class || because_of_numbers
}
# What the carrier has counted for the class, now and of the past.
are_counted() { # are_counted BY_FALLBACK
  local report=() number sum=0
  mapfile -t report <"$carry_report"
  numbers_of "${report[0]}" '"classid":1048577,"packets":([0-9]+)(,.*)'
  for number in $numbers; do ((sum += number)); done
  numbers_of "${report[0]}" '"classid":1048577,"packets":[0-9]+,"bytes":[0-9]+,"by_fallback":([0-9]+)(.*)'
  [[ $sum -eq $carried && $((${numbers// /+}0)) -eq $1 ]]
}
because_of_numbers() {
  problem+=", but $numbers"
  return 1
}

# --- the carrier ---

start_carrier() {
  netclsd-carrier --config /tmp/config.json >>"$carrier_log" 2>&1 3>&- 9>&- &
  carrier=$!
  eventually "the carrier reports" reports "\"pid\":$carrier,"
}
reports() { # reports TEXT
  local report=()
  [[ ! -e "$carry_report" ]] || mapfile -t report <"$carry_report"
  [[ "${report[0]}" == *"$1"* ]]
}
# What the kernel has there: a link, which its pin keeps, or a filter.
has_carrier() { # has_carrier INTERFACE
  local index
  read -r index <"/sys/class/net/$1/ifindex"
  case $hook in
    tcx) [[ -e "$bpffs/links/$index" ]] ;;
    clsact) [[ "$(tc filter show dev "$1" ingress)" == *" pref 1 bpf "*netclsd_carry* ]] ;;
  esac
}

# Its interface comes after it.
at_the_kernels_hook() {
  configure 64MiB 1h '{"to": "mark"}'
  kill -HUP "$agent"
  make_node && make_pod || return
  start_carrier || return
  connect_routed "veth peer name peer0" peer0 || return
  eventually "the pod's interface has a carrier" has_carrier pod0 || return
  reports "\"kernel\":\"$hook\"" || because "it does not report $hook"
}

all_are_marked() {
  send 30 $BEYOND && send 20 $BEYOND6 && enter_and_send pod 10 be_placed || return
  ((carried += 10))
  leave 60 0
}

before_they_are_placed() {
  kill -STOP "$agent"
  enter_and_send pod 25
  kill -CONT "$agent"
  [[ -z "$problem" ]] || return
  ((carried += 25))
  leave 25 0 || return
  eventually "$carried packets are counted, 25 of them by the fallback" are_counted 25
}

while_it_is_killed() {
  kill -KILL "$carrier"
  wait "$carrier" 2>/dev/null
  send 15 $BEYOND || return
  leave 15 0 || return
  start_carrier || return
  are_counted 25 || because "the first report has not all $carried packets"
}

# Debian 12's ip does not know netkit, and needs not as long as nothing but the kind is said. The kernel names the peer.
netkit() {
  if ! kernel_is 6 7; then
    because "only since 6.7 is there netkit"
    return 77
  fi
  ip link del pod0
  connect_routed netkit nk0 || return
  eventually "netkit has a carrier" has_carrier pod0 || return
  send 20 $BEYOND && send 10 $BEYOND6 || return
  leave 30 0 || return
  eventually "it is at netkit's own hook" reports '"how":"netkit"'
}

by_the_fw_filter() {
  apply_recipes htb htb-by-fw || return
  send 12 $BEYOND && send 8 $BEYOND6 || return
  leave 20 0 && enter_class 20
}

of_the_hosts_network() {
  apply_recipes host-cls-cgroup || return
  enter_and_send web 15 be_placed || return
  leave 0 15 && enter_class 15
}

by_priority() {
  tc filter del dev wire0 parent 10: || because "tc ended with $?" || return
  configure 64MiB 1h '{"to": "priority"}'
  kill -HUP "$carrier"
  eventually "the carrier has read its configuration" grep -q 'carrying.*to_priority.*true' "$carrier_log" || return
  apply_recipes htb-by-priority || return
  send 14 $BEYOND && send 11 $BEYOND6 || return
  connect_bridged || return
  eventually "the bridge's port has a carrier" has_carrier pod1 || return
  send 13 $BEYOND || return
  leave 0 38 && enter_class 38
}

# --- two classes that send more than they may ---

# add_sender NAME CLASSID: another container of the pod. Its first packets have its class by its cgroup.
add_sender() {
  make_container "$1" "$2" nsenter --net=/run/netns/pod || return
  run_hook prestart created "$1" || because "the hook ended with $?" || return
  order "$1" go
  enter "$1" nsenter --net=/run/netns/pod udp_tool flood 4712 $BEYOND
}
# read_class CLASS: how many bytes HTB has sent of it, what waits there, and when that was (µs)
read_class() {
  local text
  text=$(tc -s class show dev wire0)
  now=${EPOCHREALTIME/[.,]/}
  [[ "$text" =~ class\ htb\ $1\ [^S]*Sent\ ([0-9]+)\ bytes[^b]*backlog\ [0-9]+K?b\ ([0-9]+)p ]] || because "no class $1: $text" || return
  sent=${BASH_REMATCH[1]} waiting=${BASH_REMATCH[2]}
}
# Whether the class sends as many kbit/s as it may, within 10 %, while more of it waits.
has_rate() { # has_rate CLASS KBIT
  local sent waiting now began before rate
  read_class "$1" || return
  before=$sent began=$now
  [[ $waiting -gt 0 ]] || return
  pause 2
  read_class "$1" || return
  rate=$(((sent - before) * 8000 / (now - began)))
  numbers="$1: $rate kbit/s"
  echo "$numbers, $waiting wait"
  [[ $waiting -gt 0 && $rate -ge $(($2 * 9 / 10)) && $rate -le $(($2 * 11 / 10)) ]]
}
# HTB makes up for what it is late, up to the burst: an emulated processor is often late by some packets.
keep_their_rates() {
  tc class change dev wire0 parent 10:ffff classid 10:20 htb rate 8mbit ceil 8mbit burst 64k cburst 64k &&
    tc class add dev wire0 parent 10:ffff classid 10:40 htb rate 2mbit ceil 2mbit burst 64k cburst 64k ||
    because "tc ended with $?" || return
  add_sender bulk 10:20 && add_sender slow 10:40 || return
  pause 1 # until the bursts are used up
  eventually "10:20 has 8 Mbit/s" has_rate 10:20 8000 || because_of_numbers || return
  eventually "10:40 has 2 Mbit/s" has_rate 10:40 2000 || because_of_numbers || return
  local each
  for each in bulk slow; do
    end_container "$each" || return
    run_hook poststop stopped "$each" || because "the hook ended with $?" || return
  done
}

nothing_is_left() {
  kill -TERM "$carrier"
  wait "$carrier" || because "the carrier ended with $?" || return
  are_counted 25 || because "the last report has not all $carried packets" || return
  send 9 $BEYOND || return
  leave 0 9 && enter_class 9 || return
  netclsd-carrier --config /tmp/config.json --clean-up >>"$carrier_log" 2>&1 || because "--clean-up ended with $?" || return
  send 7 $BEYOND && send 6 $BEYOND6 || return
  leave 0 13 && enter_class 0 || return
  [[ "$(tc qdisc show)" != *clsact* ]] || because "there is a qdisc clsact" || return
  [[ ! -e "$bpffs" && ! -e "$carry_report" ]] || because "there are pins, or a report" || return
  ! grep -E 'error|warning' "$carrier_log" || because "the carrier has complained" || return
  end_container pod || return
  ip netns delete pod
  run_hook poststop stopped pod || because "the hook ended with $?" || return
  eventually "its group is gone" test ! -e "$groups/pod"
}

check_carrier() {
  check "the carrier finds the pod's interface, and is at tcx, before Linux 6.6 at clsact" at_the_kernels_hook
  check "every packet of the pod leaves the node with its class as mark, over IPv4 and IPv6" all_are_marked
  check "so do those of an entrant that was not placed yet, by its cgroup" before_they_are_placed
  check "\`kill -9\` of the carrier loses no mark and no count" while_it_is_killed
  check "the carrier is at netkit's own hook" netkit
  check "HTB's class by the \`fw\` filter" by_the_fw_filter
  check "HTB's class by \`cls_cgroup\`, for a process of the host's network" of_the_hosts_network
  check "HTB's class by priority without a filter: routed IPv4 and IPv6, bridged" by_priority
  check "two classes send at once, and HTB keeps each at its rate within 10 %" keep_their_rates
  check "what the carrier has attached stays when it ends, and nothing is left after \`--clean-up\`" nothing_is_left
}
