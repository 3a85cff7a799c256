// What the agent gives up when all is open and before there is a second thread: capabilities, and access to files
// outside of its own directories (docs/adr/0019, 0021). seccomp follows on each thread (agent/confinement/seccomp.h).
//
// Every error here is one line, and the agent must not go on. A kernel without Landlock or seccomp is no error: it is
// logged.
#pragma once

#include <string>
#include <vector>

#include "agent/config/command_line.h"
#include "agent/events/event_stream.h"
#include "common/sandbox/landlock.h"

namespace netclsd {

// The files that the running agent needs, those of a reload included. Of the configuration that is the whole directory:
// an editor renames a new file into it, and in a ConfigMap a link is replaced.
[[nodiscard]] LandlockRules reachable_files(const CommandLine& command_line, const Config& config,
                                            const std::string& net_cls_mount,
                                            const std::vector<std::string>& web_files);

struct Confinement {
  std::string capabilities;                 // "none", "net_admin"
  int landlock_abi = 0;                     // 0: not in use
  SeccompMode seccomp = SeccompMode::kOff;  // what is to follow on each thread
};

// For good, for the calling thread and those that it starts afterwards.
[[nodiscard]] Result<Confinement> confine_process(const SandboxConfig& wanted, const LandlockRules& rules,
                                                  const EventStream& events);

// The first thing that each thread of the server does. After an error it must not serve.
[[nodiscard]] Result<void> confine_server_thread(SeccompMode mode);

// For /v1/status.
[[nodiscard]] std::vector<std::string> features_in_use(const Confinement& confinement);

}  // namespace netclsd
