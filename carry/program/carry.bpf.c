/* What carries the class over the veth: at tc ingress of the host's end it reads the class of the socket that the packet
   still belongs to, and writes it to the packet's mark or priority. The packet then goes on, whatever was found.

   It needs nothing of the kernel's types (no CO-RE): only the packet's context and helpers, all in Linux 5.10. */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "maps.h"

/* TC_ACT_UNSPEC, TCX_NEXT and NETKIT_NEXT: the next program decides. */
#define NEXT (-1)
#define LEVELS_MAX 16 /* of a cgroup, below the root of its hierarchy */

/* Hash maps take memory as they grow: a node has few containers, and may have many CPUs. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct carry_settings);
} settings SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16384);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, __u64);
  __type(value, struct carry_container);
} containers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, __u32);
  __type(value, __u32);
} values SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 16384);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct carry_count_key);
  __type(value, struct carry_count);
} counts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, CARRY_TOTALS);
  __type(key, __u32);
  __type(value, __u64);
} totals SEC(".maps");

/* The carrier's alone: what was counted for containers and interfaces that are gone. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 65536);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, __u32);
  __type(value, struct carry_count);
} past SEC(".maps");

static __always_inline void add_to_total(__u32 which, __u64 packets) {
  __u64 *total = bpf_map_lookup_elem(&totals, &which);
  if (total) *total += packets;
}

/* The innermost container that the socket's cgroup is in. Most sockets are in a container's own cgroup, so that is looked
   up first. A socket without cgroup has the id 0. */
static __always_inline struct carry_container *innermost_container(struct __sk_buff *skb) {
  __u64 own = bpf_skb_cgroup_id(skb);
  if (!own) return 0;
  struct carry_container *innermost = bpf_map_lookup_elem(&containers, &own);
  if (innermost) return innermost;
#pragma unroll
  for (int level = 1; level <= LEVELS_MAX; ++level) {
    __u64 id = bpf_skb_ancestor_cgroup_id(skb, level);
    if (!id || id == own) break; /* below its own level there is none */
    struct carry_container *found = bpf_map_lookup_elem(&containers, &id);
    if (found) innermost = found;
  }
  return innermost;
}

static __always_inline void write_value(struct __sk_buff *skb, __u32 classid) {
  __u32 only = 0;
  struct carry_settings *how = bpf_map_lookup_elem(&settings, &only);
  if (!how || !classid) return;
  __u32 value = classid;
  if (!(how->flags & CARRY_WHOLE_CLASSID)) {
    __u32 *found = bpf_map_lookup_elem(&values, &classid);
    if (!found) return;
    value = *found;
  }
  if (how->flags & CARRY_TO_MARK) skb->mark = (skb->mark & ~how->mask) | ((value << (how->shift & 31)) & how->mask);
  if (how->flags & CARRY_TO_PRIORITY) skb->priority = value;
}

static __always_inline void count(struct __sk_buff *skb, __u32 owner, __u32 classid, int is_by_fallback, __u64 packets) {
  struct carry_count_key key = {.ifindex = skb->ifindex, .owner = owner, .classid = classid};
  struct carry_count *now = bpf_map_lookup_elem(&counts, &key);
  if (!now) {
    struct carry_count none = {};
    bpf_map_update_elem(&counts, &key, &none, BPF_NOEXIST);
    now = bpf_map_lookup_elem(&counts, &key); /* another CPU may have been first */
  }
  if (!now) {
    add_to_total(CARRY_UNCOUNTED, packets);
    return;
  }
  now->packets += packets;
  now->bytes += skb->len;
  if (is_by_fallback) now->by_fallback += packets;
}

SEC("tc")
int netclsd_carry(struct __sk_buff *skb) {
  __u32 classid = bpf_skb_cgroup_classid(skb);
  struct carry_container *container = innermost_container(skb);
  int is_by_fallback = !classid && container;
  __u64 packets = skb->gso_segs ? skb->gso_segs : 1; /* what leaves the node, if it is still one here */
  if (classid && container && container->classid != classid) add_to_total(CARRY_DIFFERING, packets);
  if (is_by_fallback) classid = container->classid;
  write_value(skb, classid);
  count(skb, container ? container->owner : 0, classid, is_by_fallback, packets);
  return NEXT;
}

char program_license[] SEC("license") = "Apache-2.0";
