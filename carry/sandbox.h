// What the carrier gives up when everything is loaded and open: all capabilities but CAP_BPF and CAP_NET_ADMIN, files
// outside of its directories (Landlock), and system calls that it does not need (seccomp). It can then load no program
// any more, and open no socket.
#pragma once

#include <string>

#include "agent/config/config.h"
#include "common/base/error.h"
#include "common/sandbox/landlock.h"
#include "common/sandbox/seccomp_policy.h"

namespace netclsd::carry {

[[nodiscard]] SeccompPolicy carry_policy();

// `config_file`: the file and its directory, since an editor renames a new file into it.
[[nodiscard]] LandlockRules carry_files(const std::string& config_file, const std::string& state_dir,
                                        const std::string& pins);

// For good. The process has one thread. A kernel without Landlock or seccomp is no error.
[[nodiscard]] Result<void> confine_carrier(const SandboxConfig& wanted, const LandlockRules& rules);

}  // namespace netclsd::carry
