#include "agent/kernel/procfs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

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
  return ProcessFacts{pid, stat->parent, stat->start_time, std::move(*paths), {}};
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
    if (auto text = read(tasks + "/" + name + "/cgroup")) return CgroupPaths::parse(*text);
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

NamespaceFacts Procfs::namespaces(Pid pid) {
  const std::string directory = to_string(pid);
  NamespaceFacts facts;
  struct stat status {};
  if (::fstatat(root_.get(), (directory + "/ns/pid").c_str(), &status, 0) == 0) facts.pid_namespace = status.st_ino;
  facts.pid_depth = parse_pid_depth(read(directory + "/status").value_or(""));
  facts.root_mount = parse_root_mount(beginning_of(directory + "/mountinfo"));
  return facts;
}

// A tenant may have made 100,000 mounts, and only the first line is wanted.
std::string Procfs::beginning_of(const std::string& name) {
  std::array<char, 64> text{};
  const auto file = open_at(root_, name, O_RDONLY);
  const ssize_t size = file ? ::read(file->get(), text.data(), text.size()) : 0;
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

std::optional<std::string> Procfs::read(const std::string& name) {
  auto text = read_generated_at(root_, name, kFileMax_bytes);
  if (!text || text->empty()) return std::nullopt;
  return std::move(*text);
}

}  // namespace netclsd
