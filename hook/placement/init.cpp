#include "hook/placement/init.h"

#include <unistd.h>

#include <array>
#include <cstddef>
#include <optional>

#include "common/base/file.h"
#include "common/base/text.h"
#include "common/proc/proc.h"

namespace netclsd::hook {
namespace {

constexpr std::size_t kStatMax_bytes = 4'096;
constexpr int kGenerationsMax = 8;  // init is a child of the runtime, or of a helper of it

std::optional<ProcessStat> alive(const std::string& proc, Pid pid) {
  auto stat = read_process_stat(proc, pid);
  if (!stat || !*stat || is_dead(**stat)) return std::nullopt;
  return **stat;
}

std::optional<Pid> caller_of_this(const std::string& proc) {
  const auto text = read_file(proc + "/self/stat", kStatMax_bytes);
  const auto stat = text ? parse_process_stat(*text) : std::nullopt;
  // 1, the host's init: the caller has exited. 0: it is in another pid namespace.
  if (!stat || stat->parent.value <= 1) return std::nullopt;
  return stat->parent;
}

std::string mount_namespace(const std::string& proc, const std::string& process) {
  std::array<char, 64> name{};
  const ssize_t size = ::readlink((proc + "/" + process + "/ns/mnt").c_str(), name.data(), name.size());
  return size < 0 ? "" : std::string(name.data(), static_cast<std::size_t>(size));
}

}  // namespace

Result<ProcessStat> read_init(const std::string& proc, Pid pid) {
  auto stat = read_process_stat(proc, pid);
  if (!stat) return pass_on(stat.error());
  if (!*stat || is_dead(**stat)) return failure(ErrorCode::kConflict, "init, pid " + to_string(pid) + ", is gone");
  return **stat;
}

bool was_made_by_caller(const std::string& proc, Pid pid) {
  const auto caller = caller_of_this(proc);
  if (!caller) return false;
  for (int generation = 0; generation < kGenerationsMax && pid.value > 1; ++generation) {
    const auto process = alive(proc, pid);
    if (!process) return false;
    if (process->parent == *caller) return true;
    pid = process->parent;
  }
  return false;
}

bool shares_mounts(const std::string& proc, Pid pid, const std::string& other) {
  const std::string theirs = mount_namespace(proc, other);
  return !theirs.empty() && theirs == mount_namespace(proc, to_string(pid));
}

std::string nothing_to_place_because(const ProcessStat& process) {
  return "pid " + to_string(process.pid) + " (" + printable(process.comm) +
         ") is a process of the host and none of the container, which its runtime keeps in a virtual machine or " +
         "sandbox: there is nothing to place";
}

}  // namespace netclsd::hook
