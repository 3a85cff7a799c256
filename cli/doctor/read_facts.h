// Reads what the checks judge: this host's files, what the kernel says of its interfaces, and the agent's answers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/doctor/facts.h"

namespace netclsd::cli {

// `root`: the tree that has proc/, etc/, run/ and boot/. It is "" except in tests.
[[nodiscard]] HostFacts read_facts(const std::string& root, const AskAgent& ask);

// In found_containers.cpp and found_programs.cpp.
[[nodiscard]] AskingContainers find_asking_containers(const std::string& root);
[[nodiscard]] std::vector<ContainerdAnnotations> find_annotations(const std::string& root);
// cgrulesengd is libcgroup's daemon. Some hosts still run it. Its pid.
[[nodiscard]] std::optional<std::string> find_rules_daemon(const std::string& proc);

// Running programs that read only the first line of /proc/self/cgroup: on a cgroup v2 host they do not find their
// limits while net_cls is mounted.
inline constexpr std::size_t kExamplesMax = 5;
[[nodiscard]] MisledPrograms find_misled_programs(const std::string& proc);

// Node.js and Bun are known by their name; Elasticsearch and OpenSearch are Java programs with that word in their
// command line. `exe`: the target of /proc/PID/exe, empty if it cannot be read. Pure.
[[nodiscard]] bool is_likely_misled(std::string_view exe, std::string_view comm, std::string_view command_line);

inline constexpr std::size_t kReadMax_bytes = 16U << 20;
// Empty: it cannot be read. The check says what that means.
[[nodiscard]] std::string read_or_empty(const std::string& path);
[[nodiscard]] std::string link_or_empty(const std::string& path);

}  // namespace netclsd::cli
