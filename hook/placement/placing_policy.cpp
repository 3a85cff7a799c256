#include "hook/placement/placing_policy.h"

namespace netclsd::hook {

// Event descriptors: Asio's, for the call to the agent. Futexes, in the basic policy: the C library's, also without
// threads. Writing files: the spool, init's group, the log file and the plugin's report. Mounting: net_cls, when a
// container needs it; the file beside it is locked meanwhile.
SeccompPolicy placing_policy() {
  return basic_policy()
      .allow_making_and_writing_files()
      .allow_changing_directories()
      .allow_making_event_descriptors()
      .allow_calling_unix_servers()
      .allow_locking_files()
      .allow_mounting_cgroups();
}

}  // namespace netclsd::hook
