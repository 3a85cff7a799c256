// A compiled policy: a program of classic BPF that the kernel runs before each system call. All that the static hook
// needs; seccomp_policy.h makes them.
#pragma once

#include <linux/filter.h>

#include <cerrno>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace netclsd {

// Placeholder in a filter for the id of the process that enforces it, which a filter made at build time cannot know. No
// process has this id: the kernel's largest is 4194304.
inline constexpr int kItself = 0x7e7c'1550;

using SeccompFilter = std::vector<sock_filter>;

// This kernel has seccomp filters, with the action that ends the whole process (CONFIG_SECCOMP_FILTER, Linux 4.14).
[[nodiscard]] bool has_seccomp_filters();

// Sets no_new_privs and installs `filter` for the calling thread, for ever, and for all threads and processes that it
// makes later. Other threads are not affected. kUnavailable: this kernel has no seccomp filters; nothing was changed.
[[nodiscard]] Result<void> enforce(const SeccompFilter& filter);

// What happens when a thread makes a system call that its policy does not allow.
enum class SeccompMode {
  kKill,    // the whole process dies of SIGSYS
  kRefuse,  // the call fails with kRefusedErrno; only the hook has this mode
  kLog,     // the call is made, and the kernel writes a line to the audit log: for new kernels and C libraries
  kOff,     // nothing is installed
};

// The C library takes ENOSYS for an older kernel and falls back where it can. No other call of the hook fails with it,
// so that its text in a message means the filter.
inline constexpr int kRefusedErrno = ENOSYS;

// "kill", "refuse", "log", "off"
[[nodiscard]] const char* to_string(SeccompMode mode);
[[nodiscard]] std::optional<SeccompMode> parse_seccomp_mode(std::string_view text);

// What the build has compiled of one policy (filter_header.h).
struct CompiledFilters {
  std::span<const sock_filter> kill;
  std::span<const sock_filter> refuse;
  std::span<const sock_filter> log;
};
[[nodiscard]] Result<void> enforce(const CompiledFilters& filters, SeccompMode mode);

}  // namespace netclsd
