// What the HTTP server asks of the agent. Every call is made from an HTTP worker's thread, is carried out by the loop
// thread, and waits for it: at most 5 s, then kUnavailable.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/api/messages.h"

namespace netclsd {

struct RegistrationOutcome {
  std::optional<ContainerView> view;  // std::nullopt: no class applies, the container is not managed
  bool is_new = false;
};

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
