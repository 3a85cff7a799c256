#include "agent/host/surroundings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "common/base/file.h"
#include "common/net_cls/kernel_flaws.h"
#include "common/proc/proc.h"

namespace netclsd {
namespace {

// The initial namespaces' inode numbers are constants of the kernel (include/linux/proc_ns.h).
constexpr std::string_view kInitialUser = "user:[4026531837]";
constexpr std::string_view kInitialPid = "pid:[4026531836]";
constexpr std::size_t kConnectorListMax_bytes = 65'536;
constexpr std::size_t kMountsSeenMax_bytes = 16U << 20;

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

std::string what_prevents_events(const UniqueFd& proc) {
  if (const std::string user = read_link(proc, "self/ns/user"); user != kInitialUser) {
    return "the agent runs in a user namespace of its own (" + user +
           "), where the kernel ignores subscriptions: run it without one (hostUsers: true)";
  }
  if (const std::string pid = read_link(proc, "self/ns/pid"); pid != kInitialPid) {
    return "the agent runs in a pid namespace of its own (" + pid +
           "), where the kernel ignores subscriptions: run it with the host's pids (hostPID: true)";
  }
  if (!kernel_has_proc_events(proc)) {
    return std::string(
               "this kernel has no process events (cn_proc is not in /proc/net/connector): use a kernel built "
               "with ") +
           kProcessEventOptions;
  }
  return {};
}

std::string explain_hidden_processes(const UniqueFd& proc) {
  const auto mountinfo = read_file_at(proc, "self/mountinfo", kMountsSeenMax_bytes);
  const Hidepid hidepid = find_hidepid(mountinfo.value_or(""));
  if (!hidepid.options.empty()) return describe_hidepid(hidepid);
  return "pid 1 cannot be read in /proc, and the options of its mount do not tell why: a security module?";
}

Result<void> expect_initial_time(const std::string& proc) {
  const std::string own = own_time_namespace(proc);
  if (own.empty() || own == kInitialTimeNamespace) return {};
  return failure(ErrorCode::kUnavailable,
                 "the agent runs in a time namespace of its own (" + own +
                     "), where start times are not those of the kernel's process events: run it in the initial one");
}

std::string look_for_favordynmods(const UniqueFd& proc, const std::string& release) {
  if (!may_crash_at_early_moves(release)) return {};
  const auto read = [&](const char* name) { return read_file_at(proc, name, kMountsSeenMax_bytes).value_or(""); };
  const std::string own = read("self/mountinfo");
  const std::string hosts = read("1/mountinfo");
  return what_forbids_early_moves(release, {own, hosts}, read("cmdline"));
}

std::string kernel_release() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "";
}

Result<void> Presence::expect(std::string what, std::string path) {
  UniqueFd held(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!held.is_open()) return system_failure(errno, "open", path);
  places_.push_back({std::move(what), std::move(path), std::move(held)});
  return {};
}

std::string Presence::missing() const {
  const auto lost = std::find_if_not(places_.begin(), places_.end(), is_there);
  return lost == places_.end() ? "" : "the " + lost->what + " " + lost->path + " was removed or replaced";
}

// The path may be a mount in the agent's own mount namespace, as in a pod. If the directory is removed on the host, the
// path still leads to it, but its link count is 0.
bool Presence::is_there(const Place& place) {
  struct stat ours {};
  struct stat found {};
  if (::fstat(place.held.get(), &ours) != 0 || ::stat(place.path.c_str(), &found) != 0) return false;
  return ours.st_dev == found.st_dev && ours.st_ino == found.st_ino && found.st_nlink > 0;
}

}  // namespace netclsd
