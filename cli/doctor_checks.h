// The judgements of netclsctl doctor. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/hook_install/status.h"
#include "common/base/error.h"

namespace netclsd::cli {

enum class Verdict { kOk, kWarn, kFail };
[[nodiscard]] const char* to_string(Verdict verdict);

struct Check {
  Verdict verdict;
  std::string name;
  std::string text;
};

struct HostFacts {
  bool is_root = false;
  std::string kernel_release;             // uname -r
  std::string connectors;                 // /proc/net/connector; empty if unreadable, as below
  std::string controllers;                // /proc/cgroups
  std::string mountinfo;                  // /proc/self/mountinfo
  Result<std::size_t> spool_entries = 0;  // registrations that wait
  Result<std::string> agent_status = "";  // the JSON of GET /v1/status
  Result<HookStatus> hook = HookStatus{};
};

[[nodiscard]] std::vector<Check> run_checks(const HostFacts& facts);

[[nodiscard]] Check check_root(bool is_root);
[[nodiscard]] Check check_kernel(std::string_view release);
[[nodiscard]] Check check_connector(std::string_view proc_net_connector);
[[nodiscard]] Check check_controller(std::string_view proc_cgroups);
[[nodiscard]] Check check_mount(std::string_view mountinfo);
[[nodiscard]] Check check_spool(const Result<std::size_t>& entries);
[[nodiscard]] Check check_agent(const Result<std::string>& status);
[[nodiscard]] Check check_hook(const Result<HookStatus>& status);

}  // namespace netclsd::cli
