// What the HTTP server asks of the agent. Every call is made from an HTTP worker's thread, is carried out by the loop
// thread, and waits for it: at most 5 s, then kUnavailable.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/api/messages.h"

namespace netclsd {

using RegistrationOutcome = RegistrationAnswer;

class AgentService {
 public:
  virtual ~AgentService() = default;
  virtual Result<RegistrationOutcome> register_container(const ContainerId& id, const RegisterRequest& request) = 0;
  // Without `force` a hint (poststop): a container whose init lives stays. With it, its processes are moved out.
  virtual Result<void> release(const ContainerId& id, bool force) = 0;
  virtual Result<std::vector<ContainerView>> list() = 0;
  virtual Result<std::pair<ContainerView, std::vector<MemberView>>> show(const ContainerId& id) = 0;
  virtual Result<ProcessView> explain(Pid pid) = 0;
  virtual Result<SweepReport> sweep() = 0;
  virtual Result<StatusView> status() = 0;
};

}  // namespace netclsd
