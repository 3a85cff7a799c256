// From what a container asks for to the classid it gets. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/error.h"
#include "common/model/class_request.h"

namespace netclsd {

struct ClassPolicy {
  std::map<std::string, ClassId> classes;
  std::optional<std::variant<ClassId, ClassName>> default_class;
  std::vector<ClassIdRange> allowed;  // empty: all
};

struct ResolvedClass {
  ClassId classid;
  std::string name;    // empty if it was not asked for by name
  std::string origin;  // the annotation's key, "linux.resources.network.classID" or "default_class"
  friend bool operator==(const ResolvedClass&, const ResolvedClass&) = default;
};

// std::nullopt: nothing asked for and no default, the container is not managed. kInvalid: no such class.
// kForbidden: outside of the allowed ranges.
[[nodiscard]] Result<std::optional<ResolvedClass>> resolve_class(const std::optional<ClassRequest>& request,
                                                                 const ClassPolicy& policy);

}  // namespace netclsd
