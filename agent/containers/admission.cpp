#include "agent/containers/admission.h"

namespace netclsd {
namespace {

// Who holds it is no business of the pod's author.
Refusal in_use(const ResolvedClass& wanted) {
  return {.reason = RefusalReason::kExclusive,
          .rule = wanted.rule,
          .classid = wanted.classid,
          .message = wanted.origin + " asks for classid " + to_string(wanted.classid) +
                     ", which is in use by another namespace"};
}

Admitted admitted(ResolvedClass resolved, const PodIdentity& pod, const std::string& refused_because) {
  return {.choice = {resolved.classid, std::move(resolved.name), std::move(resolved.origin)},
          .verdict = {.pod_namespace = pod.pod_namespace,
                      .pod = pod.pod,
                      .rule = std::move(resolved.rule),
                      .refused_because = refused_because}};
}

}  // namespace

Result<std::optional<Admitted>> Admission::admit(const ContainerId& id, const RegisterRequest& request) {
  Refused refused{.id = id, .init = {request.pid, request.start_time.value_or(StartTime{})}};
  auto pod = pod_identity(request.annotations);
  if (!pod) return refuse(std::move(refused), {.reason = RefusalReason::kIdentity, .message = pod.error().message()});
  refused.pod = *pod;
  auto decision = decide(request, *pod);
  if (!decision) return pass_on(decision.error());
  if (std::holds_alternative<NotManaged>(*decision)) return std::nullopt;
  if (auto* refusal = std::get_if<Refusal>(&*decision)) return refuse(std::move(refused), std::move(*refusal));
  auto& resolved = std::get<ResolvedClass>(*decision);
  if (const Container* holder = other_holder(id, resolved, *pod)) {
    refused.held_by = *holder->verdict.pod_namespace;
    return refuse(std::move(refused), in_use(resolved));
  }
  return admitted(std::move(resolved), *pod, "");
}

void Admission::forget_earlier_refusal(const ContainerId& id, const Admitted& admitted) {
  if (admitted.verdict.refused_because.empty()) refusals_.forget(id);
}

Result<ClassDecision> Admission::decide(const RegisterRequest& request, const PodIdentity& pod) const {
  if (pod.is_sandbox) return NotManaged{};  // whatever it asks for
  const auto asked = class_request(request.annotations, request.spec_classid);
  if (!asked) return pass_on(asked.error());
  return decide_class(*asked, pod, policy_);
}

const Container* Admission::other_holder(const ContainerId& id, const ResolvedClass& wanted,
                                         const PodIdentity& pod) const {
  if (!wanted.is_exclusive || !pod.pod_namespace) return nullptr;
  return containers_.find_other_holder(id, wanted.classid, *pod.pod_namespace);
}

// A registration that was there before stays as it is: also a policy that was made stricter meanwhile changes nothing.
Result<std::optional<Admitted>> Admission::refuse(Refused refused, Refusal refusal) {
  const std::string why = refusal.message;
  const PodIdentity pod = refused.pod;
  auto instead = containers_.find(refused.id) == nullptr ? class_of_refused() : std::nullopt;
  refused.refusal = std::move(refusal);
  refused.has_default_class = instead.has_value();
  refusals_.note(std::move(refused));
  if (!instead) return failure(ErrorCode::kForbidden, why);
  return admitted(*std::move(instead), pod, why);
}

std::optional<ResolvedClass> Admission::class_of_refused() const {
  if (!policy_.pods || policy_.pods->on_refusal != OnRefusal::kDefaultClass) return std::nullopt;
  const auto decision = decide_default_class(policy_);
  const auto* resolved = decision ? std::get_if<ResolvedClass>(&*decision) : nullptr;
  return resolved ? std::optional(*resolved) : std::nullopt;
}

}  // namespace netclsd
