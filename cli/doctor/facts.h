// What netclsctl doctor knows of the host before it judges (checks.h). Texts of files are empty where they cannot be
// read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/doctor/kernel_config.h"
#include "cli/doctor/tc.h"
#include "cli/hook_install/status.h"
#include "common/base/error.h"
#include "common/json/fields.h"

namespace netclsd::cli {

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

// Where a process lives, and what it may do.
struct ProcessPlace {
  std::string user_namespace = {};  // "user:[4026531837]"; empty: cannot be read, as below
  std::string pid_namespace = {};
  std::string connectors = {};                     // /proc/PID/net/connector: only the host's network has it
  std::optional<std::uint64_t> capabilities = {};  // the permitted ones, as bits
};

// A containerd that serves Kubernetes, and what it keeps from hooks.
struct ContainerdAnnotations {
  std::string config_path = {};
  bool calls_hook = false;                         // as far as its handlers' base specs tell
  std::vector<std::string> handlers_without = {};  // runc's, that do not pass our annotations
  std::string unreadable_because = {};
};

// At the host's end of a veth that has a carrier, as the kernel tells netclsctl itself.
struct CarriedInterface {
  std::string name;
  std::optional<bool> has_gro = {};     // std::nullopt: not known
  std::vector<TcFilter> filters = {};   // of clsact, at ingress, ours left out
  std::string unreadable_because = {};  // empty: it was looked at
};

struct HostFacts {
  bool is_root = false;
  std::string kernel_release = {};           // uname -r
  Result<KernelConfig> kernel_config = {};   // an error: it cannot be read, and why
  std::string connectors = {};               // /proc/net/connector
  std::string controllers = {};              // /proc/cgroups
  std::string boot_parameters = {};          // /proc/cmdline
  std::string mountinfo = {};                // /proc/self/mountinfo
  std::string hosts_mountinfo = {};          // /proc/1/mountinfo
  std::string init_cgroup = {};              // /proc/1/cgroup
  std::string forward_update_priority = {};  // net.ipv4.ip_forward_update_priority
  MisledPrograms misled = {};
  std::string time_namespace = {};  // the target of /proc/self/ns/time; empty: this kernel has none
  ProcessPlace own_place = {};
  std::optional<ProcessPlace> agents_place = {};  // std::nullopt: its process is not to be seen here
  Result<std::size_t> spool_entries = 0;          // registrations that wait for the agent
  bool has_nri_socket = false;
  Result<HookStatus> hook = HookStatus{};
  std::vector<ContainerdAnnotations> containerds = {};
  std::optional<std::string> rules_daemon = {};  // the pid of a running cgrulesengd
  std::string rules = {};                        // its cgrules.conf, and what is in cgrules.d
  AskingContainers asking = {};
  Result<Json> agent_status = Json::object();      // GET /v1/status
  Result<Json> agent_containers = Json::object();  // GET /v1/containers
  std::vector<CarriedInterface> carried = {};
  Result<std::vector<Queueing>> queueing = {};  // of all interfaces that have more than the kernel's default
};

}  // namespace netclsd::cli
