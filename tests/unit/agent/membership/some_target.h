// Targets as tests of membership need them.
#pragma once

#include <string>

#include "agent/membership/targets.h"

namespace netclsd {

// `path`: its membership path in the unified hierarchy; "": descent alone.
inline Target some_target(const std::string& path, const std::string& directory,
                          std::optional<TargetNumber> outer = std::nullopt, bool is_adopted = false) {
  return {.owner = directory,
          .choice = {ClassId::from_raw(0x100001).value()},
          .directory = directory,
          .is_adopted = is_adopted,
          .membership = path.empty() ? std::nullopt : std::optional(MembershipPath{"", path}),
          .outer = outer};
}

}  // namespace netclsd
