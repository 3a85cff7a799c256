#include "carry/sandbox.h"

#include <filesystem>

#include "agent/logging/log.h"
#include "common/sandbox/capabilities.h"

namespace netclsd::carry {
namespace {

// The root directory is everything: of it only the file itself.
std::string place_of(const std::filesystem::path& file) {
  const auto directory = file.parent_path();
  return directory == directory.root_path() ? file.string() : directory.string();
}

Result<void> lock_files(LandlockMode mode, const LandlockRules& rules) {
  if (mode == LandlockMode::kOff) return {};
  const auto restricted = restrict_with_landlock(rules);
  if (restricted) return {};
  if (restricted.error().code() != ErrorCode::kUnavailable) return pass_on(restricted.error());
  log_event(LogLevel::kWarning, "no_landlock", {{"reason", restricted.error().message()}});
  return {};
}

Result<void> lock_calls(SeccompMode mode) {
  if (mode == SeccompMode::kOff) return {};
  if (!has_seccomp_filters()) {
    log_event(LogLevel::kWarning, "no_seccomp", {{"reason", "this kernel has no seccomp filters"}});
    return {};
  }
  const auto filter = carry_policy().compile(mode);
  return filter ? enforce(*filter) : pass_on(filter.error());
}

}  // namespace

SeccompPolicy carry_policy() {
  return basic_policy()
      .allow_making_and_writing_files()
      .allow_changing_directories()
      .allow_asking_open_netlink()
      .allow_using_loaded_bpf();
}

LandlockRules carry_files(const std::string& config_file, const std::string& state_dir, const std::string& pins) {
  LandlockRules rules;
  rules.read = {"/proc"};
  std::error_code error;
  if (const auto named = std::filesystem::absolute(config_file, error); !error) rules.read.push_back(place_of(named));
  if (const auto found = std::filesystem::canonical(config_file, error); !error) rules.read.push_back(place_of(found));
  rules.files = {state_dir, pins};
  return rules;
}

Result<void> confine_carrier(const SandboxConfig& wanted, const LandlockRules& rules) {
  if (auto dropped = drop_capabilities(Keep::kNetAdminAndBpf); !dropped) return dropped;
  if (auto locked = lock_files(wanted.landlock, rules); !locked) return locked;
  return lock_calls(wanted.seccomp);
}

}  // namespace netclsd::carry
