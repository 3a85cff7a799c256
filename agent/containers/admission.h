// Whether a container gets a class, and which: what its annotations ask for, by what the policy allows its pod. Who is
// refused is noted (Refusals). Loop thread only.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "agent/classes/class_policy.h"
#include "agent/containers/containers.h"
#include "agent/containers/refusals.h"

namespace netclsd {

// What a container gets, and whose it is.
struct Admitted {
  ClassChoice choice;
  PodVerdict verdict;  // refused: it asked for another class, and gets that of the refused
};

class Admission {
 public:
  Admission(Containers& containers, Refusals& refusals) : containers_(containers), refusals_(refusals) {}

  void set_policy(ClassPolicy policy) { policy_ = std::move(policy); }

  // std::nullopt: no class applies. kForbidden: the policy refuses. kInvalid: what is asked for is no class.
  [[nodiscard]] Result<std::optional<Admitted>> admit(const ContainerId& id, const RegisterRequest& request);

  // Once it is registered: whoever has what he asked for is not refused any more.
  void forget_earlier_refusal(const ContainerId& id, const Admitted& admitted);

 private:
  [[nodiscard]] Result<ClassDecision> decide(const RegisterRequest& request, const PodIdentity& pod) const;
  [[nodiscard]] const Container* other_holder(const ContainerId& id, const ResolvedClass& wanted,
                                              const PodIdentity& pod) const;
  [[nodiscard]] Result<std::optional<Admitted>> refuse(Refused refused, Refusal refusal);
  [[nodiscard]] std::optional<ResolvedClass> class_of_refused() const;

  Containers& containers_;
  Refusals& refusals_;
  ClassPolicy policy_;
};

}  // namespace netclsd
