// From a tenant's annotations to a classid. The input is lines "KEY=VALUE"; the key "spec" is the OCI spec's classID.
#include <algorithm>

#include "agent/classes/class_policy.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/model/annotations.h"
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

// Whoever says that he is of "shop" or of no namespace may have some; all others nothing.
const ClassPolicy& policy() {
  static const ClassPolicy kPolicy{
      .classes = {{"gold", *ClassId::parse("10:1")}, {"far", *ClassId::parse("20:1")}},
      .default_class = ClassName{"gold"},
      .allowed = {*ClassIdRange::parse("10:1-10:ff")},
      .pods = PodPolicy{.rules = {{.name = "shop",
                                   .namespaces = {"shop-*"},
                                   .service_accounts = {"api", "batch-?"},
                                   .allowed = {*ClassIdRange::parse("10:10-10:1f")}},
                                  {.name = "none", .namespaces = {""}, .allowed = {*ClassIdRange::parse("10:1")}}},
                        .exclusive = {*ClassIdRange::parse("10:10-10:13")}}};
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

const PodRule* rule_of(const ResolvedClass& resolved) {
  for (const PodRule& rule : policy().pods->rules) {
    if (rule.name == resolved.rule) return &rule;
  }
  return nullptr;
}

bool contains(const std::vector<ClassIdRange>& ranges, ClassId classid) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const ClassIdRange& range) { return range.contains(classid); });
}

// Nobody has a class that no rule gave him.
void check_resolved(const ResolvedClass& resolved, const PodIdentity& pod, bool has_asked) {
  CHECK(contains(policy().allowed, resolved.classid));
  if (!resolved.name.empty()) CHECK(policy().classes.at(resolved.name) == resolved.classid);
  const PodRule* rule = rule_of(resolved);
  CHECK((rule != nullptr) == has_asked);
  if (rule == nullptr) return;
  CHECK(contains(rule->allowed, resolved.classid));
  CHECK(pod.pod_namespace && (rule->name == "none") == pod.pod_namespace->empty());
  if (rule->name == "shop") CHECK(pod.pod_namespace->starts_with("shop-") && pod.service_account);
  CHECK(resolved.is_exclusive == contains(policy().pods->exclusive, resolved.classid));
}

}  // namespace

void fuzz_one(std::string_view input) {
  const Asked asked = read(input);
  const auto request = class_request(asked.annotations, asked.spec_classid);
  if (!request) return check_error(request.error());
  if (*request) check_origin(asked, **request);
  const auto pod = pod_identity(asked.annotations);
  if (!pod) return check_error(pod.error());
  const auto decision = decide_class(*request, *pod, policy());
  if (!decision) return check_error(decision.error());
  CHECK(!std::holds_alternative<NotManaged>(*decision));  // there is a default
  if (const auto* resolved = std::get_if<ResolvedClass>(&*decision))
    check_resolved(*resolved, *pod, request->has_value());
  if (const auto* refusal = std::get_if<Refusal>(&*decision)) CHECK(!has_control_characters(refusal->message));
}

}  // namespace netclsd
