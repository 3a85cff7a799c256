#include "agent/containers/recovery.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace netclsd {

void Recovery::take_up_registrations() {
  for (Registration& registration : load()) static_cast<void>(take_up(std::move(registration)));
}

bool Recovery::take_up_unread() {
  if (!has_unread()) return false;
  bool has_taken_up = false;
  for (Registration& registration : load()) {
    const auto number = take_up(std::move(registration));
    if (number) enclose(*number);
    has_taken_up |= number.has_value();
  }
  return has_taken_up;
}

// The outer before the inner, which finds it here by path: short paths first, those without a path of their own last.
std::vector<Registration> Recovery::load() {
  std::vector<Registration> registrations = std::exchange(unseen_, {});
  std::erase_if(registrations, [&](const Registration& r) { return containers_.find(r.id) != nullptr; });
  unread_because_.clear();
  ++load_tries_;
  for (auto& loaded : host_.store.load()) {
    if (!loaded) {
      note_unreadable(loaded.error());
    } else if (containers_.find(loaded->id) == nullptr) {  // else it was registered anew meanwhile
      registrations.push_back(std::move(*loaded));
    }
  }
  const auto rank = [](const Registration& r) {
    return std::pair(r.membership ? r.membership->path.size() : std::string::npos, r.registered_at);
  };
  std::sort(registrations.begin(), registrations.end(),
            [&](const Registration& a, const Registration& b) { return rank(a) < rank(b); });
  return registrations;
}

void Recovery::note_unreadable(const Error& error) {
  const std::string& message = error.message();  // "NAME: what is wrong"
  host_.reporter.problem("state_not_readable", message.substr(0, message.find(':')), error);
  const bool may_pass = error.may_pass();
  if (may_pass && load_tries_ < kLoadTriesMax) {
    unread_because_ = "registrations cannot be read: " + message;
  } else {
    counters_.registration_failures[may_pass ? RegistrationFailure::kSystem : RegistrationFailure::kMalformed].add();
  }
}

// std::nullopt: whether init lives cannot be told now. Taken for ended, it would be watched by nobody.
std::optional<TargetNumber> Recovery::take_up(Registration registration) {
  const auto init = host_.processes.look_at(registration.init.pid);
  if (!init && load_tries_ < kLoadTriesMax) {
    put_off(std::move(registration), init.error());
    return std::nullopt;
  }
  const bool is_alive = init && *init && (*init)->start_time == registration.init.start_time;
  return is_alive ? take_up_alive(std::move(registration), **init) : take_up_ended(std::move(registration));
}

// Its own cgroup's path may make a process unreadable (before Linux 6.8): no tenant makes the agent not ready.
void Recovery::put_off(Registration registration, const Error& error) {
  host_.reporter.problem("init_not_readable", registration.id.text(), error);
  if (error.code() == ErrorCode::kUnavailable) unread_because_ = "an init cannot be looked at: " + error.message();
  unseen_.push_back(std::move(registration));
}

TargetNumber Recovery::take_up_alive(Registration registration, const ProcessFacts& init) {
  // Paths are only good in the cgroup namespace they were read in, and this agent may live in another one.
  if (registration.membership) {
    registration.membership = find_membership_path_again(*registration.membership, init.cgroups);
  }
  const ContainerId id = registration.id;
  const auto outer = containers_.targets().by_path(init.cgroups);
  const TargetNumber number = containers_.add(std::move(registration), outer);
  if (auto placed = registrar_.place_init(number, init); !placed) {
    const bool has_ended = placed.error().sys_errno() == ESRCH;  // while it was taken up
    if (!has_ended) host_.reporter.problem("recovery_failed", id.text(), placed.error());
    // The sweep tries again while init lives; when it has ended, the release does.
    if (!is_watched_or_ended(number)) unwatched_.insert(number);
  }
  counters_.registrations[SourceLabel::kRecovered].add();
  return number;
}

void Recovery::watch_unwatched() {
  std::erase_if(unwatched_, [this](TargetNumber number) { return is_watched_or_ended(number); });
}

