// The agent's configuration as a value: the file's keys, checked, with their defaults.
//
// Reading is all or nothing: a Config exists only if every key is known, occurs once and has a valid value. An error is
// one line. It names the file, the line, the key and what was expected:
//
//   /etc/netclsd/config.json:7: unknown key "receive_bufer"; did you mean "receive_buffer"?
//
// Pure except load_config. May be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/classes/class_policy.h"
#include "agent/logging/log.h"
#include "common/base/error.h"
#include "common/model/annotations.h"
#include "common/model/class_id.h"
#include "common/sandbox/seccomp_filter.h"

namespace netclsd {

inline constexpr const char* kDefaultConfigFile = "/etc/netclsd/config.json";
inline constexpr std::size_t kConfigFileMax_bytes = 1U << 20;
inline constexpr const char* kNetClsMountAuto = "auto";

// Where a TCP listener is bound: "127.0.0.1:9917" or "[::1]:9917". No host names: a privileged program resolves none.
struct ListenAddress {
  std::string host;  // without brackets
  std::uint16_t port = 0;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

struct NetClsConfig {
  std::string mount = kNetClsMountAuto;  // or an absolute directory
  std::string parent = "netclsd";        // one name, below the hierarchy's root
  bool keep_mounted = false;             // true: mount at start, and stay mounted while no container has a class
  friend bool operator==(const NetClsConfig&, const NetClsConfig&) = default;
};

struct LogConfig {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  friend bool operator==(const LogConfig&, const LogConfig&) = default;
};

enum class LandlockMode { kAuto, kOff };  // auto: where the kernel has it

struct SandboxConfig {
  SeccompMode seccomp = SeccompMode::kKill;
  LandlockMode landlock = LandlockMode::kAuto;
  friend bool operator==(const SandboxConfig&, const SandboxConfig&) = default;
};

// How the class of a packet's socket is carried over the veth (carry/). The value is the classid, or what `values` has
// for it.
struct CarryConfig {
  bool to_mark = false;
  bool to_priority = false;
  std::uint32_t mask = 0xffff'ffff;  // the bits of the mark that are ours; the others stay as they are
  unsigned shift = 0;                // of the value in the mark
  std::optional<std::map<ClassId, std::uint32_t>> values = {};  // std::nullopt: the whole classid
  friend bool operator==(const CarryConfig&, const CarryConfig&) = default;
};

struct Config {
  std::string socket = "/run/netclsd/agent.sock";
  std::optional<std::string> socket_group;  // a name or a number; std::nullopt: only root may connect
  std::string state_dir = "/run/netclsd";
  std::optional<ListenAddress> listen = ListenAddress{"127.0.0.1", 9917};  // std::nullopt: no TCP listener
  std::optional<std::string> web_config;  // TLS and passwords of `listen`, agent/http/web_config.h
  NetClsConfig net_cls;
  std::map<std::string, ClassId> classes;
  // A ClassName is one of `classes`.
  std::optional<std::variant<ClassId, ClassName>> default_class;
  std::vector<ClassIdRange> allowed_classids;  // empty: every classid is allowed
  std::optional<PodPolicy> policy;             // std::nullopt: every pod may have every allowed classid
  std::uint64_t receive_buffer_bytes = 64U << 20;
  std::chrono::microseconds audit_interval = std::chrono::seconds{30};
  std::chrono::microseconds event_nap = std::chrono::milliseconds{1};  // 0: never
  LogConfig log;
  SandboxConfig sandbox;
  std::optional<CarryConfig> carry;  // std::nullopt: off
  friend bool operator==(const Config&, const Config&) = default;
};

// `file_name` is for the errors, which are all kInvalid.
[[nodiscard]] Result<Config> parse_config(std::string_view text, std::string_view file_name);

// std::nullopt: the default file; if it does not exist, all values are defaults. A file that is named must exist.
[[nodiscard]] Result<Config> load_config(const std::optional<std::string>& path);

// The keys that differ and that SIGHUP cannot change, such as "net_cls.mount".
[[nodiscard]] std::vector<std::string> restart_only_changes(const Config& old, const Config& now);

}  // namespace netclsd
