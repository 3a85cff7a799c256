// One refusal by the policy, with whom it is about.
#pragma once

#include <string>

#include "agent/classes/class_policy.h"
#include "agent/membership/event.h"
#include "common/model/container_id.h"
#include "common/model/process.h"

namespace netclsd {

struct Refused {
  ContainerId id;
  ProcessKey init;
  PodIdentity pod = {};  // empty where the refusal is that it is not known
  Refusal refusal = {};
  std::string held_by = {};        // the namespace that has the classid: for the log, no business of the pod's author
  bool has_default_class = false;  // registered in it instead
  MonotonicTime at{};
};

}  // namespace netclsd
