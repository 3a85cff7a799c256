// What depends on a container runtime's version. Pure.
#pragma once

#include <string_view>

namespace netclsd {

// Before 1.7.16 containerd can lock up when an NRI plugin registers while a container starts. "v1.7.15~ds1": yes. False
// for what is no version.
[[nodiscard]] bool is_too_old_for_nri(std::string_view containerd_version);

}  // namespace netclsd
