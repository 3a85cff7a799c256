#include "hook/placement/placement.h"

#include <optional>
#include <utility>
#include <vector>

#include "common/base/file.h"
#include "common/net_cls/group.h"
#include "common/net_cls/mount.h"
#include "common/proc/proc.h"
#include "hook/placement/init.h"

namespace netclsd::hook {
namespace {

constexpr std::size_t kMountinfoMax_bytes = 16U << 20;  // a node with thousands of containers has thousands of mounts

struct Init {
  const std::string& proc;
  Pid pid;
  std::optional<StartTime> start_time;
  bool is_waited_for_by_caller;  // who called this program is a runtime that has just made init, or is its helper
};

struct Hierarchy {
  UniqueFd root;
  std::string root_path;  // in /proc/PID/cgroup's terms
};

Result<ClassId> explicit_class(const Registration& registration) {
  if (!registration.is_pod_known) return invalid("its annotations contradict each other about its pod");
  if (!registration.wanted) return invalid("it asks for no class");
  if (const auto* class_id = std::get_if<ClassId>(&registration.wanted->wanted)) return *class_id;
  return invalid("class " + std::get<ClassName>(registration.wanted->wanted).text + " is known to the agent alone");
}

Result<Hierarchy> open_hierarchy(const std::string& proc) {
  auto mountinfo = read_file(proc + "/self/mountinfo", kMountinfoMax_bytes);
  if (!mountinfo) return pass_on(mountinfo.error());
  const auto mount = find_net_cls_mount(*mountinfo);
  if (!mount) return failure(ErrorCode::kNotFound, "no net_cls hierarchy is mounted");
  if (auto alone = expect_no_others(*mount); !alone) return pass_on(alone.error());
  auto root = open_directory(mount->mount_point);
  if (!root) return pass_on(root.error());
  return Hierarchy{.root = *std::move(root), .root_path = mount->root};
}

// Since the runtime wrote the pid down, its number may have been given to another process.
Result<void> check_identity(const Init& init) {
  auto stat = read_process_stat(init.proc, init.pid);
  if (!stat) return pass_on(stat.error());
  const bool is_alive = *stat && !is_dead(**stat);
  if (is_alive && in_initial_time(init.proc, (*stat)->start_time) == init.start_time) return {};
  return failure(ErrorCode::kConflict, "init is gone");
}

// The group that the runtime made for init alone, if there is one. When a hook is called init has no children yet, and
// a group that init has only inherited contains the runtime as well.
Result<std::optional<UniqueFd>> own_group(const Hierarchy& hierarchy, const std::string& id, const Init& init) {
  auto paths = read_cgroup_paths(init.proc, init.pid);
  if (!paths) return pass_on(paths.error());
  const std::string* path = *paths ? (*paths)->net_cls() : nullptr;
  const auto relative = path != nullptr ? relative_path(hierarchy.root_path, *path) : std::nullopt;
  if (!relative || relative->empty()) return std::nullopt;
  auto group = open_group(hierarchy.root, *relative);
  if (!group) return pass_on(group.error());
  auto processes = processes_in(*group);
  if (!processes) return pass_on(processes.error());
  const bool is_alone = *processes == std::vector{init.pid};
  // gVisor reports one process, its sandbox, as the init of all containers of a pod: it keeps the class of the first.
  // But the init of a container in a container, which was just made, has only inherited the other's group. An NRI
  // plugin is called by no runtime, so it cannot tell the two apart, and leaves both to the agent.
  const std::string ours = std::string(kDefaultParentGroup) + "/";
  const bool is_anothers = relative->starts_with(ours) && *relative != ours + id;
  const bool is_just_made = init.is_waited_for_by_caller && was_made_by_caller(init.proc, init.pid);
  if (is_anothers && (is_alone || !is_just_made))
    return failure(ErrorCode::kConflict, "init is placed already, for container " + relative->substr(ours.size()));
  if (!is_alone) return std::nullopt;
  return std::optional(*std::move(group));
}

Result<void> adopt(const UniqueFd& group, ClassId class_id, const Init& init) {
  if (auto checked = check_identity(init); !checked) return checked;
  return write_classid(group, class_id.raw());
}

// The classid first: an observer must never see init in a group of class 0.
Result<void> fill_group(const UniqueFd& group, ClassId class_id, const Init& init) {
  if (auto written = write_classid(group, class_id.raw()); !written) return written;
  if (auto checked = check_identity(init); !checked) return checked;
  auto attached = attach(group, init.pid);
  if (!attached) return pass_on(attached.error());
  if (*attached == AttachOutcome::kProcessGone) return failure(ErrorCode::kConflict, "init is gone");
  return {};
}

Result<void> place_in_new_group(const UniqueFd& root, const std::string& id, ClassId class_id, const Init& init) {
  const std::string relative = std::string(kDefaultParentGroup) + "/" + id;
  auto group = make_group(root, relative);
  if (!group) return pass_on(group.error());
  auto filled = fill_group(*group, class_id, init);
  // If this fails, too, people still need to read why init was not placed.
  if (!filled) static_cast<void>(remove_group(root, relative));
  return filled;
}

Result<void> place(const Hierarchy& hierarchy, const std::string& id, ClassId class_id, const Init& init) {
  if (auto checked = check_identity(init); !checked) return checked;
  auto group = own_group(hierarchy, id, init);
  if (!group) return pass_on(group.error());
  if (*group) return adopt(**group, class_id, init);
  return place_in_new_group(hierarchy.root, id, class_id, init);
}

}  // namespace

Result<ClassId> place_init(const Registration& registration, const std::string& proc) {
  auto class_id = explicit_class(registration);
  if (!class_id) return class_id;
  auto hierarchy = open_hierarchy(proc);
  if (!hierarchy) return pass_on(hierarchy.error());
  const RegisterRequest& request = registration.request;
  const Init init{proc, request.pid, request.start_time, request.source == RegistrationSource::kHook};
  if (auto placed = place(*hierarchy, registration.id.text(), *class_id, init); !placed) return pass_on(placed.error());
  return class_id;
}

Result<void> leave_in_spool(const std::string& directory, const Registration& registration) {
  if (auto made = make_directories(directory, 0700); !made) return made;
  auto spool = open_directory(directory);
  if (!spool) return pass_on(spool.error());
  SpoolEntry entry{.id = registration.id, .request = registration.request};
  entry.request.source = RegistrationSource::kSpool;
  entry.request.init_waits = false;  // it will have run when somebody looks
  return write_atomically_at(*spool, registration.id.text() + ".json", to_json(entry), 0600);
}

}  // namespace netclsd::hook
