#include "agent/containers/views.h"

#include <algorithm>
#include <string>

namespace netclsd {
namespace {

constexpr std::size_t kMembersMax = 10'000;  // of one answer

std::string text_of(const std::optional<MembershipPath>& membership) {
  return membership ? membership->hierarchy + ":" + membership->path : "";
}

}  // namespace

ContainerView Views::container(const Container& container) {
  return view_of(container, tracker_.count_of(container.number));
}

ContainerView Views::view_of(const Container& container, std::size_t processes) const {
  const Target& target = container.target;
  return {.id = container.id,
          .choice = target.choice,
          .source = container.source,
          .pid = target.init.pid,
          .group = options_.mount_point + "/" + target.directory,
          .adopted = target.is_adopted,
          .membership_path = text_of(target.membership),
          .registered_at = container.registered_at,
          .processes = processes,
          .verdict = container.verdict};
}

std::vector<ContainerView> Views::list_after(const std::optional<ContainerId>& last) {
  const Tracker::Counts counts = tracker_.counts();
  const MonotonicTime until = host_.clock.monotonic() + kSliceOfContainers;
  std::vector<ContainerView> views;
  const Container* next = containers_.next_after(last);
  for (; next != nullptr && (views.empty() || host_.clock.monotonic() < until);
       next = containers_.next_after(views.back().id)) {
    const auto counted = counts.find(next->number.value);
    views.push_back(view_of(*next, counted == counts.end() ? 0 : counted->second));
  }
  return views;
}

Result<std::pair<ContainerView, std::vector<Pid>>> Views::show(const ContainerId& id) {
  const Container* found = containers_.find(id);
  if (found == nullptr) return not_registered(id);
  return std::pair(container(*found), candidates(*found));
}

Failure Views::not_registered(const ContainerId& id) const {
  const Refused* refused = refusals_.find(id);
  return failure(ErrorCode::kNotFound, "container " + id.text() + " is not registered" +
                                           (refused ? "; the policy refused it: " + refused->refusal.message : ""));
}

// Those in the group, and those that are known as members and not there.
std::vector<Pid> Views::candidates(const Container& container) {
  std::vector<Pid> pids = tracker_.processes_of(container.number);
  if (const auto inside = host_.net_cls.processes(container.target.directory)) {
    pids.insert(pids.end(), inside->begin(), inside->end());
  }
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  if (pids.size() > kMembersMax) pids.resize(kMembersMax);
  return pids;
}

std::vector<MemberView> Views::members(const ContainerId& id, const std::vector<Pid>& pids) {
  std::vector<MemberView> views;
  const Container* container = containers_.find(id);
  if (container == nullptr) return views;  // released meanwhile
  for (const Pid pid : pids) {
    const auto facts = host_.processes.facts(pid);
    if (!facts) continue;
    views.push_back(
        {pid, host_.processes.comm(pid), containers_.targets().is_placed(container->number, facts->cgroups)});
  }
  return views;
}

Result<ProcessView> Views::explain(Pid pid) {
  const auto facts = host_.processes.facts(pid);
  if (!facts) return failure(ErrorCode::kNotFound, "no process has pid " + to_string(pid));
  ProcessView view{};
  view.pid = pid;
  view.comm = host_.processes.comm(pid);
  view.actual = actual_class(facts->cgroups);
  const Verdict verdict = tracker_.judge(pid, facts->cgroups);
  std::optional<TargetNumber> number;
  if (const auto* placed = std::get_if<Placed>(&verdict)) number = placed->target;
  if (const auto* stray = std::get_if<Attach>(&verdict)) number = stray->target;
  if (!number) {
    explain_refusal(view);
    return view;
  }
  if (const Container* container = containers_.find(*number)) {
    view.container = container->id;
    view.verdict = container->verdict;
  }
  view.expected = containers_.targets().at(*number).choice.classid;
  view.placed = std::holds_alternative<Placed>(verdict);
  if (const TrackedProcess* known = tracker_.find(pid)) {
    view.cause = to_string(known->cause);
    view.since = wall_time_of(known->noticed_at);
  }
  return view;
}

void Views::explain_refusal(ProcessView& view) {
  const Refused* refused = refusals_.find_by_process(view.pid);
  if (refused == nullptr) return;
  view.verdict = {.pod_namespace = refused->pod.pod_namespace,
                  .pod = refused->pod.pod,
                  .rule = refused->refusal.rule,
                  .refused_because = "container " + refused->id.text() + ": " + refused->refusal.message};
}

WallTime Views::wall_time_of(MonotonicTime moment) {
  const auto ago = std::chrono::duration_cast<WallTime::duration>(host_.clock.monotonic() - moment);
  return host_.clock.wall() - ago;
}

std::uint32_t Views::actual_class(const CgroupPaths& cgroups) {
  const std::string* path = cgroups.net_cls();
  const auto directory = path ? relative_path(options_.place.mount_root, *path) : std::nullopt;
  return directory ? host_.net_cls.classid(*directory).value_or(0) : 0;
}

}  // namespace netclsd
