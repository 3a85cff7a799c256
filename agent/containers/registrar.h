// Taking a container in: its class is what admission says; choose path and group, place init, remember it. If init
// cannot be placed nothing stays behind; if only the state file cannot be written, the registration holds and is
// written later. Loop thread only.
#pragma once

#include <array>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "agent/containers/admission.h"
#include "agent/containers/keeper.h"
#include "agent/containers/path_finder.h"
#include "agent/engine/engine_options.h"
#include "agent/placing/groups.h"
#include "agent/placing/mover.h"

namespace netclsd {

struct Registered {
  TargetNumber number;
  bool is_new = false;
};

class Registrar {
 public:
  static constexpr std::size_t kPathSearchesMax = 4;                              // at a time
  static constexpr MonotonicTime kPathSearchPauseMax = std::chrono::seconds{32};  // of one container
  static constexpr MonotonicTime kPathSearchConfirm = std::chrono::seconds{5};    // a path is alone at two looks

  // Once soon, and once for a program that accepts slowly. A connection that waits for longer stays without a class.
  static constexpr std::array<MonotonicTime, 2> kTagAgainAfter = {std::chrono::seconds{1}, std::chrono::seconds{10}};
  static constexpr std::size_t kTagsWaitingMax = 512;  // of more late registrations at once no class is written again
  static constexpr std::size_t kTagsPerSecond = 16;    // some 30 µs each where the members have few sockets

  Registrar(ContainersHost& host, const EngineOptions& options, Intake& intake, Containers& containers,
            Tracker& tracker, Mover& mover, Admission& admission, Groups& groups, Keeper& keeper)
      : host_(host),
        options_(options),
        intake_(intake),
        containers_(containers),
        targets_(containers.targets()),
        tracker_(tracker),
        mover_(mover),
        admission_(admission),
        groups_(groups),
        keeper_(keeper),
        finder_(host, options) {}

  // std::nullopt: no class applies. kForbidden: the policy refuses, which is noted, and a registration that was there
  // before stays as it is. kConflict: the pid is gone (with ESRCH) or not the process the caller saw. kUnavailable: not
  // now, as for want of descriptors. kNotMounted: the hierarchy must be mounted first.
  // An id whose init has ended must have been released before (Releaser::make_way).
  [[nodiscard]] Result<std::optional<Registered>> add(const ContainerId& id, const RegisterRequest& request);

  // The process that a request names. kConflict: it is gone (with ESRCH), or another one than the caller saw.
  // kUnavailable: it is there, or may be, and cannot be read now.
  [[nodiscard]] Result<ProcessFacts> find_process(const RegisterRequest& request);

  // Looks again for the paths of containers that have none: strangers may have been in the way. Once a second; each is
  // looked for less and less often, but for as long as it may be found.
  void look_for_paths();
  // True once after one of these looks found an init outside of its group: what it has forked since was born there.
  [[nodiscard]] bool take_lost_init() { return std::exchange(has_lost_init_, false); }

  // A connection that waits in the accept queue while the listening process is moved keeps class 0, and so does the
  // socket that accept() makes of it. So the class of a container that was registered while it ran is written again,
  // kTagAgainAfter later, when its clients of that moment have been accepted. Call once a second when the intake is
  // idle.
  void tag_sockets_again();

  // Makes the group, writes its class, brings init into it and watches init. Also used by recovery.
  [[nodiscard]] Result<void> place_init(TargetNumber number, const ProcessFacts& init);

 private:
  [[nodiscard]] Result<Registered> confirm(const Container& known, const RegisterRequest& request,
                                           const Admitted& admitted);
  [[nodiscard]] Result<void> reclassify(const Container& known, const Admitted& admitted);
  [[nodiscard]] Result<ProcessFacts> identify(const RegisterRequest& request);
  [[nodiscard]] Result<Registered> create(const ContainerId& id, const RegisterRequest& request,
                                          const Admitted& admitted);
  [[nodiscard]] Result<Registered> settle(TargetNumber number, const ProcessFacts& init, const Snapshot& snapshot);
  // Of a container without a membership path.
  struct PathSearch {
    TargetNumber number;
    std::vector<ProcessKey> seen;  // who is at home elsewhere and was in the way the last time
    bool was_alone = false;        // at the last look
    MonotonicTime pause = std::chrono::seconds{1};
    MonotonicTime due{0};
  };
  enum class Search { kGoesOn, kIsOver };
  void look_for_path_later(PathSearch search);
  [[nodiscard]] Search look_for_path(PathSearch& search);
  [[nodiscard]] bool is_claimed(const MembershipPath& path) const;
  void take_path(TargetNumber number, const Surroundings& around);
  void enclose(TargetNumber number, const Snapshot& snapshot);
  void take_over_members(TargetNumber number, const Snapshot& snapshot);
  void tag_sockets_later(TargetNumber number);
  [[nodiscard]] std::optional<TargetNumber> owner_of(Pid pid, const Snapshot& snapshot) const;
  void put_class_back(const Target& failed, std::uint32_t before);
  // But for the group: Engine removes it.
  void undo(TargetNumber number, const ProcessFacts& init, std::optional<std::uint32_t> classid_before);

  ContainersHost& host_;
  const EngineOptions& options_;
  Intake& intake_;
  Containers& containers_;
  Targets& targets_;
  Tracker& tracker_;
  Mover& mover_;
  Admission& admission_;
  Groups& groups_;
  Keeper& keeper_;
  PathFinder finder_;
  std::deque<PathSearch> searches_;
  // One for each of kTagAgainAfter, which are ordered by time.
  struct TagAgain {
    TargetNumber number;
    MonotonicTime due;
  };
  std::array<std::deque<TagAgain>, kTagAgainAfter.size()> to_tag_again_;
  bool has_lost_init_ = false;
};

}  // namespace netclsd
