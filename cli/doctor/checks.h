// The checks of netclsctl doctor: each judges the facts about one thing. docs/doctor.md says of each what it can find
// and how to mend that. Pure.
#pragma once

#include <array>

#include "cli/doctor/facts.h"
#include "cli/doctor/finding.h"

namespace netclsd::cli {

// kernel_checks.cpp
[[nodiscard]] Finding judge_kernel(const HostFacts& facts);
[[nodiscard]] Finding judge_kernel_options(const HostFacts& facts);
[[nodiscard]] Finding judge_process_events(const HostFacts& facts);
[[nodiscard]] Finding judge_net_cls(const HostFacts& facts);
[[nodiscard]] Finding judge_favordynmods(const HostFacts& facts);

// host_checks.cpp
[[nodiscard]] Finding judge_root(const HostFacts& facts);
[[nodiscard]] Finding judge_namespaces(const HostFacts& facts);
[[nodiscard]] Finding judge_time_namespace(const HostFacts& facts);
[[nodiscard]] Finding judge_proc(const HostFacts& facts);
[[nodiscard]] Finding judge_hierarchy(const HostFacts& facts);
[[nodiscard]] Finding judge_first_line(const HostFacts& facts);
[[nodiscard]] Finding judge_rules_daemon(const HostFacts& facts);

// agent_checks.cpp
[[nodiscard]] Finding judge_agent(const HostFacts& facts);
[[nodiscard]] Finding judge_capabilities(const HostFacts& facts);
[[nodiscard]] Finding judge_canary(const HostFacts& facts);
[[nodiscard]] Finding judge_receive_buffer(const HostFacts& facts);
[[nodiscard]] Finding judge_versions(const HostFacts& facts);
[[nodiscard]] Finding judge_spool(const HostFacts& facts);

// runtime_checks.cpp
[[nodiscard]] Finding judge_hook(const HostFacts& facts);
// What the hook's installation has reported to the agent about the container runtimes. That is more than this root
// shows, which may be a pod's.
[[nodiscard]] Finding judge_runtimes(const HostFacts& facts);
[[nodiscard]] Finding judge_annotations(const HostFacts& facts);
[[nodiscard]] Finding judge_nri(const HostFacts& facts);
// Whether the agent knows each container that asks. It sees only what the runtime has put into the bundles.
[[nodiscard]] Finding judge_containers(const HostFacts& facts);

// carry_checks.cpp. A node without a carrier is in order.
[[nodiscard]] Finding judge_carry(const HostFacts& facts);
[[nodiscard]] Finding judge_bpf_file_system(const HostFacts& facts);
[[nodiscard]] Finding judge_carriers(const HostFacts& facts);
[[nodiscard]] Finding judge_xdp(const HostFacts& facts);
[[nodiscard]] Finding judge_gro(const HostFacts& facts);
[[nodiscard]] Finding judge_priority(const HostFacts& facts);
[[nodiscard]] Finding judge_use(const HostFacts& facts);

struct Check {
  const char* name;  // stable: scripts look for it
  Finding (*judge)(const HostFacts& facts);
};
inline constexpr std::array kChecks = {Check{"root", judge_root},
                                       Check{"kernel", judge_kernel},
                                       Check{"kernel options", judge_kernel_options},
                                       Check{"process events", judge_process_events},
                                       Check{"net_cls", judge_net_cls},
                                       Check{"favordynmods", judge_favordynmods},
                                       Check{"hierarchy", judge_hierarchy},
                                       Check{"first line", judge_first_line},
                                       Check{"namespaces", judge_namespaces},
                                       Check{"time", judge_time_namespace},
                                       Check{"/proc", judge_proc},
                                       Check{"cgrulesengd", judge_rules_daemon},
                                       Check{"agent", judge_agent},
                                       Check{"capabilities", judge_capabilities},
                                       Check{"canary", judge_canary},
                                       Check{"receive buffer", judge_receive_buffer},
                                       Check{"versions", judge_versions},
                                       Check{"spool", judge_spool},
                                       Check{"hook", judge_hook},
                                       Check{"runtimes", judge_runtimes},
                                       Check{"annotations", judge_annotations},
                                       Check{"nri", judge_nri},
                                       Check{"containers", judge_containers},
                                       Check{"carry", judge_carry},
                                       Check{"bpf file system", judge_bpf_file_system},
                                       Check{"carriers", judge_carriers},
                                       Check{"xdp", judge_xdp},
                                       Check{"gro", judge_gro},
                                       Check{"priority", judge_priority},
                                       Check{"use", judge_use}};

}  // namespace netclsd::cli
