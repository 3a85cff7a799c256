// What a kernel's version means for net_cls. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace netclsd {

// Before 5.15 (5.10 stable: before 5.10.226) a socket holds either a classid or its cgroup v2 membership, and the first
// classid written decides it for the whole host. `release` is uname's: "5.10.0-28-amd64". std::nullopt: not understood.
[[nodiscard]] std::optional<bool> keeps_cgroup2_matching(std::string_view release);

inline constexpr const char* kBreaksCgroup2Matching =
    "older than 5.15 (or 5.10.226): the first classid written ends cgroup v2 socket matching on the whole host "
    "(Cilium, "
    "systemd IP rules)";

}  // namespace netclsd
