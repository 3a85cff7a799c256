// What the agent gives up when all is open and before there is a second thread: capabilities, and the files out of its
// own directories (docs/adr/0019, 0021). seccomp follows on each thread.
#pragma once

#include <string>
#include <vector>

#include "agent/config/command_line.h"
#include "agent/event_stream.h"
#include "agent/sandbox/landlock.h"

namespace netclsd {

// Also what a reload will read: of the configuration the whole directory, since an editor renames a new file into it,
// and a ConfigMap swaps a link.
[[nodiscard]] LandlockRules reachable_files(const CommandLine& command_line, const Config& config,
                                            const std::string& net_cls_mount,
                                            const std::vector<std::string>& web_files);

struct Confinement {
  std::string capabilities;                 // "none", "net_admin"
  int landlock_abi = 0;                     // 0: not in use
  SeccompMode seccomp = SeccompMode::kOff;  // what is to follow on each thread
};

// For good. A kernel without Landlock or seccomp is logged and good enough; capabilities that do not go are an error.
[[nodiscard]] Result<Confinement> confine_process(const SandboxConfig& wanted, const LandlockRules& rules,
                                                  const EventStream& events);

// What each thread of the server does first. Ends the agent if that fails.
void confine_server_thread(SeccompMode mode);

// For /v1/status.
[[nodiscard]] std::vector<std::string> features_in_use(const Confinement& confinement);

}  // namespace netclsd
