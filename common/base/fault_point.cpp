#include "common/base/fault_point.h"

#include <array>
#include <utility>

namespace netclsd {
namespace {

constexpr std::array<std::string_view, kFaultPoints> kNames = {
    "event_receive",  "drop_counter",  "proc_slice",  "register_identify",   "register_group", "register_place",
    "register_watch", "register_keep", "group_make",  "classid_write",       "cgroup_attach",  "group_remove",
    "file_write",     "file_sync",     "file_rename", "file_directory_sync", "file_remove",    "agent_connect",
    "agent_write",    "agent_read",    "install_step"};
static_assert(!kNames.back().empty(), "each point has a name");

FaultHandler& handler() {
  static FaultHandler of_the_process;
  return of_the_process;
}

}  // namespace

std::string_view to_string(FaultPoint point) { return kNames[static_cast<std::size_t>(point)]; }

void set_fault_handler(FaultHandler new_handler) { handler() = std::move(new_handler); }

std::optional<int> ask_fault_handler(FaultPoint point) { return handler() ? handler()(point) : std::nullopt; }

}  // namespace netclsd
