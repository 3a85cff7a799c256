#include "agent/loop_service.h"

#include <netclsd_version.h>

#include "agent/logging/log.h"

namespace netclsd {
namespace {

constexpr std::chrono::milliseconds kTimeout = std::chrono::seconds{5};

template <typename Label, std::size_t N>
void add_counters(std::vector<Counter>& counters, const std::string& name, const LabelledCount<Label>& counts,
                  const std::array<const char*, N>& labels) {
  static_assert(N == LabelledCount<Label>::size());
  for (std::size_t i = 0; i < N; ++i) {
    counters.push_back({name + "_" + labels[i], counts[static_cast<Label>(i)].value()});
  }
}

std::vector<Counter> counters_of(const Counters& c) {
  std::vector<Counter> counters = {{"events_dropped", c.events_dropped.value()},
                                   {"overruns", c.overruns.value()},
                                   {"strays_repaired", c.strays_repaired.value()},
                                   {"canary_misses", c.canary_misses.value()},
                                   {"resubscriptions", c.resubscriptions.value()},
                                   {"config_reloads", c.config_reloads.value()},
                                   {"config_reload_failures", c.config_reload_failures.value()}};
  add_counters(counters, "events", c.events, kEventLabels);
  add_counters(counters, "moves", c.moves, kMoveCauses);
  add_counters(counters, "move_failures", c.move_failures, kMoveFailures);
  add_counters(counters, "sweeps", c.sweeps, kSweepCauses);
  add_counters(counters, "registrations", c.registrations, kSourceLabels);
  add_counters(counters, "registration_failures", c.registration_failures, kRegistrationFailures);
  return counters;
}

}  // namespace

Result<RegistrationAnswer> LoopService::register_container(const ContainerId& id, const RegisterRequest& request) {
  auto answer = mailbox_.call([this, id, request] { return engine_.register_container(id, request); }, kTimeout);
  if (!answer) {
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
  view.receive_buffer_bytes = counters_.receive_buffer_bytes.value();
  view.containers = counters_.containers.value();
  view.processes = counters_.processes.value();
  view.counters = counters_of(counters_);
  return view;
}

}  // namespace netclsd
