#include "agent/host/procfs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "common/base/file.h"
#include "common/base/text.h"
#include "common/model/process.h"

namespace netclsd {
namespace {

constexpr std::size_t kFileMax_bytes = 1U << 20;       // a status of the 65,536 groups a process may have
constexpr std::size_t kMountsBeginning_bytes = 4'096;  // of mountinfo: what one read gives
constexpr std::size_t kEntriesMax = 5'000'000;         // pid_max cannot exceed 4,194,304
constexpr std::size_t kThreadsMax = 5'000'000;

bool is_gone(const Error& error) { return error.sys_errno() == ENOENT || error.sys_errno() == ESRCH; }

Failure unreadable(const Error& error) { return pass_on(error, "/proc"); }

}  // namespace

Result<std::vector<Pid>> Procfs::list() {
  auto names = list_some_names(root_, kEntriesMax);
  if (!names) return pass_on(names.error(), "list /proc");
  std::vector<Pid> pids;
  for (const std::string& name : *names) {
    if (const auto pid = parse_unsigned(name)) pids.push_back(Pid{static_cast<std::int32_t>(*pid)});
  }
  if (auto sees = check_sight(); !sees) return pass_on(sees.error());
  return pids;
}

Result<void> Procfs::check_sight() {
  const auto stat = read_if_alive("1/stat");
  if (!stat) return failure(ErrorCode::kUnavailable, stat.error().message());
  if (!*stat) return failure(ErrorCode::kUnavailable, "/proc hides processes: pid 1 is not to be seen");
  return {};
}

std::optional<ProcessFacts> Procfs::facts(Pid pid) { return read_facts(pid).value_or(std::nullopt); }

Result<std::optional<ProcessFacts>> Procfs::look_at(Pid pid) {
  auto facts = read_facts(pid);
  if (facts && *facts) return facts;
  if (auto sees = check_sight(); !sees) return pass_on(sees.error());
  return facts;
}

Result<std::optional<ProcessFacts>> Procfs::read_facts(Pid pid) {
  const std::string directory = to_string(pid);
  const auto text = read_if_alive(directory + "/stat");
  if (!text) return pass_on(text.error());
  if (!*text) return std::nullopt;
  const auto stat = parse_process_stat(**text);
  if (!stat) return failure(ErrorCode::kSystem, "/proc/" + directory + "/stat has unexpected content");
  if (is_dead(*stat)) return std::nullopt;
  auto paths = is_leader_dead(*stat) ? cgroups_of_another_thread(pid) : cgroups_in(directory);
  if (!paths) return pass_on(paths.error());
  if (!*paths) return std::nullopt;
  return ProcessFacts{pid, stat->parent, stat->start_time, std::move(**paths), {}};
}

std::optional<CgroupPaths> Procfs::cgroups(Pid pid) { return cgroups_in(to_string(pid)).value_or(std::nullopt); }

Result<std::optional<CgroupPaths>> Procfs::cgroups_in(const std::string& directory) {
  const auto text = read_if_alive(directory + "/cgroup");
  if (!text) return pass_on(text.error());
  return *text ? std::optional(CgroupPaths::parse(**text)) : std::nullopt;
}

// A leader that has exited shows where it was ("/" in v1 hierarchies) for ever: a move takes only the threads that
// live.
Result<std::optional<CgroupPaths>> Procfs::cgroups_of_another_thread(Pid leader) {
  const std::string tasks = to_string(leader) + "/task";
  auto directory = open_at(root_, tasks, O_RDONLY | O_DIRECTORY);
  const auto names = directory ? list_names(*directory, kThreadsMax) : pass_on(directory.error());
  if (!names && is_gone(names.error())) return std::nullopt;
  if (!names) return unreadable(names.error());
  for (const std::string& name : *names) {
    if (name == to_string(leader)) continue;
    auto paths = cgroups_in(tasks + "/" + name);
    if (!paths || *paths) return paths;
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
  const std::string process_status = read(directory + "/status").value_or("");
  const auto pids = pids_in_namespaces(process_status);
  facts.pid_depth = pids.size();
  facts.is_reaper = !pids.empty() && pids.back() == "1";
  const std::string mountinfo = beginning_of(directory + "/mountinfo");
  facts.root_mount = parse_root_mount(mountinfo);
  facts.root = parse_root(mountinfo);
  return facts;
}

// A tenant may have made 100,000 mounts, and only the first lines are wanted.
std::string Procfs::beginning_of(const std::string& name) {
  std::array<char, kMountsBeginning_bytes> text{};
  const auto file = open_at(root_, name, O_RDONLY);
  const ssize_t size = file ? ::read(file->get(), text.data(), text.size()) : 0;
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

// Empty is what a process shows that is about to be gone.
Result<std::optional<std::string>> Procfs::read_if_alive(const std::string& name) {
  auto text = read_generated_at(root_, name, kFileMax_bytes);
  if (!text && !is_gone(text.error())) return unreadable(text.error());
  if (!text || text->empty()) return std::nullopt;
  return std::move(*text);
}

std::optional<std::string> Procfs::read(const std::string& name) { return read_if_alive(name).value_or(std::nullopt); }

}  // namespace netclsd
