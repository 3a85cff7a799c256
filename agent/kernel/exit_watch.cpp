#include "agent/kernel/exit_watch.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace netclsd {

Result<bool> PidfdExitWatch::watch(Pid pid) {
  forget(pid);
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid.value, 0)));  // close-on-exec by itself
  if (!pidfd.is_open() && errno == ESRCH) return false;
  if (!pidfd.is_open()) return system_failure(errno, "open a pidfd of", to_string(pid));
  auto added = loop_.add(pidfd.get(), [this, pid] {
    const auto report = on_exit_;
    forget(pid);
    report(pid);
  });
  if (!added) return pass_on(added.error());
  pidfds_.insert_or_assign(pid, std::move(pidfd));
  return true;
}

void PidfdExitWatch::forget(Pid pid) {
  const auto found = pidfds_.find(pid);
  if (found == pidfds_.end()) return;
  loop_.remove(found->second.get());
  pidfds_.erase(found);
}

}  // namespace netclsd
