#include <algorithm>

#include "cli/doctor/read_facts.h"
#include "common/base/file.h"
#include "common/base/text.h"

namespace netclsd::cli {
namespace {

constexpr std::size_t kProcessesMax = 4U << 20;  // the kernel's limit of pids

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// The pids in `proc`. Empty: it cannot be read.
std::vector<std::string> pids_in(const std::string& proc) {
  const auto directory = open_directory(proc);
  auto names = directory ? list_some_names(*directory, kProcessesMax) : pass_on(directory.error());
  if (!names) return {};
  std::erase_if(*names, [](const std::string& name) { return !parse_unsigned(name); });
  return *std::move(names);
}

}  // namespace

std::optional<std::string> find_rules_daemon(const std::string& proc) {
  for (const std::string& pid : pids_in(proc)) {
    if (read_or_empty(proc + "/" + pid + "/comm") == "cgrulesengd\n") return pid;
  }
  return std::nullopt;
}

bool is_likely_misled(std::string_view exe, std::string_view comm, std::string_view command_line) {
  const std::string_view name = exe.empty() ? comm : file_name(exe);
  if (name == "node" || name == "nodejs" || name == "bun") return true;
  const auto runs = [&](std::string_view program) { return command_line.find(program) != std::string_view::npos; };
  return name == "java" && (runs("elasticsearch") || runs("opensearch"));
}

MisledPrograms find_misled_programs(const std::string& proc) {
  MisledPrograms found;
  for (const std::string& pid : pids_in(proc)) {
    const std::string at = proc + "/" + pid;
    const std::string exe = link_or_empty(at + "/exe");
    std::string comm = read_or_empty(at + "/comm");
    if (comm.ends_with('\n')) comm.pop_back();
    if (!is_likely_misled(exe, comm, read_or_empty(at + "/cmdline"))) continue;
    ++found.count;
    if (found.examples.size() >= kExamplesMax) continue;
    found.examples.push_back(printable(exe.empty() ? comm : file_name(exe)) + " (pid " + pid + ")");
  }
  return found;
}

}  // namespace netclsd::cli
