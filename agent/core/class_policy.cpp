#include "agent/core/class_policy.h"

#include <algorithm>

#include "common/base/text.h"

namespace netclsd {
namespace {

Result<ResolvedClass> look_up(const ClassRequest& request, const ClassPolicy& policy) {
  if (const auto* classid = std::get_if<ClassId>(&request.wanted)) return ResolvedClass{*classid, "", request.origin};
  const std::string& name = std::get<ClassName>(request.wanted).text;
  const auto found = policy.classes.find(name);
  if (found == policy.classes.end()) {
    return invalid(printable(request.origin, 2 * kPrintableMax_bytes) + " names class " + in_quotes(name) +
                   ", which is not configured");
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
    return failure(ErrorCode::kForbidden, printable(resolved->origin, 2 * kPrintableMax_bytes) + " asks for classid " +
                                              to_string(resolved->classid) + ", which is outside of allowed_classids");
  }
  return *resolved;
}

}  // namespace netclsd
