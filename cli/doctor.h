// netclsctl doctor: what this host offers, as netclsctl sees it. The facts are collected here. Pure functions judge
// them (doctor_checks.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/doctor_checks.h"

namespace netclsd::cli {

[[nodiscard]] HostFacts collect_facts(const std::string& root, const AskAgent& ask);

// One line for each check. Exit status 1 if a check failed, 3 if one warns.
[[nodiscard]] CommandResult report_checks(const std::vector<Check>& checks, OutputFormat format);

// Running programs that read only the first line of /proc/self/cgroup: on a cgroup v2 host they do not find their
// limits while net_cls is mounted.
inline constexpr std::size_t kExamplesMax = 5;
[[nodiscard]] MisledPrograms find_misled_programs(const std::string& proc);

// Node.js and Bun are known by their name; Elasticsearch and OpenSearch are Java programs with that word in their
// command line. `exe`: the target of /proc/PID/exe, empty if it cannot be read. Pure.
[[nodiscard]] bool is_likely_misled(std::string_view exe, std::string_view comm, std::string_view command_line);

}  // namespace netclsd::cli
