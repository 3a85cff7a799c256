// Carries the HTTP workers' requests to the loop thread and waits there for the answers.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "agent/engine/engine.h"
#include "agent/host/net_cls_groups.h"
#include "agent/sources/api_routes.h"
#include "agent/sources/boards.h"
#include "agent/sources/carry_wait.h"
#include "agent/sources/mailbox.h"

namespace netclsd {

class LoopService : public AgentService {
 public:
  // Everything outlives the service; `engine` is touched by the loop thread only.
  LoopService(Mailbox& mailbox, Engine& engine, const Counters& counters, const Readiness& readiness,
              const Reports& reports, const EngineOptions& options, const NetClsRoot& net_cls,
              const CarryWait& carry_wait);

  Result<RegistrationAnswer> register_container(const ContainerId& id, const RegisterRequest& request) override;
  Result<void> release(const ContainerId& id, bool force) override;
  Result<std::vector<ContainerView>> list() override;
  Result<std::pair<ContainerView, std::vector<MemberView>>> show(const ContainerId& id) override;
  Result<ProcessView> explain(Pid pid) override;
  Result<SweepReport> sweep() override;
  Result<StatusView> status() override;  // from counters alone: answers while the loop is busy

  // Before the first request: kernel features that are in use besides those without which the agent does not run.
  void add_kernel_features(const std::vector<std::string>& features);

 private:
  class Deadline;
  template <typename F>
  auto look(const Deadline& deadline, F f);
  void add_carried(ContainerView& view) const;

  Mailbox& mailbox_;
  Engine& engine_;
  const Counters& counters_;
  const Readiness& readiness_;
  const Reports& reports_;
  const EngineOptions& options_;
  const NetClsRoot& net_cls_;
  const CarryWait& carry_wait_;
  std::vector<std::string> kernel_features_;
  const std::chrono::steady_clock::time_point started_at_ = std::chrono::steady_clock::now();
};

}  // namespace netclsd
