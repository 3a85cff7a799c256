#include "agent/loop_service.h"

#include <netclsd_version.h>

#include <array>

#include "agent/kernel/namespaces.h"
#include "agent/logging/log.h"
#include "agent/metrics/render.h"
#include "common/model/pod_identity.h"

namespace netclsd {
namespace {

// The agent does not run without them: a kernel that lacks one ends the start with an explanation.
constexpr std::array kKernelFeatures = {"proc connector", "classic BPF filter on its socket",
                                        "NETLINK_NO_ENOBUFS with SO_MEMINFO drop counts", "pidfd"};
constexpr std::chrono::milliseconds kTimeout = std::chrono::seconds{5};

}  // namespace

LoopService::LoopService(Mailbox& mailbox, Engine& engine, const Counters& counters, const Readiness& readiness,
                         const EngineOptions& options)
    : mailbox_(mailbox),
      engine_(engine),
      counters_(counters),
      readiness_(readiness),
      options_(options),
      kernel_features_(kKernelFeatures.begin(), kKernelFeatures.end()) {}

void LoopService::add_kernel_features(const std::vector<std::string>& features) {
  kernel_features_.insert(kernel_features_.end(), features.begin(), features.end());
}

Result<RegistrationAnswer> LoopService::register_container(const ContainerId& id, const RegisterRequest& request) {
  auto answer = mailbox_.call([this, id, request] { return engine_.register_container(id, request); }, kTimeout);
  if (!answer && answer.error().code() != ErrorCode::kForbidden) {  // the engine has told of those
    log_event(LogLevel::kWarning, "registration_refused",
              {{"container", id.text()},
               {"namespace", pod_namespace(request.annotations)},
               {"pid", request.pid.value},
               {"error", answer.error().message()}});
  }
  return answer;
}

Result<void> LoopService::release(const ContainerId& id, bool force) {
  return mailbox_.call([this, id, force] { return engine_.release(id, force); }, kTimeout);
}

Result<std::vector<ContainerView>> LoopService::list() {
  return mailbox_.call([this] { return engine_.views().list(); }, kTimeout);
}

Result<std::pair<ContainerView, std::vector<MemberView>>> LoopService::show(const ContainerId& id) {
  return mailbox_.call([this, id] { return engine_.views().show(id); }, kTimeout);
}

Result<ProcessView> LoopService::explain(Pid pid) {
  return mailbox_.call([this, pid] { return engine_.views().explain(pid); }, kTimeout);
}

Result<SweepReport> LoopService::sweep() {
  return mailbox_.call([this] { return engine_.sweep(SweepCause::kRequest); }, kTimeout);
}

Result<StatusView> LoopService::status() {
  StatusView view;
  view.version = kVersion;
  view.revision = kRevision;
  view.uptime = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_at_);
  view.not_ready_because = readiness_.reasons();
  view.ready = view.not_ready_because.empty();
  view.net_cls_mount = options_.mount_point;
  view.parent_group = options_.place.parent;
  view.kernel_release = kernel_release();
  view.kernel_features = kernel_features_;
  view.receive_buffer_bytes = counters_.receive_buffer_bytes.value();
  view.containers = counters_.containers.value();
  view.processes = counters_.processes.value();
  for (auto& [name, value] : list_counters(counters_)) view.counters.push_back({name, value});
  return view;
}

}  // namespace netclsd
