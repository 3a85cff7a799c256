// Which containers the agent has registered: the files in <state_dir>/containers, which it writes
// (agent/containers/registration_files.h). They are all that the carrier knows of the agent, so that it works on while
// the agent is away.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/file.h"
#include "common/model/class_id.h"
#include "common/model/container_id.h"
#include "common/model/process.h"

namespace netclsd::carry {

struct Registered {
  ContainerId id;
  ClassId classid;
  ProcessKey init;
  // Of its cgroup in the unified hierarchy, as the agent saw it. Empty: it has none of its own there.
  std::string membership;
};

// Pure. What is read is not trusted.
[[nodiscard]] Result<Registered> parse_registration(std::string_view text);

// Those that can be read, by their names. A file that cannot is in `problems`, unless it was removed meanwhile.
struct Registrations {
  std::vector<Registered> containers;
  std::vector<std::string> problems;
  bool is_whole = true;  // false: a file could not be read this time, for want of memory or descriptors
};

// What is to be believed now: if `found` is not whole, the containers that it lacks are still as they were.
[[nodiscard]] Registrations completed(Registrations found, const Registrations& before);

[[nodiscard]] Result<Registrations> read_registrations(const UniqueFd& directory);

}  // namespace netclsd::carry
