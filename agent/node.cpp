#include "agent/node.h"

#include <sys/stat.h>

#include <chrono>
#include <utility>

#include "agent/containers/registration_files.h"
#include "agent/host/net_cls_groups.h"
#include "agent/state_directory.h"
#include "common/base/file.h"
#include "common/model/cgroup_paths.h"
#include "common/net_cls/group.h"
#include "common/net_cls/mount_files.h"
#include "common/net_cls/own_mount.h"

namespace netclsd {
namespace {

constexpr int kRoundsMax = 16;  // of moving processes out of a group while they fork
constexpr int kDepthMax = 16;   // of groups in groups
constexpr std::size_t kOwnCgroups_bytes = 1U << 20;
constexpr std::chrono::seconds kMountMax{5};
constexpr std::chrono::seconds kUnmountMax{2};
// A removed group is freed when its last process has been reaped, which is not ours to do.
constexpr std::chrono::seconds kUnmountForGoodMax{10};

class CleanUp {
 public:
  explicit CleanUp(UniqueFd root) : groups_(std::move(root)) {}

  Result<void> declassify(const std::string& directory, std::uint32_t raw, int depth = 0);
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

// The runtime's own group stays, and its processes stay in it. The groups below it have the class, too.
Result<void> CleanUp::declassify(const std::string& directory, std::uint32_t raw, int depth) {
  const auto classid = groups_.classid(directory);
  if (!classid) return {};                             // gone
  if (*classid == raw) {                               // otherwise somebody else has changed it meanwhile
    auto written = groups_.set_classid(directory, 0);  // before its children: a new group copies it
    if (!written && written.error().code() != ErrorCode::kNotFound) return written;
  }
  const auto children = groups_.children(directory);
  if (!children || depth == kDepthMax) return {};  // what is deeper was not made by a runtime
  for (const std::string& child : *children) {
    if (auto done = declassify(directory + "/" + child, raw, depth + 1); !done) return done;
  }
  return {};
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

// It may be the parent group of another agent.
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

// The mode of a root is 0555: only CAP_DAC_OVERRIDE allows to make groups in it, and the agent gives that up. But it
// must be able to make its parent group again after somebody has removed all groups, as cgclear does. If the mode
// cannot be changed, a hook makes the group. In our own mount it always does: whoever unmounts relies on it that the
// agent makes none.
void let_owner_make_groups(const UniqueFd& root) { static_cast<void>(::fchmod(root.get(), 0755)); }
void let_nobody_make_groups(const UniqueFd& root) { static_cast<void>(::fchmod(root.get(), 0555)); }

Result<std::string> clean_up_groups(const Config& config, const NetClsMount& mount, RegistrationFiles& registrations) {
  auto root = open_directory(mount.mount_point);
  if (!root) return pass_on(root.error());
  let_nobody_make_groups(*root);
  CleanUp clean_up(std::move(*root));
  for (const auto& registration : registrations.load()) {
    if (!registration) continue;  // unreadable; a group of ours is below the parent, which is removed as well
    auto done = registration->is_adopted
                    ? clean_up.declassify(registration->directory, registration->choice.classid.raw())
                    : clean_up.remove(registration->directory);
    if (!done) return pass_on(done.error());
  }
  if (auto removed = clean_up.remove(config.net_cls.parent); !removed) return pass_on(removed.error());
  // The hook knows no configuration: while the agent is away it makes groups below the default parent.
  clean_up.remove_if_unused(kDefaultParentGroup);
  return clean_up.in_words();
}

std::chrono::steady_clock::time_point at_most(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

// With a default class every container needs it.
bool keeps_mounted(const Config& config) { return config.net_cls.keep_mounted || config.default_class.has_value(); }

// A hierarchy that somebody else has mounted, and that stays.
Result<Hierarchy> use(const Config& config, const NetClsMount& mount) {
  if (auto alone = expect_no_others(mount); !alone) return pass_on(alone.error());
  const auto root = open_directory(mount.mount_point);
  if (!root) return pass_on(root.error());
  if (auto made = make_group(*root, config.net_cls.parent); !made) return pass_on(made.error());
  let_owner_make_groups(*root);
  return Hierarchy{.mount = mount};
}

Result<Hierarchy> use_directory(const Config& config) {
  const auto mount = find_or_mount_net_cls(config.net_cls.mount);
  return mount ? use(config, *mount) : pass_on(mount.error());
}

// Also if it is mounted already: its parent group may be missing.
Result<Hierarchy> prepare_own(const Config& config, const OwnMount& own) {
  if (auto expected = expect_net_cls("/proc"); !expected) return pass_on(expected.error());
  if (auto written = write_mount_settings(config); !written) return pass_on(written.error());
  Hierarchy hierarchy{.mount = {own.directory, "/"}, .is_own = true};
  if (keeps_mounted(config) || has_users(own)) {
    const auto held = hold_mounted(own, at_most(kMountMax));
    if (!held) hierarchy.not_mounted_because = held.error().message();
  }
  const auto found = find_net_cls(own.directory);
  if (found && *found) hierarchy.mount = **found;
  return hierarchy;
}

// False: it is not mounted now.
Result<bool> tidy_up(const OwnMount& own) {
  if (auto unmounted = unmount_if_unused(own, MountAgent::kIsAway, at_most(kUnmountMax)); !unmounted)
    return pass_on(unmounted.error());
  if (!is_mounted(own)) return false;
  const auto held = hold_mounted(own, at_most(kMountMax));  // and has the parent group
  return held ? Result<bool>(true) : pass_on(held.error());
}

// An agent without privileges mounts it in its own mount namespace, and that ends with the agent. A hierarchy that has
// groups lives on, mounted nowhere.
bool lives_unmounted() {
  const auto text = read_file("/proc/self/cgroup", kOwnCgroups_bytes);
  return text && CgroupPaths::parse(*text).net_cls() != nullptr;
}

Result<std::optional<NetClsMount>> find_to_clean_up(const Config& config) {
  auto found = find_net_cls(config.net_cls.mount);
  const bool is_ours = config.net_cls.mount == kNetClsMountAuto;
  if (!found || *found || !is_ours || !lives_unmounted()) return found;
  const auto held = hold_mounted(own_mount(config), at_most(kMountMax));
  return held ? find_net_cls(config.net_cls.mount) : pass_on(held.error());
}

}  // namespace

OwnMount own_mount(const Config& config) {
  return {.directory = canonical_path(own_mount_point(config.state_dir)), .spool = config.state_dir + "/spool"};
}

Result<void> write_mount_settings(const Config& config) {
  return write_mount_settings(own_mount(config).directory,
                              {.parent = config.net_cls.parent, .keeps_mounted = keeps_mounted(config)});
}

Result<Hierarchy> prepare_hierarchy(const Config& config) {
  if (config.net_cls.mount != kNetClsMountAuto) return use_directory(config);
  const OwnMount own = own_mount(config);
  const auto found = find_net_cls(kNetClsMountAuto);
  if (!found) return pass_on(found.error());
  if (*found && (**found).mount_point != own.directory) return use(config, **found);
  return prepare_own(config, own);
}

Result<std::string> prepare_node(const Config& config) {
  if (auto made = make_directories(config.state_dir, 0700); !made) return pass_on(made.error());
  const auto hierarchy = prepare_hierarchy(config);
  if (!hierarchy) return pass_on(hierarchy.error());
  if (!hierarchy->not_mounted_because.empty()) return failure(ErrorCode::kSystem, hierarchy->not_mounted_because);
  if (hierarchy->is_own) {
    const auto is_needed = tidy_up(own_mount(config));
    if (!is_needed) return pass_on(is_needed.error());
    if (!*is_needed) {
      return "net_cls is not mounted, and will be at " + hierarchy->mount.mount_point + " when a container needs it";
    }
  }
  return "net_cls is mounted at " + hierarchy->mount.mount_point + " and has the group " + config.net_cls.parent;
}

Result<std::string> clean_up_node(const Config& config) {
  std::string done = "no net_cls hierarchy is mounted";
  {
    auto state = StateDirectory::open(config.state_dir);
    if (!state) return pass_on(state.error());
    const auto mount = find_to_clean_up(config);
    if (!mount) return pass_on(mount.error());
    RegistrationFiles registrations(std::move(state->containers));
    if (*mount) {
      auto groups = clean_up_groups(config, **mount, registrations);
      if (!groups) return groups;
      done = *groups;
    }
    const auto unmounted = unmount(own_mount(config), at_most(kUnmountForGoodMax));
    if (!unmounted) return pass_on(unmounted.error());
    if (*unmounted == Unmounted::kBusy) {
      return failure(ErrorCode::kUnavailable,
                     own_mount(config).directory + " is in use: somebody has a directory in it open");
    }
    if (*unmounted != Unmounted::kNotMounted) done += ", the hierarchy unmounted";
  }
  if (auto removed = remove_state_directory(config.state_dir); !removed) return pass_on(removed.error());
  return done + ", " + config.state_dir + " emptied";
}

}  // namespace netclsd
