// Taking up again what was registered before the agent (re)started: the kept registrations, groups that nobody owns,
// and what hooks left in the spool. Loop thread only.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/containers/registrar.h"

namespace netclsd {

class Recovery {
 public:
  Recovery(ContainersHost& host, const EngineOptions& options, Containers& containers, Registrar& registrar,
           Counters& counters)
      : host_(host), options_(options), containers_(containers), registrar_(registrar), counters_(counters) {}

  static constexpr int kLoadTriesMax = 60;  // one a second

  // Registrations whose init has ended stay until their group is empty (Releaser::retry).
  void take_up_registrations();
  // Once a second: those that could not be read before, or whose init could not (no descriptor, no memory). True if
  // some were taken up: then a sweep must find their processes. What cannot be read in kLoadTriesMax tries stays for
  // the next agent.
  [[nodiscard]] bool take_up_unread();
  [[nodiscard]] bool has_unread() const { return !unread_because_.empty() || !unseen_.empty(); }
  // Once a second: inits that could not be watched. Unwatched, their end would be unknown until a sweep.
  void watch_unwatched();
  // Why not all registrations are known; empty if they are. Meanwhile what seems to be nobody's may be theirs.
  [[nodiscard]] const std::string& unread_because() const { return unread_because_; }

  // Groups below our parent that belong to no registration, and hold no process: a crash left them, or a hook that
  // placed init itself. One that a hook is just making looks the same: while the agent runs, only those are removed
  // that were there the last time too.
  enum class Orphans { kAll, kSeenTwice };
  void remove_orphaned_groups(Orphans which);
  // Of a container that will not be registered, or has another group. While it holds processes it stays, until
  // remove_leftovers(): that tries some of them each second, at the cost of two writes each, which may be slow ones.
  // The rest is left to the audit.
  static constexpr std::size_t kLeftoversMax = 1'000;
  void remove_orphaned_group(const ContainerId& id);
  void remove_leftovers();

 private:
  // False: it holds processes.
  bool remove(const std::string& directory);
  [[nodiscard]] std::vector<Registration> load();
  [[nodiscard]] std::optional<TargetNumber> take_up(Registration registration);
  [[nodiscard]] TargetNumber take_up_alive(Registration registration, const ProcessFacts& init);
  [[nodiscard]] TargetNumber take_up_ended(Registration registration);
  void put_off(Registration registration, const Error& error);
  void find_membership_again(Registration& ended);
  void note_unreadable(const Error& error);
  [[nodiscard]] bool is_watched_or_ended(TargetNumber number);
  void enclose(TargetNumber number);
  [[nodiscard]] std::string path_of(const Target& target, const HierarchyName& hierarchy) const;
  [[nodiscard]] std::optional<TargetNumber> outer_of(const Registration& ended) const;

  ContainersHost& host_;
  const EngineOptions& options_;
  Containers& containers_;
  Registrar& registrar_;
  Counters& counters_;
  std::string unread_because_;
  int load_tries_ = 0;
  std::vector<Registration> unseen_;  // read, but not whether their init lives
  std::set<TargetNumber> unwatched_;
  std::set<std::string> orphans_seen_;
  std::set<ContainerId> leftovers_;
};

}  // namespace netclsd
