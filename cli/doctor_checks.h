// The checks of netclsctl doctor: each judges one fact about the host. Pure.
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

// Running programs that read only the first line of /proc/self/cgroup.
struct MisledPrograms {
  std::size_t count = 0;
  std::vector<std::string> examples = {};  // "node (pid 4711)", kExamplesMax at most
};

// A running container that asks for a class by an annotation.
struct AskingContainer {
  std::string id;
  std::string name;  // for people: "shop/web/nginx (pid 4711)"
};
struct AskingContainers {
  std::vector<AskingContainer> found = {};
  bool is_complete = true;  // false: there are more bundles than are looked at
};

struct HostFacts {
  bool is_root = false;
  std::string kernel_release;   // uname -r
  std::string connectors;       // /proc/net/connector; empty if unreadable, as below
  std::string controllers;      // /proc/cgroups
  std::string boot_parameters;  // /proc/cmdline
  std::string mountinfo;        // /proc/self/mountinfo
  std::string hosts_mountinfo;  // /proc/1/mountinfo
  std::string init_cgroup;      // /proc/1/cgroup
  MisledPrograms misled = {};
  std::string time_namespace;             // the target of /proc/self/ns/time; empty: this kernel has none
  Result<std::size_t> spool_entries = 0;  // registrations that wait for the agent
  Result<std::string> agent_status = "";  // the JSON of GET /v1/status
  bool has_nri_socket = false;
  Result<HookStatus> hook = HookStatus{};
  std::optional<std::string> rules_daemon;  // the pid of a running cgrulesengd
  std::string rules;                        // its cgrules.conf, and what is in cgrules.d
  AskingContainers asking = {};
  Result<std::string> agent_containers = "";  // the JSON of GET /v1/containers
};

[[nodiscard]] std::vector<Check> run_checks(const HostFacts& facts);

[[nodiscard]] Check check_root(bool is_root);
[[nodiscard]] Check check_kernel(std::string_view release);
[[nodiscard]] Check check_connector(std::string_view proc_net_connector);
[[nodiscard]] Check check_controller(std::string_view proc_cgroups, std::string_view proc_cmdline);
[[nodiscard]] Check check_favordynmods(const HostFacts& facts);
// `can_be_mounted`: nothing in the kernel is in the way (check_controller).
[[nodiscard]] Check check_mount(std::string_view mountinfo, bool can_be_mounted);
[[nodiscard]] Check check_first_line(std::string_view init_cgroup, const MisledPrograms& misled);
[[nodiscard]] Check check_proc(std::string_view mountinfo);
[[nodiscard]] Check check_time_namespace(std::string_view link);
[[nodiscard]] Check check_spool(const Result<std::size_t>& entries);
[[nodiscard]] Check check_agent(const Result<std::string>& status);
// What the hook's installation has reported to the agent about the container runtimes. That is more than this root
// shows, which may be a pod's.
[[nodiscard]] Check check_runtimes(const Result<std::string>& agent_status);
[[nodiscard]] Check check_nri(const Result<std::string>& agent_status, bool has_nri_socket);
// A node without a carrier is in order.
[[nodiscard]] Check check_carry(const Result<std::string>& agent_status);
[[nodiscard]] Check check_hook(const Result<HookStatus>& status);
// Whether the agent knows each container that asks. It sees only what the runtime has put into the bundles.
[[nodiscard]] Check check_containers(const AskingContainers& asking, const Result<std::string>& agent_containers);
[[nodiscard]] Check check_rules_daemon(const std::optional<std::string>& pid, std::string_view rules);

}  // namespace netclsd::cli