// False: it cannot be told, or not be watched, for want of a descriptor, say.
bool Recovery::is_watched_or_ended(TargetNumber number) {
  const Target* target = containers_.targets().find(number);
  if (target == nullptr || target->has_init_ended) return true;
  const ProcessKey init = target->init;
  const auto is_alive = host_.exits.watch(init.pid);
  if (!is_alive) return false;
  const auto start_time = *is_alive ? host_.processes.start_time(init.pid) : std::nullopt;
  if (*is_alive && !start_time) return false;
  if (start_time != init.start_time) containers_.targets().note_init_ended(number);  // the pid is another process's
  return true;
}

TargetNumber Recovery::take_up_ended(Registration registration) {
  if (registration.membership) find_membership_again(registration);
  const auto outer = outer_of(registration);
  return containers_.add(std::move(registration), outer, true);
}

// If nobody in the group is at the path, they are strangers to the container: the sweep moves them out.
void Recovery::find_membership_again(Registration& ended) {
  for (const Pid pid : host_.net_cls.processes(ended.directory).value_or(std::vector<Pid>{})) {
    const auto facts = host_.processes.facts(pid);  // of a leader that has exited the cheap look is wrong
    const auto membership = facts ? find_membership_path_again(*ended.membership, facts->cgroups) : std::nullopt;
    if (!membership) continue;
    ended.membership = membership;
    return;
  }
}

// The containers inside of it may have been taken up before it.
void Recovery::enclose(TargetNumber number) {
  Targets& targets = containers_.targets();
  const Target& outer = targets.at(number);
  for (const TargetNumber other : outer.membership ? targets.numbers() : std::vector<TargetNumber>{}) {
    const Target& target = targets.at(other);
    if (other == number || target.outer != outer.outer) continue;
    const std::string path = path_of(target, outer.membership->hierarchy);
    if (!path.empty() && is_within(path, outer.membership->path)) targets.set_outer(other, number);
  }
}

// Where init is or, if it has ended, where it was. Empty: not known.
std::string Recovery::path_of(const Target& target, const HierarchyName& hierarchy) const {
  const bool has_path = target.membership && target.membership->hierarchy == hierarchy;
  if (target.has_init_ended) return has_path ? target.membership->path : "";
  const auto cgroups = host_.processes.cgroups(target.init.pid);
  const std::string* path = cgroups ? cgroups->find(hierarchy) : nullptr;
  return path ? *path : "";
}

// The containers inside it are then inside of that one, when it is released.
std::optional<TargetNumber> Recovery::outer_of(const Registration& ended) const {
  if (!ended.membership) return std::nullopt;
  return containers_.targets().by_path(CgroupPaths{{{ended.membership->hierarchy, ended.membership->path}}});
}

void Recovery::remove_orphaned_groups(Orphans which) {
  if (!unread_because_.empty()) return;
  const auto names = host_.net_cls.children(options_.place.parent);
  if (!names) return;
  const std::set<std::string> seen_before = std::exchange(orphans_seen_, {});
  for (const std::string& name : *names) {
    const std::string directory = options_.place.parent + "/" + name;
    if (containers_.targets().by_directory(directory)) continue;
    orphans_seen_.insert(name);
    if (which == Orphans::kSeenTwice && !seen_before.contains(name)) continue;
    remove(directory);
  }
}

void Recovery::remove_orphaned_group(const ContainerId& id) {
  leftovers_.erase(id);
  for (const std::string& parent : {options_.place.parent, options_.place.hook_parent}) {
    const std::string directory = parent + "/" + id.text();
    if (containers_.targets().by_directory(directory) || remove(directory)) continue;
    if (leftovers_.size() < kLeftoversMax) leftovers_.insert(id);
  }
}

void Recovery::remove_leftovers() {
  for (const ContainerId& id : std::set(leftovers_)) remove_orphaned_group(id);
}

bool Recovery::remove(const std::string& directory) {
  const auto removed = host_.net_cls.remove(directory);
  if (!removed) host_.reporter.problem("orphaned_group", directory, removed.error());
  return !removed || *removed != RemoveOutcome::kNotEmpty;
}

}  // namespace netclsd
