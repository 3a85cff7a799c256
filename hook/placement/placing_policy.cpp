#include "hook/placement/placing_policy.h"

#include "common/base/fault_point.h"

namespace netclsd::hook {

// Event descriptors: Asio's, for the call to the agent. Futexes: the C library's, also without threads. Writing files:
// the spool, init's group, the log file and the plugin's report. Mounting: net_cls, when a container needs it; the file
// beside it is locked meanwhile.
SeccompPolicy placing_policy() {
  SeccompPolicy policy;
  policy.allow_memory()
      .allow_waiting_for_threads()
      .allow_clocks()
      .allow_random_numbers()
      .allow_looking_at_itself()
      .allow_ending()
      .allow_reading_open_files()
      .allow_writing_open_files()
      .allow_reading_files()
      .allow_making_and_writing_files()
      .allow_changing_directories()
      .allow_waiting_for_events()
      .allow_making_event_descriptors()
      .allow_calling_unix_servers()
      .allow_locking_files()
      .allow_mounting_cgroups()
      .allow_sanitizers();
  if constexpr (kHasFaultPoints) policy.allow_killing_itself();
  return policy;
}

}  // namespace netclsd::hook
