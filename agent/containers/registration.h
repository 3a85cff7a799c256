// One registration, as it is kept in memory and in <state_dir>/containers/<id>.json.
#pragma once

#include <optional>
#include <string>

#include "agent/membership/claims.h"
#include "common/api/messages.h"
#include "common/model/class_id.h"
#include "common/model/container_id.h"
#include "common/model/process.h"

namespace netclsd {

struct Registration {
  ContainerId id;
  ProcessKey init;
  ClassId classid;
  std::string class_name;    // empty: not asked for by name
  std::string class_origin;  // which annotation or setting decided
  RegistrationSource source = RegistrationSource::kApi;
  std::string directory;    // of the group, relative to the net_cls mount
  bool is_adopted = false;  // the runtime made the group: never removed by us
  std::optional<MembershipPath> membership;
  WallTime registered_at;
  // Whose it is and which rule of the policy decided. Registrations of older versions do not tell the namespace.
  std::optional<std::string> pod_namespace = {};  // empty: no pod's
  std::string pod = {};
  std::string policy_rule = {};      // empty: none was needed
  std::string refused_because = {};  // it has the default class instead of what it asked for
  friend bool operator==(const Registration&, const Registration&) = default;
};

}  // namespace netclsd
