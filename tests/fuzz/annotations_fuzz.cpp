// From a tenant's annotations to a classid. The input is lines "KEY=VALUE"; the key "spec" is the OCI spec's classID.
#include <algorithm>

#include "agent/core/class_policy.h"
#include "common/base/check.h"
#include "common/base/text.h"
#include "common/model/class_request.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {
namespace {

struct Asked {
  Annotations annotations;
  std::optional<std::uint32_t> spec_classid;
};

Asked read(std::string_view input) {
  Asked asked;
  for (const std::string_view line : split(input, '\n')) {
    const auto parts = split(line, '=', 2);
    if (parts.size() != 2) continue;
    const auto number = parts[0] == "spec" ? parse_unsigned(parts[1]) : std::nullopt;
    if (number && *number <= 0xffff'ffff) asked.spec_classid = static_cast<std::uint32_t>(*number);
    asked.annotations.emplace(parts[0], parts[1]);
  }
  return asked;
}

const ClassPolicy& policy() {
  static const ClassPolicy kPolicy{.classes = {{"gold", *ClassId::parse("10:1")}, {"far", *ClassId::parse("20:1")}},
                                   .default_class = ClassName{"gold"},
                                   .allowed = {*ClassIdRange::parse("10:1-10:ff")}};
  return kPolicy;
}

bool asks_at(const Asked& asked, const std::string& suffix) {
  return asked.annotations.contains(kClassIdAnnotation + suffix) ||
         asked.annotations.contains(kClassAnnotation + suffix);
}

// The level that decides: the container's, else the pod's, else the spec's.
void check_origin(const Asked& asked, const ClassRequest& request) {
  const std::string name = container_name(asked.annotations);
  const bool is_own = !name.empty() && asks_at(asked, "." + name);
  const bool is_annotation = is_own || asks_at(asked, "");
  if (!is_annotation) {
    CHECK(request.origin == "linux.resources.network.classID");
    CHECK(std::get<ClassId>(request.wanted).raw() == asked.spec_classid);
    return;
  }
  CHECK(request.origin.ends_with("." + name) || !is_own);
  const std::string& value = asked.annotations.at(request.origin);
  if (const auto* class_name = std::get_if<ClassName>(&request.wanted)) CHECK(class_name->text == value);
  if (const auto* classid = std::get_if<ClassId>(&request.wanted)) CHECK(ClassId::parse(value) == *classid);
}

void check_resolved(const ResolvedClass& resolved) {
  const auto& allowed = policy().allowed;
  CHECK(std::any_of(allowed.begin(), allowed.end(),
                    [&](const ClassIdRange& range) { return range.contains(resolved.classid); }));
  if (!resolved.name.empty()) CHECK(policy().classes.at(resolved.name) == resolved.classid);
}

}  // namespace

void fuzz_one(std::string_view input) {
  const Asked asked = read(input);
  const auto request = class_request(asked.annotations, asked.spec_classid);
  if (!request) return check_error(request.error());
  if (*request) check_origin(asked, **request);
  const auto resolved = resolve_class(*request, policy());
  if (!resolved) return check_error(resolved.error());
  CHECK(resolved->has_value());  // there is a default
  check_resolved(**resolved);
}

}  // namespace netclsd
