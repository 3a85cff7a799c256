// Carries the HTTP workers' requests to the loop thread and waits there for the answers.
#pragma once

#include <chrono>

#include "agent/engine/engine.h"
#include "agent/server/mailbox.h"
#include "agent/server/readiness.h"
#include "agent/server/service.h"

namespace netclsd {

class LoopService : public AgentService {
 public:
  // Everything outlives the service; `engine` is touched by the loop thread only.
  LoopService(Mailbox& mailbox, Engine& engine, const Counters& counters, const Readiness& readiness,
              const EngineOptions& options)
      : mailbox_(mailbox), engine_(engine), counters_(counters), readiness_(readiness), options_(options) {}

  Result<RegistrationAnswer> register_container(const ContainerId& id, const RegisterRequest& request) override;
  Result<void> release(const ContainerId& id, bool force) override;
  Result<std::vector<ContainerView>> list() override;
  Result<std::pair<ContainerView, std::vector<MemberView>>> show(const ContainerId& id) override;
  Result<ProcessView> explain(Pid pid) override;
  Result<SweepReport> sweep() override;
  Result<StatusView> status() override;  // from counters alone: answers while the loop is busy

 private:
  Mailbox& mailbox_;
  Engine& engine_;
  const Counters& counters_;
  const Readiness& readiness_;
  const EngineOptions& options_;
  const std::chrono::steady_clock::time_point started_at_ = std::chrono::steady_clock::now();
};

}  // namespace netclsd
