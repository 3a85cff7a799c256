#include "agent/confinement/confinement.h"

#include <cstdlib>
#include <filesystem>

#include "agent/confinement/seccomp.h"
#include "agent/logging/log.h"
#include "common/base/file.h"
#include "common/net_cls/mount.h"
#include "common/sandbox/capabilities.h"

namespace netclsd {
namespace {

constexpr std::size_t kMountInfoMax_bytes = 16U << 20;
constexpr std::string_view kNoCapability = "none";

// The root directory is everything: of it only the file itself, which then must not be replaced.
std::string directory_or_file(const std::filesystem::path& file) {
  const auto directory = file.parent_path();
  return directory == directory.root_path() ? file.string() : directory.string();
}

// As it is named, and where it is if that is a link.
void add_place_of(const std::string& file, std::vector<std::string>& places) {
  std::error_code error;
  const auto named = std::filesystem::absolute(file, error);
  if (!error) places.push_back(directory_or_file(named));
  const auto found = std::filesystem::canonical(file, error);
  if (!error) places.push_back(directory_or_file(found));
}

void add_cgroup_mounts(std::vector<std::string>& places) {
  const auto mountinfo = read_file("/proc/self/mountinfo", kMountInfoMax_bytes);
  if (!mountinfo) return;
  for (const CgroupMount& mount : find_cgroup_mounts(*mountinfo)) places.push_back(mount.mount_point);
}

// systemd's is a path, or "@" and an abstract name.
bool has_abstract_service_manager() {
  const char* address = std::getenv("NOTIFY_SOCKET");
  return address != nullptr && *address == '@';
}

Result<int> lock_files(LandlockMode mode, const LandlockRules& rules) {
  if (mode == LandlockMode::kOff) return 0;
  const auto restricted = restrict_with_landlock(rules);
  if (restricted) {
    // The agent then reads in /proc which processes are there.
    for (const std::string& mount : *restricted) {
      log_event(LogLevel::kWarning, "cgroup_mount_out_of_reach", {{"mount", mount}});
    }
    return landlock_abi();
  }
  if (restricted.error().code() != ErrorCode::kUnavailable) return pass_on(restricted.error());
  log_event(LogLevel::kWarning, "no_landlock", {{"reason", restricted.error().message()}});
  return 0;
}

SeccompMode possible_seccomp(SeccompMode wanted) {
  if (wanted == SeccompMode::kOff || has_seccomp_filters()) return wanted;
  log_event(LogLevel::kWarning, "no_seccomp",
            {{"reason", "this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER)"}});
  return SeccompMode::kOff;
}

}  // namespace

LandlockRules reachable_files(const CommandLine& command_line, const Config& config, const std::string& net_cls_mount,
                              const std::vector<std::string>& web_files) {
  LandlockRules rules;
  rules.read = {"/proc"};
  add_cgroup_mounts(rules.read_if_reachable);
  add_place_of(command_line.config_file.value_or(kDefaultConfigFile), rules.read);
  for (const std::string& file : web_files) add_place_of(file, rules.read);
  rules.groups = {net_cls_mount};
  rules.files = {config.state_dir};
  rules.removal = {std::filesystem::path(config.socket).parent_path().string()};
  rules.reaches_abstract_sockets = has_abstract_service_manager();
  return rules;
}

Result<Confinement> confine_process(const SandboxConfig& wanted, const LandlockRules& rules,
                                    const EventStream& events) {
  const auto needs_nothing = works_without_net_admin([&] { return events.can_subscribe_anew(); });
  if (!needs_nothing) return pass_on(needs_nothing.error());
  if (auto dropped = drop_capabilities(*needs_nothing ? Keep::kNothing : Keep::kNetAdmin); !dropped) {
    return pass_on(dropped.error());
  }
  const auto abi = lock_files(wanted.landlock, rules);
  if (!abi) return pass_on(abi.error());
  return Confinement{
      .capabilities = permitted_capabilities(), .landlock_abi = *abi, .seccomp = possible_seccomp(wanted.seccomp)};
}

Result<void> confine_server_thread(SeccompMode mode) {
  const auto confined = confine_worker(mode);
  return confined ? Result<void>{} : pass_on(confined.error(), "confine a thread of the server");
}

std::vector<std::string> features_in_use(const Confinement& confinement) {
  std::vector<std::string> features;
  if (confinement.capabilities == kNoCapability) features.emplace_back("process events without a capability");
  if (confinement.seccomp != SeccompMode::kOff) features.emplace_back("seccomp");
  if (confinement.landlock_abi > 0) features.push_back("landlock ABI " + std::to_string(confinement.landlock_abi));
  return features;
}

}  // namespace netclsd
