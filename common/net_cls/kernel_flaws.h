// What in this kernel is in the way of net_cls, or dangerous with it: told by its version, its boot parameters,
// /proc/cgroups and the options of its cgroup mounts. Pure. Each text for people is one sentence: what is wrong, and
// what to change.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace netclsd {

// Why net_cls cannot be mounted; empty: nothing is in the way. `proc_cgroups` and `proc_cmdline` are the texts of
// /proc/cgroups and /proc/cmdline. The boot parameter cgroup_no_v1 is not in the former: net_cls is "enabled" there,
// and mounting it fails with EINVAL all the same (measured on 6.12). Whether iptables has its match "cgroup" tells
// nothing: since 7.2 that is built without net_cls.
[[nodiscard]] std::string what_prevents_net_cls(std::string_view proc_cgroups, std::string_view proc_cmdline);

// The values of a boot parameter, in their order; it may be given more than once. As in the kernel, "-" and "_" in the
// name are the same, and what follows "--" is for init.
[[nodiscard]] std::vector<std::string_view> boot_parameter(std::string_view proc_cmdline, std::string_view name);

// Before Linux 5.15 (in 5.10 stable: before 5.10.226) a socket holds either a classid or its cgroup v2 membership, and
// the first classid that is written decides it for the whole host (struct sock_cgroup_data). False for such a kernel.
// `release` is uname's: "5.10.0-28-amd64". std::nullopt: it is no version.
[[nodiscard]] std::optional<bool> keeps_cgroup2_matching(std::string_view release);

inline constexpr const char* kBreaksCgroup2Matching =
    "older than 5.15 (or 5.10.226): the first classid written ends cgroup v2 socket matching on the whole host "
    "(Cilium, systemd IP rules)";

// Why a process that is still being forked must not be moved; empty: it may be. Since Linux 6.18 a move takes the lock
// of the process alone where a cgroup mount has the option favordynmods, and no longer waits for the end of the fork
// (cgroup_enable_per_threadgroup_rwsem in kernel/cgroup/cgroup.c). But a fork's event is sent before the child is
// linked to its cgroups: copy_process() calls proc_fork_connector() before cgroup_post_fork(). To move it at its event
// crashes the kernel: a NULL dereference in css_set_move_task() on 7.2, in two attempts of two; 6.12 has the older
// lock, and survives. One mount with the option is enough for all hierarchies, and until the next boot: `mountinfos`
// are what the agent and pid 1 see.
[[nodiscard]] std::string what_forbids_early_moves(std::string_view release,
                                                   const std::vector<std::string_view>& mountinfos,
                                                   std::string_view proc_cmdline);

// False: whatever is mounted, this kernel does not crash so. A release that is no version is taken for a new one.
[[nodiscard]] bool may_crash_at_early_moves(std::string_view release);

// Without process events no agent can work. The kernel's build options, for texts that say so. CONFIG_PROC_EVENTS needs
// the connector built in: Raspberry Pi OS and Flatcar on arm64 have it as a module, and so no process events.
inline constexpr const char* kProcessEventOptions =
    "CONFIG_CONNECTOR=y (a module is not enough) and CONFIG_PROC_EVENTS=y";

}  // namespace netclsd
