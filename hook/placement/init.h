// A container's init in /proc. Nothing here changes anything. `proc` is "/proc" except in tests.
//
// Runtimes differ in what they name as init. Only what programs of root decide is believed: parents, and namespaces as
// the kernel shows them. Nothing that a pod may write, such as an annotation or a name, counts here.
#pragma once

#include <string>

#include "common/base/error.h"
#include "common/model/process.h"

namespace netclsd::hook {

// The process that the runtime names as init. kConflict: it has exited, or never was.
[[nodiscard]] Result<ProcessStat> read_init(const std::string& proc, Pid pid);

// Whether the process lives and descends from the process that called this program: then the runtime has just made it.
// `runc restore` says "stopped" of a container that it starts, and after a container's end its pid may be another
// process's.
[[nodiscard]] bool was_made_by_caller(const std::string& proc, Pid pid);

// Whether the process is in the mount namespace of `other`, "self" or a pid: of this program, which for a hook is the
// runtime's, or of the host's first process. No init of a container that has a mount namespace is, at the time of its
// hooks: such a process is a shim or a hypervisor, and the container's own processes are beyond the host's cgroups.
// False where the kernel does not show namespaces.
[[nodiscard]] bool shares_mounts(const std::string& proc, Pid pid, const std::string& other = "self");

// For people, of a process that shares the host's mounts.
[[nodiscard]] std::string nothing_to_place_because(const ProcessStat& process);

}  // namespace netclsd::hook
