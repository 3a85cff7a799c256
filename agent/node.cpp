#include "agent/node.h"

#include "agent/kernel/hierarchy.h"
#include "agent/kernel/net_cls_groups.h"
#include "agent/state/registration_files.h"
#include "agent/state/state_directory.h"
#include "common/base/file.h"

namespace netclsd {
namespace {

constexpr int kRoundsMax = 16;  // of moving processes out of a group while they fork
constexpr int kDepthMax = 16;   // of groups in groups

class CleanUp {
 public:
  explicit CleanUp(UniqueFd root) : groups_(std::move(root)) {}

  Result<void> declassify(const Registration& registration);
  Result<void> remove(const std::string& directory, int depth = 0);
  void remove_if_unused(const std::string& directory);
  [[nodiscard]] std::string in_words() const {
    return std::to_string(moved_) + " processes moved to the root group, " + std::to_string(removed_) +
           " groups removed";
  }

 private:
  Result<void> move_out(const std::string& directory);

  NetClsGroups groups_;
  std::size_t moved_ = 0;
  std::size_t removed_ = 0;
};

// The runtime's own group stays, and so do its processes.
Result<void> CleanUp::declassify(const Registration& registration) {
  const auto classid = groups_.classid(registration.directory);
  if (!classid || *classid != registration.classid.raw()) return {};  // gone, or somebody else's by now
  return groups_.set_classid(registration.directory, 0);
}

Result<void> CleanUp::remove(const std::string& directory, int depth) {
  const auto children = groups_.children(directory);
  if (!children && children.error().code() == ErrorCode::kNotFound) return {};
  if (!children) return pass_on(children.error());
  if (depth == kDepthMax) return failure(ErrorCode::kTooLarge, "groups are nested too deep at " + directory);
  for (const std::string& child : *children) {
    if (auto removed = remove(directory + "/" + child, depth + 1); !removed) return removed;
  }
  if (auto moved = move_out(directory); !moved) return moved;
  const auto outcome = groups_.remove(directory);
  if (!outcome) return pass_on(outcome.error());
  if (*outcome == RemoveOutcome::kNotEmpty)
    return failure(ErrorCode::kUnavailable, "group " + directory + " is in use");
  ++removed_;
  return {};
}

// It may be another agent's.
void CleanUp::remove_if_unused(const std::string& directory) {
  const auto children = groups_.children(directory);
  if (children && children->empty()) static_cast<void>(groups_.remove(directory));
}

Result<void> CleanUp::move_out(const std::string& directory) {
  for (int round = 0; round < kRoundsMax; ++round) {
    const auto inside = groups_.processes(directory);
    if (!inside) return pass_on(inside.error());
    if (inside->empty()) return {};
    for (const Pid pid : *inside) {
      const auto moved = groups_.attach("", pid);
      if (!moved) return pass_on(moved.error());
      moved_ += *moved == AttachOutcome::kAttached ? 1 : 0;
    }
  }
  return failure(ErrorCode::kUnavailable, "processes in group " + directory + " fork faster than they can be moved");
}

Result<std::string> clean_up_groups(const Config& config, const NetClsMount& mount, RegistrationFiles& registrations) {
  auto root = open_directory(mount.mount_point);
  if (!root) return pass_on(root.error());
  CleanUp clean_up(std::move(*root));
  for (const auto& registration : registrations.load()) {
    if (!registration) continue;  // its group is below the parent, too
    auto done =
        registration->is_adopted ? clean_up.declassify(*registration) : clean_up.remove(registration->directory);
    if (!done) return pass_on(done.error());
  }
  if (auto removed = clean_up.remove(config.net_cls.parent); !removed) return pass_on(removed.error());
  // The hook knows no configuration: while the agent is away it makes groups below the default parent.
  clean_up.remove_if_unused(kDefaultParentGroup);
  return clean_up.in_words();
}

}  // namespace

Result<NetClsMount> prepare_hierarchy(const Config& config) {
  auto mount = find_or_mount_net_cls(config.net_cls.mount, own_mount_point(config.state_dir));
  if (!mount) return mount;
  const auto root = open_directory(mount->mount_point);
  if (!root) return pass_on(root.error());
  if (auto made = make_group(*root, config.net_cls.parent); !made) return pass_on(made.error());
  return mount;
}

Result<std::string> prepare_node(const Config& config) {
  if (auto made = make_directories(config.state_dir, 0700); !made) return pass_on(made.error());
  const auto mount = prepare_hierarchy(config);
  if (!mount) return pass_on(mount.error());
  return "net_cls is mounted at " + mount->mount_point + " and has the group " + config.net_cls.parent;
}

Result<std::string> clean_up_node(const Config& config) {
  std::string done = "no net_cls hierarchy is mounted";
  {
    auto state = StateDirectory::open(config.state_dir);
    if (!state) return pass_on(state.error());
    const auto mount = find_net_cls(config.net_cls.mount);
    if (!mount) return pass_on(mount.error());
    RegistrationFiles registrations(std::move(state->containers));
    if (*mount) {
      auto groups = clean_up_groups(config, **mount, registrations);
      if (!groups) return groups;
      done = *groups;
    }
    const auto unmounted = unmount_net_cls(own_mount_point(config.state_dir));
    if (!unmounted) return pass_on(unmounted.error());
    if (*unmounted) done += ", the hierarchy unmounted";
  }
  if (auto removed = remove_state_directory(config.state_dir); !removed) return pass_on(removed.error());
  return done + ", " + config.state_dir + " emptied";
}

}  // namespace netclsd
