#include "agent/classes/class_policy.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"

namespace netclsd {
namespace {

Result<ResolvedClass> look_up(const ClassRequest& request, const ClassPolicy& policy) {
  if (const auto* classid = std::get_if<ClassId>(&request.wanted)) return ResolvedClass{*classid, "", request.origin};
  const std::string& name = std::get<ClassName>(request.wanted).text;
  const auto found = policy.classes.find(name);
  if (found == policy.classes.end()) {
    return invalid(printable(request.origin, 2 * kPrintableMax_bytes) + " names class " + in_quotes(name) +
                   ", which is not configured" + hint_at_blanks(name));
  }
  return ResolvedClass{found->second, name, request.origin};
}

bool contains(const std::vector<ClassIdRange>& ranges, ClassId classid) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const ClassIdRange& range) { return range.contains(classid); });
}

bool matches_any(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches_glob(pattern, name); });
}

// "*" means every namespace, and what runs outside of Kubernetes is in none.
bool matches_namespace(const PodRule& rule, const PodIdentity& pod) {
  if (!pod.pod_namespace) return false;
  if (!pod.pod_namespace->empty()) return matches_any(rule.namespaces, *pod.pod_namespace);
  return std::find(rule.namespaces.begin(), rule.namespaces.end(), "") != rule.namespaces.end();
}

bool matches(const PodRule& rule, const PodIdentity& pod) {
  if (!matches_namespace(rule, pod)) return false;
  if (rule.service_accounts.empty()) return true;
  return pod.service_account && matches_any(rule.service_accounts, *pod.service_account);
}

Refusal refusal(RefusalReason reason, std::string rule, const ResolvedClass& wanted, const std::string& why) {
  return {.reason = reason,
          .rule = std::move(rule),
          .classid = wanted.classid,
          .message = printable(wanted.origin, 2 * kPrintableMax_bytes) + " asks for classid " +
                     to_string(wanted.classid) + ", " + why};
}

ClassDecision within_bounds(ResolvedClass wanted, const ClassPolicy& policy) {
  if (policy.allowed.empty() || contains(policy.allowed, wanted.classid)) return wanted;
  return refusal(RefusalReason::kNotAllowed, "", wanted, "which is outside of allowed_classids");
}

Refusal refused_without_rule(const PodIdentity& pod, const ResolvedClass& wanted) {
  if (!pod.pod_namespace) {
    return refusal(RefusalReason::kIdentity, "", wanted, "but its runtime does not tell its namespace");
  }
  return refusal(RefusalReason::kNoRule, "", wanted, "and no rule of the policy is for this pod");
}

ClassDecision by_rules(ResolvedClass wanted, const PodIdentity& pod, const PodPolicy& policy) {
  const auto rule = std::find_if(policy.rules.begin(), policy.rules.end(),
                                 [&](const PodRule& candidate) { return matches(candidate, pod); });
  if (rule == policy.rules.end()) return refused_without_rule(pod, wanted);
  if (!contains(rule->allowed, wanted.classid)) {
    return refusal(RefusalReason::kNotAllowed, rule->name, wanted, "which rule \"" + rule->name + "\" does not allow");
  }
  wanted.rule = rule->name;
  wanted.is_exclusive = contains(policy.exclusive, wanted.classid);
  return wanted;
}

}  // namespace

Result<ClassDecision> decide_default_class(const ClassPolicy& policy) {
  if (!policy.default_class) return NotManaged{};
  auto resolved = look_up({*policy.default_class, "default_class"}, policy);
  if (!resolved) return pass_on(resolved.error());
  return within_bounds(*std::move(resolved), policy);
}

Result<ClassDecision> decide_class(const std::optional<ClassRequest>& request, const PodIdentity& pod,
                                   const ClassPolicy& policy) {
  if (!request) return decide_default_class(policy);
  auto resolved = look_up(*request, policy);
  if (!resolved) return pass_on(resolved.error());
  ClassDecision decision = within_bounds(*std::move(resolved), policy);
  auto* wanted = std::get_if<ResolvedClass>(&decision);
  if (wanted == nullptr || !policy.pods) return decision;
  return by_rules(std::move(*wanted), pod, *policy.pods);
}

}  // namespace netclsd
