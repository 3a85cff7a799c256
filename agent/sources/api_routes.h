// From HTTP to the agent and back, and nothing else: the API under /v1 (docs/api.md), and what the kubelet, Prometheus
// and a browser ask.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/metrics/counters.h"
#include "agent/sources/boards.h"
#include "common/api/messages.h"

namespace netclsd {

class Router;

// What the API asks of the agent. Every call comes from a worker thread and is carried out by the loop thread. The
// worker waits for that, at most 5 s, then the answer is kUnavailable.
class AgentService {
 public:
  virtual ~AgentService() = default;
  virtual Result<RegistrationAnswer> register_container(const ContainerId& id, const RegisterRequest& request) = 0;
  // Without `force` this is a hint (poststop): a container whose init lives stays. With `force` its processes are moved
  // out.
  virtual Result<void> release(const ContainerId& id, bool force) = 0;
  virtual Result<std::vector<ContainerView>> list() = 0;
  virtual Result<std::pair<ContainerView, std::vector<MemberView>>> show(const ContainerId& id) = 0;
  virtual Result<ProcessView> explain(Pid pid) = 0;
  virtual Result<SweepReport> sweep() = 0;
  virtual Result<StatusView> status() = 0;
};

// /v1. `service` outlives the router.
void add_api_routes(Router& router, AgentService& service);

// /livez, /readyz, /metrics and /. Nothing here waits for the loop. `counters` and `readiness` outlive the router.
void add_probe_routes(Router& router, const Counters& counters, const Readiness& readiness);

}  // namespace netclsd
