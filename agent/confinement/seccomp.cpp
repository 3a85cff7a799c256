#include "agent/confinement/seccomp.h"

#include <cstdlib>

namespace netclsd {
namespace {

Result<void> confine(const SeccompPolicy& policy, SeccompMode mode) {
  if (mode == SeccompMode::kOff) return {};
  const auto filter = policy.compile(mode);
  return filter ? enforce(*filter) : pass_on(filter.error());
}

}  // namespace

// "Writing open files" is for the log, answers and the mailbox's eventfd. The files that are made are groups and their
// control files, registrations, the spool, and at the end the socket's name. A filter cannot see which file a call
// names; Landlock restricts that.
SeccompPolicy loop_policy(bool has_service_manager) {
  SeccompPolicy policy = basic_policy();
  policy.allow_making_and_writing_files()
      .allow_changing_directories()
      .allow_watching_processes()
      .allow_process_events()
      .allow_naming_itself()
      .allow_scheduling_itself();
  if (has_service_manager) policy.allow_telling_the_service_manager();
  return policy;
}

SeccompPolicy worker_policy() { return basic_policy().allow_serving_connections(); }

Result<void> confine_loop(SeccompMode mode) {
  return confine(loop_policy(std::getenv("NOTIFY_SOCKET") != nullptr), mode);
}

Result<void> confine_worker(SeccompMode mode) { return confine(worker_policy(), mode); }

}  // namespace netclsd
