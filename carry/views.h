// What the report says of each container and each count, from what the last look has seen. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "carry/attachments.h"
#include "carry/differences.h"
#include "carry/plan.h"
#include "carry/report.h"

namespace netclsd::carry {

// What is there after a look.
struct Seen {
  std::vector<CarriedContainer> containers = {};
  std::vector<HostEnd> ends = {};
  Attached attached = {};
  Members members = {};
  std::map<InterfaceIndex, std::string> problems = {};  // of those that cannot be attached
};

[[nodiscard]] std::vector<ContainerView> view_containers(const Seen& seen, const LastingDifferences& differences);

// Whose a count is: of its owner; or, where that is not known, of the only container behind its interface, if it has
// that class. What has another one may be of a container that was there before.
[[nodiscard]] std::vector<CountView> view_counts(const Counts& counts, const Seen& seen);

}  // namespace netclsd::carry
