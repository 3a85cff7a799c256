// Whether there is seccomp to be had.
#pragma once

namespace netclsd {

// With the action that ends the whole process (Linux 4.14).
[[nodiscard]] bool has_seccomp_filters();

}  // namespace netclsd
