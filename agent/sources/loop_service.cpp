#include "agent/sources/loop_service.h"

#include <netclsd_version.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "agent/host/surroundings.h"
#include "agent/logging/log.h"
#include "agent/metrics/agent_metrics.h"
#include "common/model/annotations.h"

namespace netclsd {
namespace {

// The agent does not run without them: a kernel that lacks one ends the start with an explanation.
constexpr std::array kKernelFeatures = {"proc connector", "classic BPF filter on its socket",
                                        "NETLINK_NO_ENOBUFS with SO_MEMINFO drop counts", "pidfd"};
constexpr std::chrono::milliseconds kTimeout = std::chrono::seconds{5};

}  // namespace

// Of a request, whatever it consists of.
class LoopService::Deadline {
 public:
  [[nodiscard]] std::chrono::milliseconds left() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
    return std::max(left, std::chrono::milliseconds{0});
  }

 private:
  const std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + kTimeout;
};

// What no container waits for.
template <typename F>
auto LoopService::look(const Deadline& deadline, F f) {
  return mailbox_.call(std::move(f), deadline.left(), Mailbox::Urgency::kPatient);
}

LoopService::LoopService(Mailbox& mailbox, Engine& engine, const Counters& counters, const Readiness& readiness,
                         const Reports& reports, const EngineOptions& options, const NetClsRoot& net_cls,
                         const CarryWait& carry_wait)
    : mailbox_(mailbox),
      engine_(engine),
      counters_(counters),
      readiness_(readiness),
      reports_(reports),
      options_(options),
      net_cls_(net_cls),
      carry_wait_(carry_wait),
      kernel_features_(kKernelFeatures.begin(), kKernelFeatures.end()) {}

void LoopService::add_kernel_features(const std::vector<std::string>& features) {
  kernel_features_.insert(kernel_features_.end(), features.begin(), features.end());
}

Result<RegistrationAnswer> LoopService::register_container(const ContainerId& id, const RegisterRequest& request) {
  auto answer = mailbox_.call([this, id, request] { return engine_.register_container(id, request); }, kTimeout);
  // What is not written down, or was before, the carrier does not look at.
  if (answer && answer->view && answer->is_new && answer->not_kept_because.empty()) {
    carry_wait_.wait(answer->view->registered_at);
  }
  const auto code = answer ? std::nullopt : std::optional(answer.error().code());
  // The engine has told of what the policy refuses; and who has to mount net_cls first does so and asks again.
  if (code && *code != ErrorCode::kForbidden && *code != ErrorCode::kNotMounted) {
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

// Each slice is a request of its own to the loop, which does all else in between. What the carrier reported is not
// asked of the loop.
Result<std::vector<ContainerView>> LoopService::list() {
  const Deadline deadline;
  std::vector<ContainerView> all;
  for (std::optional<ContainerId> last;; last = all.back().id) {
    auto slice = look(deadline, [this, last] { return engine_.views().list_after(last); });
    if (!slice) return pass_on(slice.error());
    if (slice->empty()) return all;
    for (ContainerView& view : *slice) add_carried(view);
    std::move(slice->begin(), slice->end(), std::back_inserter(all));
  }
}

void LoopService::add_carried(ContainerView& view) const {
  reports_.carried.read([&](const auto& by_id) {
    if (const auto found = by_id.find(view.id); found != by_id.end()) view.carried = found->second;
  });
}

Result<std::pair<ContainerView, std::vector<MemberView>>> LoopService::show(const ContainerId& id) {
  const Deadline deadline;
  auto shown = look(deadline, [this, id] { return engine_.views().show(id); });
  if (!shown) return pass_on(shown.error());
  auto& [view, pids] = *shown;
  add_carried(view);
  std::vector<MemberView> members;
  for (auto next = pids.begin(); next != pids.end();) {
    const auto end = next + std::min<std::ptrdiff_t>(Views::kMembersPerSlice, pids.end() - next);
    const std::vector<Pid> slice(std::exchange(next, end), end);
    auto seen = look(deadline, [this, id, slice] { return engine_.views().members(id, slice); });
    if (!seen) return pass_on(seen.error());
    std::move(seen->begin(), seen->end(), std::back_inserter(members));
  }
  return std::pair(std::move(view), std::move(members));
}

Result<ProcessView> LoopService::explain(Pid pid) {
  return look(Deadline{}, [this, pid] { return engine_.views().explain(pid); });
}

Result<SweepReport> LoopService::sweep() {
  return look(Deadline{}, [this] { return engine_.sweep(SweepCause::kRequest); });
}

Result<StatusView> LoopService::status() {
  StatusView view;
  view.version = kVersion;
  view.revision = kRevision;
  view.pid = Pid{::getpid()};
  view.uptime = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_at_);
  view.not_ready_because = readiness_.reasons();
  view.ready = view.not_ready_because.empty();
  view.net_cls_mount = options_.mount_point;
  view.net_cls_mounted = net_cls_.is_mounted();
  view.parent_group = options_.place.parent;
  view.kernel_release = kernel_release();
  view.kernel_features = kernel_features_;
  view.kernel_warnings = reports_.kernel_warnings.get();
  view.receive_buffer_bytes = counters_.receive_buffer_bytes.value();
  view.receive_buffer_asked_bytes = counters_.receive_buffer_asked_bytes.value();
  view.receive_buffer_events = counters_.receive_buffer_events.value();
  view.canary_round_trip = std::chrono::nanoseconds(counters_.canary_round_trip_ns.value());
  view.containers = counters_.containers.value();
  view.processes = counters_.processes.value();
  view.hook = reports_.hook.get();
  view.nri = reports_.nri.get();
  view.carry = reports_.carry.get();
  view.carry_wanted = reports_.carry_wanted.get();
  for (auto& [name, value] : list_counters(counters_)) view.counters.push_back({name, value});
  return view;
}

}  // namespace netclsd
