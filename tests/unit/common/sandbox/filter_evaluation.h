// Seccomp filters without the kernel: classic BPF, evaluated over the call that it would be asked about.
#pragma once

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>

#include "common/sandbox/seccomp_policy.h"

namespace netclsd {

#if defined(__x86_64__)
inline constexpr std::uint32_t kNativeArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
inline constexpr std::uint32_t kNativeArchitecture = AUDIT_ARCH_AARCH64;
#endif

struct Call {
  long number;
  std::array<std::uint64_t, 6> arguments{};
};

std::ostream& operator<<(std::ostream& out, const Call& call);

// What the kernel would do: one of SECCOMP_RET_…, with an errno in its lower half.
[[nodiscard]] std::uint32_t evaluate(const SeccompFilter& filter, const Call& call,
                                     std::uint32_t architecture = kNativeArchitecture);

// A compiled policy.
class Judge {
 public:
  explicit Judge(const SeccompPolicy& policy, SeccompMode mode = SeccompMode::kKill);
  [[nodiscard]] bool allows(const Call& call) const { return evaluate(filter_, call) == SECCOMP_RET_ALLOW; }
  [[nodiscard]] bool kills(const Call& call) const { return evaluate(filter_, call) == SECCOMP_RET_KILL_PROCESS; }
  [[nodiscard]] const SeccompFilter& filter() const { return filter_; }

 private:
  SeccompFilter filter_;
};

// How a process ends that puts itself under `filter` and then does `deed`: the signal that killed it, or 0 when the
// deed was true, or -1.
[[nodiscard]] int fate_of_child(const SeccompFilter& filter, const std::function<bool()>& deed);

// Everything is allowed but `number`, which fails with EPERM: a kernel that refuses it.
[[nodiscard]] SeccompFilter refusing(long number);

}  // namespace netclsd
