// What the hook reads about a container: the state on stdin, config.json in its bundle, and its init in /proc. Nothing
// here changes anything. `proc` is "/proc" except in tests.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "common/api/messages.h"
#include "common/model/process.h"
#include "common/oci/oci.h"
#include "hook/deadline.h"

namespace netclsd::hook {

// Reads up to end-of-file. Also returns without one, when the text is whole JSON and nothing more comes: a process that
// inherited the writing end may keep it open. kTooLarge above `bytes_max`; kUnavailable when the deadline passes first.
// `fd` stays open.
[[nodiscard]] Result<std::string> read_until(int fd, std::size_t bytes_max, Deadline deadline);

// The process that the state names as init. kConflict: it has exited, or never was.
//
// Runtimes differ in what they name. The hook believes only what programs of root decide: parents, and namespaces as
// the kernel shows them. Nothing that a pod may write, such as an annotation or a name, counts here.
[[nodiscard]] Result<ProcessStat> read_init(const std::string& proc, Pid pid);

// Whether the process lives and descends from the process that called the hook: then the runtime has just made it.
// `runc restore` says "stopped" of a container that it starts, and after a container's end its pid may be another
// process's.
[[nodiscard]] bool was_made_by_caller(const std::string& proc, Pid pid);

// Whether the process is in the hook's mount namespace, which is the runtime's. No init of a container that has a mount
// namespace is, at the time of its hooks: such a process is a shim or a hypervisor, and the container's own processes
// are beyond the host's cgroups. False where the kernel does not show namespaces.
[[nodiscard]] bool shares_mounts_with_hook(const std::string& proc, Pid pid);

// A container that starts.
struct Registration {
  ContainerId id;
  RegisterRequest request;
  std::optional<ClassRequest> wanted;  // absent: asks for nothing; the agent may have a default class
  bool is_pod_known = true;            // false: its annotations contradict each other, and the agent will refuse it
};

struct Reading {
  std::optional<Registration> registration;  // absent: there is nothing to place
  std::string remark;                        // one line for people, or empty
};

// There is nothing to place for a pause container, which is never managed, and where `pid` is a host process because
// the runtime keeps the container in a virtual machine.
//
// If the state has annotations, they count: they come from the runtime. config.json adds what no state has. It is
// ignored if it cannot be read, or if its annotations differ from the state's: crun with a user namespace names "/" as
// the bundle, and a file that happens to be there belongs to no container.
[[nodiscard]] Result<Reading> read_registration(const OciState& state, const std::string& proc);

}  // namespace netclsd::hook
