#include "agent/core/class_policy.h"

#include <algorithm>

namespace netclsd {
namespace {

Result<ResolvedClass> look_up(const ClassRequest& request, const ClassPolicy& policy) {
  if (const auto* classid = std::get_if<ClassId>(&request.wanted)) return ResolvedClass{*classid, "", request.origin};
  const std::string& name = std::get<ClassName>(request.wanted).text;
  const auto found = policy.classes.find(name);
  if (found == policy.classes.end()) {
    return invalid(request.origin + " names class \"" + name.substr(0, 64) + "\", which is not configured");
  }
  return ResolvedClass{found->second, name, request.origin};
}

}  // namespace

Result<std::optional<ResolvedClass>> resolve_class(const std::optional<ClassRequest>& request,
                                                   const ClassPolicy& policy) {
  if (!request && !policy.default_class) return std::nullopt;
  auto resolved = look_up(request ? *request : ClassRequest{*policy.default_class, "default_class"}, policy);
  if (!resolved) return pass_on(resolved.error());
  const bool is_allowed = policy.allowed.empty() ||
                          std::any_of(policy.allowed.begin(), policy.allowed.end(),
                                      [&](const ClassIdRange& range) { return range.contains(resolved->classid); });
  if (!is_allowed) {
    return failure(ErrorCode::kForbidden, resolved->origin + " asks for classid " + to_string(resolved->classid) +
                                              ", which is outside of allowed_classids");
  }
  return *resolved;
}

}  // namespace netclsd
