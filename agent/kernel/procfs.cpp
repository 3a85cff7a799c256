#include "agent/kernel/procfs.h"

#include <sys/stat.h>

#include "common/base/file.h"
#include "common/base/text.h"
#include "common/model/process_stat.h"

namespace netclsd {
namespace {

constexpr std::size_t kFileMax_bytes = 65'536;
constexpr std::size_t kEntriesMax = 5'000'000;  // pid_max cannot exceed 4,194,304
constexpr std::size_t kThreadsMax = 5'000'000;

}  // namespace

Result<std::vector<Pid>> Procfs::list() {
  auto names = list_some_names(root_, kEntriesMax);
  if (!names) return pass_on(names.error(), "list /proc");
  std::vector<Pid> pids;
  for (const std::string& name : *names) {
    if (const auto pid = parse_unsigned(name)) pids.push_back(Pid{static_cast<std::int32_t>(*pid)});
  }
  return pids;
}

std::optional<ProcessFacts> Procfs::facts(Pid pid) {
  const auto text = read(to_string(pid) + "/stat");
  const auto stat = text ? parse_process_stat(*text) : std::nullopt;
  if (!stat || is_dead(*stat)) return std::nullopt;
  auto paths = is_leader_dead(*stat) ? cgroups_of_another_thread(pid) : cgroups(pid);
  if (!paths) return std::nullopt;
  return ProcessFacts{pid, stat->parent, stat->start_time, std::move(*paths), 0};
}

std::optional<CgroupPaths> Procfs::cgroups(Pid pid) {
  auto text = read(to_string(pid) + "/cgroup");
  if (!text) return std::nullopt;
  return CgroupPaths::parse(*text);
}

// A leader that has exited shows where it was ("/" in v1 hierarchies) for ever: a move takes only the threads that
// live.
std::optional<CgroupPaths> Procfs::cgroups_of_another_thread(Pid leader) {
  const std::string tasks = to_string(leader) + "/task";
  auto directory = open_at(root_, tasks, O_RDONLY | O_DIRECTORY);
  const auto names = directory ? list_names(*directory, kThreadsMax) : pass_on(directory.error());
  if (!names) return std::nullopt;
  for (const std::string& name : *names) {
    if (name == to_string(leader)) continue;
    if (auto text = read(std::string(tasks).append("/").append(name).append("/cgroup")))
      return CgroupPaths::parse(*text);
  }
  return std::nullopt;
}

std::optional<StartTime> Procfs::start_time(Pid pid) {
  const auto text = read(to_string(pid) + "/stat");
  const auto stat = text ? parse_process_stat(*text) : std::nullopt;
  if (!stat || is_dead(*stat)) return std::nullopt;
  return stat->start_time;
}

std::string Procfs::comm(Pid pid) {
  auto text = read(to_string(pid) + "/comm").value_or("");
  return text.substr(0, text.find('\n'));
}

std::uint64_t Procfs::pid_namespace(Pid pid) {
  struct stat status {};
  const std::string name = to_string(pid) + "/ns/pid";
  return ::fstatat(root_.get(), name.c_str(), &status, 0) == 0 ? status.st_ino : 0;
}

std::optional<std::string> Procfs::read(const std::string& name) {
  auto text = read_generated_at(root_, name, kFileMax_bytes);
  if (!text || text->empty()) return std::nullopt;
  return std::move(*text);
}

}  // namespace netclsd
