// The plugin's command line. Pure. There is no configuration file: classes and policy are the agent's.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/api/messages.h"
#include "common/net_cls/own_mount.h"
#include "hook/placement/arguments.h"

namespace netclsd::nri {

using hook::Information;
using hook::OnFailure;

struct NriOptions {
  std::string nri_socket = "/run/nri/nri.sock";
  std::string name = "netclsd";
  std::string index = "10";  // two digits: plugins are called in this order
  std::string socket = kDefaultSocket;
  std::string spool = kDefaultSpool;
  std::string mount = kDefaultOwnMount;
  std::chrono::milliseconds timeout{1'000};  // for the agent's answer while a container waits
  OnFailure on_failure = OnFailure::kAllow;
  std::vector<std::string> deny_exempt_namespaces;
  std::string report = "/run/netclsd/nri.json";  // what the agent shows of the plugin; empty: none
  std::string log_file;                          // empty: none
  std::optional<SeccompMode> seccomp;            // absent: kKill
};

// `arguments` without argv[0]. An error is wrong usage.
[[nodiscard]] Result<std::variant<NriOptions, Information>> parse_nri_options(
    std::span<const std::string_view> arguments);

[[nodiscard]] std::string nri_help();

}  // namespace netclsd::nri
