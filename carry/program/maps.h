/* What the program and the carrier share: the keys and values of the maps. Plain C, for both compilers. Whoever changes
   one of them changes a map's shape: the carrier then replaces the pinned map. */
#pragma once

#include <linux/types.h>

/* NOLINTBEGIN(modernize-use-using,readability-identifier-naming): C */

/* carry_settings.flags */
enum carry_flags {
  CARRY_TO_MARK = 1,
  CARRY_TO_PRIORITY = 2,
  CARRY_WHOLE_CLASSID = 4, /* the value is the classid; else the map `values` has it */
};

/* The only entry of `settings`. */
struct carry_settings {
  __u32 flags;
  __u32 mask;  /* the bits of the mark that are ours */
  __u32 shift; /* of the value in the mark */
  __u32 unused;
};

/* `containers`, by the id of a cgroup of the unified hierarchy */
struct carry_container {
  __u32 classid;
  __u32 owner; /* the carrier's number for the container, from 1 */
};

struct carry_count_key {
  __u32 ifindex;
  __u32 owner; /* 0: not known */
  __u32 classid;
};

/* `counts`, for each CPU, and `past` */
struct carry_count {
  __u64 packets;
  __u64 bytes;
  __u64 by_fallback; /* packets whose class only the cgroup told */
};

/* The indices of `totals`, for each CPU. */
enum carry_total {
  CARRY_DIFFERING, /* packets for which socket and cgroup named different classes */
  CARRY_UNCOUNTED, /* packets for which `counts` had no room */
  CARRY_TOTALS,
};

/* NOLINTEND(modernize-use-using,readability-identifier-naming) */
