// One registration: what is known of a container, and its text in <state_dir>/containers/<id>.json. Pure; what is read
// is not trusted.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/membership/targets.h"
#include "common/api/messages.h"
#include "common/model/class_id.h"
#include "common/model/container_id.h"
#include "common/model/process.h"

namespace netclsd {

struct Registration {
  ContainerId id;
  ProcessKey init;
  ClassChoice choice;
  RegistrationSource source = RegistrationSource::kApi;
  std::string directory;    // of the group, relative to the net_cls mount
  bool is_adopted = false;  // the runtime made the group: never removed by us
  std::optional<MembershipPath> membership;
  WallTime registered_at;
  PodVerdict verdict = {};
  friend bool operator==(const Registration&, const Registration&) = default;
};

inline constexpr std::uint64_t kStateVersion = 1;

[[nodiscard]] std::string registration_to_json(const Registration& registration);
[[nodiscard]] Result<Registration> registration_from_json(std::string_view text);

}  // namespace netclsd
