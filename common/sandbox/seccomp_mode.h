// What happens to a thread that asks the kernel for something its policy does not have.
#pragma once

#include <optional>
#include <string_view>

namespace netclsd {

enum class SeccompMode {
  kKill,  // the whole process dies of SIGSYS
  kLog,   // the call is made, and the kernel writes a line to the audit log: for new kernels and C libraries
  kOff,   // nothing is installed
};

// "kill", "log", "off"
[[nodiscard]] const char* to_string(SeccompMode mode);
[[nodiscard]] std::optional<SeccompMode> parse_seccomp_mode(std::string_view text);

}  // namespace netclsd
