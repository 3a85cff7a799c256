#include "carry/carrier.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "agent/logging/log.h"
#include "carry/cgroups.h"
#include "common/proc/proc.h"

namespace netclsd::carry {
namespace {

constexpr const char* kProc = "/proc";

// The start time as the agent sees it, whatever our time namespace is.
Result<bool> is_alive(const ProcessKey& process) {
  const auto stat = read_process_stat(kProc, process.pid);
  if (!stat) return pass_on(stat.error());
  return *stat && in_initial_time(kProc, (*stat)->start_time) == process.start_time;
}

}  // namespace

void Carrier::configure(std::optional<CarryConfig> carry) {
  if (carry_ != carry) is_configured_ = false;
  carry_ = std::move(carry);
}

void Carrier::set_registrations(Registrations registrations) {
  registrations_ = completed(std::move(registrations), registrations_);
}

void Carrier::note_failure(const std::string& what, const Error& error) {
  ++failures_;
  log_event(LogLevel::kWarning, "carry_failed", {{"what", what}, {"reason", error.message()}});
}

Result<void> Carrier::look() {
  if (!carry_) return take_back();
  if (auto started = start_carrying(); !started) return started;
  auto ends = route_.host_ends();  // first: it gives namespaces their numbers
  if (!ends) return pass_on(ends.error());
  seen_.ends = *std::move(ends);
  auto containers = find_containers();
  if (!containers) return pass_on(containers.error());
  seen_.containers = *std::move(containers);
  auto attached = attachments_.list();
  if (!attached) return pass_on(attached.error());
  seen_.attached = *std::move(attached);
  renew_all(seen_.attached);
  // The fallback is there before the first packet is looked at.
  if (auto updated = update_members(seen_.containers); !updated) return updated;
  const auto plan = plan_carriers(seen_.containers, seen_.ends, attached_indices(), before_);
  if (auto done = carry_out(plan); !done) return done;
  return finish_counts();
}

Result<void> Carrier::start_carrying() {
  if (is_configured_) return {};
  if (auto pinned = program_.pin(pins_); !pinned) return pinned;
  if (auto set = maps_.set(*carry_); !set) return set;
  is_configured_ = true;
  is_carrying_ = true;
  log_event(LogLevel::kInfo, "carrying",
            {{"by", has_tcx_ ? "tcx" : "clsact"}, {"to_mark", carry_->to_mark}, {"to_priority", carry_->to_priority}});
  return {};
}

Result<std::vector<CarriedContainer>> Carrier::find_containers() {
  std::map<ContainerId, Found> found;
  std::vector<CarriedContainer> containers;
  for (const Registered& registered : registrations_.containers) {
    const auto known = found_.find(registered.id);
    Found one =
        known != found_.end() && known->second.init == registered.init ? known->second : Found{.init = registered.init};
    if (auto looked = find_network(registered, one); !looked) return pass_on(looked.error());
    if (one.network) find_cgroup_once(registered, one);
    containers.push_back(
        {registered.id, registered.classid, one.network, one.cgroup, one.no_cgroup, !one.is_network_known});
    found.emplace(registered.id, std::move(one));
  }
  found_ = std::move(found);
  return containers;
}

// An init that has ended leaves its network as it was: other processes of the container may live on, until the agent
// releases it. If that number belongs to another namespace by then, no harm is done: the class is that of each socket.
Result<void> Carrier::find_network(const Registered& registered, Found& found) {
  const auto network = route_.network_of(registered.init.pid);
  if (!network && network.error().sys_errno() != ESRCH) return pass_on(network.error());
  const auto alive = is_alive(registered.init);
  if (!alive) return pass_on(alive.error());
  if (!network || !*alive) return {};
  found.network = *network;
  found.is_network_known = true;
  return {};
}

void Carrier::find_cgroup_once(const Registered& registered, Found& found) {
  if (found.cgroup) return;
  const auto cgroup = find_cgroup(kProc, registered.init, registered.membership);
  const auto alive = is_alive(registered.init);  // else it was read of another process
  if (!alive || !*alive) return;
  if (cgroup) found.cgroup = *cgroup;
  found.no_cgroup = cgroup ? std::string() : cgroup.error().message();
}

void Carrier::renew_all(const Attached& attached) {
  for (const auto& [index, attachment] : attached) {
    if (attachment.program == program_.id()) continue;
    if (auto renewed = attachments_.renew(index, attachment.how); !renewed) {
      note_failure("renew the carrier at interface " + std::to_string(index), renewed.error());
    }
  }
}

Result<void> Carrier::update_members(const std::vector<CarriedContainer>& containers) {
  const auto now = maps_.members();
  if (!now) return pass_on(now.error());
  const auto keys = maps_.count_keys();
  if (!keys) return pass_on(keys.error());
  std::set<Owner> used;
  for (const CountKey& key : *keys) used.insert(key.owner);
  seen_.members = plan_members(containers, *now, used);
  return maps_.set_members(seen_.members, *now);
}

Result<void> Carrier::carry_out(const CarrierPlan& plan) {
  seen_.problems.clear();
  for (const HostEnd& end : plan.attach) attach(end, plan.repairs.contains(end.index));
  for (const InterfaceIndex index : plan.detach) {
    if (auto detached = attachments_.detach(index); !detached) {
      note_failure("detach from interface " + std::to_string(index), detached.error());
      continue;
    }
    log_event(LogLevel::kInfo, "carrier_detached", {{"ifindex", index}});
  }
  auto attached = attachments_.list();
  if (!attached) return pass_on(attached.error());
  seen_.attached = *std::move(attached);
  before_ = attached_indices();
  return seen_.problems.empty() ? Result<void>{} : failure(ErrorCode::kUnavailable, seen_.problems.begin()->second);
}

void Carrier::attach(const HostEnd& end, bool is_repair) {
  const auto attached = attachments_.attach(end);
  if (!attached && attached.error().sys_errno() == ENODEV) return;  // gone meanwhile; an event says so, too
  if (!attached) {
    seen_.problems[end.index] = end.name + ": " + attached.error().message();
    return note_failure("attach to " + end.name, attached.error());
  }
  if (is_repair) ++repairs_;
  log_event(LogLevel::kInfo, is_repair ? "carrier_repaired" : "carrier_attached",
            {{"interface", end.name}, {"ifindex", end.index}});
}

std::set<InterfaceIndex> Carrier::attached_indices() const {
  std::set<InterfaceIndex> indices;
  for (const auto& [index, attachment] : seen_.attached) indices.insert(index);
  return indices;
}

Result<void> Carrier::finish_counts() {
  auto keys = maps_.count_keys();
  if (!keys) return pass_on(keys.error());
  std::set<Owner> owners;
  for (const auto& [cgroup, member] : seen_.members) owners.insert(member.owner);
  std::erase_if(*keys, [&](const CountKey& key) { return !is_past(key, before_, owners); });
  return maps_.finish(*keys);
}

Result<void> Carrier::take_back() {
  if (!is_carrying_) return {};
  const auto attached = attachments_.list();
  if (!attached) return pass_on(attached.error());
  for (const auto& [index, attachment] : *attached) {
    if (auto detached = attachments_.detach(index); !detached) return detached;
  }
  seen_.attached.clear();
  before_.clear();
  seen_.containers.clear();
  found_.clear();
  if (auto updated = update_members({}); !updated) return updated;
  if (auto finished = finish_counts(); !finished) return finished;
  if (auto unpinned = unpin(pins_); !unpinned) return unpinned;
  is_carrying_ = false;
  is_configured_ = false;
  log_event(LogLevel::kInfo, "carriers_taken_back", {{"carriers", attached->size()}});
  return {};
}

ReportContent Carrier::report(Differences::Clock::time_point now, Differences::Clock::duration patience) {
  ReportContent content{.message = carry_ ? "" : "carry is off in the configuration", .has_tcx = has_tcx_};
  LastingDifferences differences;
  if (const auto counts = maps_.counts()) {
    differences = differences_.observe(*counts, seen_.members, now, patience);
    content.counts = view_counts(*counts, seen_);
  }
  content.containers = view_containers(seen_, differences);
  if (auto past = maps_.past()) content.past = *std::move(past);
  if (const auto totals = maps_.totals()) content.totals = *totals;
  content.attached = seen_.attached.size();
  content.repairs = repairs_;
  content.failures = failures_;
  tell_of_differences(content.containers);
  if (!registrations_.problems.empty()) content.message = registrations_.problems.front();
  if (!seen_.problems.empty()) content.message = seen_.problems.begin()->second;
  const bool is_ok = registrations_.problems.empty() && seen_.problems.empty();
  content.state = is_ok ? State::kOk : State::kDegraded;
  return content;
}

// Once for each, when it begins.
void Carrier::tell_of_differences(const std::vector<ContainerView>& containers) {
  std::set<ContainerId> differing;
  for (const ContainerView& container : containers) {
    if (!container.difference) continue;
    differing.insert(container.id);
    if (differing_.contains(container.id)) continue;
    log_event(LogLevel::kWarning, "class_differs",
              {{"container", container.id.text()},
               {"class_of_its_sockets", to_string(container.difference->classid)},
               {"for_s", container.difference->lasted.count()}});
  }
  differing_ = std::move(differing);
}

}  // namespace netclsd::carry
