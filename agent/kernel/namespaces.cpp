#include "agent/kernel/namespaces.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "common/base/file.h"

namespace netclsd {
namespace {

// The initial namespaces' inode numbers are constants of the kernel (include/linux/proc_ns.h).
constexpr std::string_view kInitialUser = "user:[4026531837]";
constexpr std::string_view kInitialPid = "pid:[4026531836]";
constexpr std::size_t kConnectorListMax_bytes = 65'536;

std::string read_link(const UniqueFd& proc, const char* name) {
  std::array<char, 64> target{};
  const ssize_t size = ::readlinkat(proc.get(), name, target.data(), target.size());
  return size < 0 ? "" : std::string(target.data(), static_cast<std::size_t>(size));
}

bool kernel_has_proc_events(const UniqueFd& proc) {
  const auto list = read_file_at(proc, "net/connector", kConnectorListMax_bytes);
  return list && list->find("cn_proc") != std::string::npos;
}

}  // namespace

std::string explain_silence(const UniqueFd& proc) {
  if (const std::string user = read_link(proc, "self/ns/user"); user != kInitialUser) {
    return "the agent runs in a user namespace of its own (" + user +
           "), where the kernel ignores subscriptions: run it without one (hostUsers: true)";
  }
  if (const std::string pid = read_link(proc, "self/ns/pid"); pid != kInitialPid) {
    return "the agent runs in a pid namespace of its own (" + pid +
           "), where the kernel ignores subscriptions: run it with the host's pids (hostPID: true)";
  }
  if (!kernel_has_proc_events(proc)) {
    return "this kernel has no proc connector (cn_proc is not in /proc/net/connector): use a kernel built with "
           "CONFIG_PROC_EVENTS";
  }
  return "the kernel's proc connector is there and stays silent";
}

std::string kernel_release() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "";
}

}  // namespace netclsd
