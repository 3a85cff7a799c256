#include "common/sandbox/seccomp_filter.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace netclsd {
namespace {

SeccompFilter of_process(SeccompFilter filter, pid_t pid) {
  for (sock_filter& step : filter) {
    if (BPF_CLASS(step.code) == BPF_JMP && step.k == kItself) step.k = static_cast<std::uint32_t>(pid);
  }
  return filter;
}

}  // namespace

// ENOSYS without CONFIG_SECCOMP, EINVAL without CONFIG_SECCOMP_FILTER, EOPNOTSUPP before 4.14, which kills threads
// only.
bool has_seccomp_filters() {
  const std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0U, &action) == 0;
}

Result<void> enforce(const SeccompFilter& filter) {
  if (!has_seccomp_filters()) {
    return failure(ErrorCode::kUnavailable,
                   "this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER, 4.14 or later)");
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_failure(errno, "set no_new_privs");
  SeccompFilter program = of_process(filter, ::getpid());
  const sock_fprog pointer{static_cast<unsigned short>(program.size()), program.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &pointer) == 0) return {};
  return system_failure(errno, "install the seccomp filter");
}

namespace {

constexpr std::array kNames = {"kill", "refuse", "log", "off"};

}  // namespace

const char* to_string(SeccompMode mode) { return kNames[static_cast<std::size_t>(mode)]; }

std::optional<SeccompMode> parse_seccomp_mode(std::string_view text) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == text) return static_cast<SeccompMode>(i);
  }
  return std::nullopt;
}

Result<void> enforce(const CompiledFilters& filters, SeccompMode mode) {
  const auto enforce_one = [](std::span<const sock_filter> one) { return enforce({one.begin(), one.end()}); };
  switch (mode) {
    case SeccompMode::kKill:
      return enforce_one(filters.kill);
    case SeccompMode::kRefuse:
      return enforce_one(filters.refuse);
    case SeccompMode::kLog:
      return enforce_one(filters.log);
    case SeccompMode::kOff:
      break;
  }
  return {};
}

}  // namespace netclsd
