#include "cli/hook_install/hook_entry.h"

#include <chrono>
#include <string>

#include "common/base/text.h"

namespace netclsd::cli {
namespace {

constexpr const char* kFirstArgument = "netclsd-hook";  // argv[0]
constexpr const char* kTimeoutOption = "--timeout";

std::string timeout_text(const std::vector<std::string>& arguments) {
  const std::string joined = std::string(kTimeoutOption) + "=";
  std::string text = "500ms";
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    if (arguments[at].starts_with(joined)) text = arguments[at].substr(joined.size());
    if (arguments[at] == kTimeoutOption && at + 1 < arguments.size()) text = arguments[at + 1];
  }
  return text;
}

std::vector<std::string> arguments_of(const HookEntry& entry, const char* stage) {
  std::vector<std::string> arguments{kFirstArgument};
  arguments.insert(arguments.end(), entry.arguments.begin(), entry.arguments.end());
  if (stage != nullptr) arguments.emplace_back(stage);
  return arguments;
}

OrderedJson to_json_value(const HookEntry& entry, const char* stage) {
  return {{"path", entry.path}, {"args", arguments_of(entry, stage)}, {"timeout", runtime_timeout_s(entry.arguments)}};
}

std::string to_text(const OrderedJson& json) {
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

OrderedJson without(const OrderedJson& hooks, const std::string& path) {
  OrderedJson others = OrderedJson::array();
  for (const OrderedJson& hook : hooks) {
    if (!hook.is_object() || hook.value("path", OrderedJson()) != path) others.push_back(hook);
  }
  return others;
}

void put_hook(OrderedJson& hooks, const HookEntry& entry, const char* stage) {
  OrderedJson others = hooks[stage].is_array() ? without(hooks[stage], entry.path) : OrderedJson::array();
  others.push_back(to_json_value(entry, stage));
  hooks[stage] = others;
}

constexpr std::string_view kBuiltIn = R"({
  "ociVersion": "1.0.2-dev",
  "process": {
    "user": {"uid": 0, "gid": 0},
    "cwd": "/",
    "capabilities": {
      "bounding": [
        "CAP_CHOWN",
        "CAP_DAC_OVERRIDE",
        "CAP_FSETID",
        "CAP_FOWNER",
        "CAP_MKNOD",
        "CAP_NET_RAW",
        "CAP_SETGID",
        "CAP_SETUID",
        "CAP_SETFCAP",
        "CAP_SETPCAP",
        "CAP_NET_BIND_SERVICE",
        "CAP_SYS_CHROOT",
        "CAP_KILL",
        "CAP_AUDIT_WRITE"
      ],
      "effective": [
        "CAP_CHOWN",
        "CAP_DAC_OVERRIDE",
        "CAP_FSETID",
        "CAP_FOWNER",
        "CAP_MKNOD",
        "CAP_NET_RAW",
        "CAP_SETGID",
        "CAP_SETUID",
        "CAP_SETFCAP",
        "CAP_SETPCAP",
        "CAP_NET_BIND_SERVICE",
        "CAP_SYS_CHROOT",
        "CAP_KILL",
        "CAP_AUDIT_WRITE"
      ],
      "permitted": [
        "CAP_CHOWN",
        "CAP_DAC_OVERRIDE",
        "CAP_FSETID",
        "CAP_FOWNER",
        "CAP_MKNOD",
        "CAP_NET_RAW",
        "CAP_SETGID",
        "CAP_SETUID",
        "CAP_SETFCAP",
        "CAP_SETPCAP",
        "CAP_NET_BIND_SERVICE",
        "CAP_SYS_CHROOT",
        "CAP_KILL",
        "CAP_AUDIT_WRITE"
      ]
    },
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
    "noNewPrivileges": true
  },
  "root": {"path": "rootfs"},
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
    {
      "destination": "/dev",
      "type": "tmpfs",
      "source": "tmpfs",
      "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]
    },
    {
      "destination": "/dev/pts",
      "type": "devpts",
      "source": "devpts",
      "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]
    },
    {
      "destination": "/dev/shm",
      "type": "tmpfs",
      "source": "shm",
      "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]
    },
    {
      "destination": "/dev/mqueue",
      "type": "mqueue",
      "source": "mqueue",
      "options": ["nosuid", "noexec", "nodev"]
    },
    {
      "destination": "/sys",
      "type": "sysfs",
      "source": "sysfs",
      "options": ["nosuid", "noexec", "nodev", "ro"]
    },
    {
      "destination": "/run",
      "type": "tmpfs",
      "source": "tmpfs",
      "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]
    }
  ],
  "linux": {
    "resources": {"devices": [{"allow": false, "access": "rwm"}]},
    "cgroupsPath": "/default",
    "namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, {"type": "network"}],
    "maskedPaths": [
      "/proc/acpi",
      "/proc/asound",
      "/proc/kcore",
      "/proc/keys",
      "/proc/latency_stats",
      "/proc/timer_list",
      "/proc/timer_stats",
      "/proc/sched_debug",
      "/sys/firmware",
      "/sys/devices/virtual/powercap",
      "/proc/scsi"
    ],
    "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
  }
})";

}  // namespace

int runtime_timeout_s(const std::vector<std::string>& arguments) {
  const auto timeout = parse_duration(timeout_text(arguments)).value_or(std::chrono::milliseconds{500});
  return static_cast<int>(std::chrono::ceil<std::chrono::seconds>(timeout).count()) + 1;
}

std::string hooks_d_text(const HookEntry& entry) {
  // Without ^ and $ the pattern would match a part of a key.
  OrderedJson narrow = {{"annotations", {{"^netclsd\\.io/(class|classid)(\\..+)?$", ".*"}}}};
  return to_text({{"version", "1.0.0"},
                  {"hook", to_json_value(entry, nullptr)},
                  {"when", entry.all_containers ? OrderedJson{{"always", true}} : narrow},
                  {"stages", {"prestart", "poststop"}}});
}

std::string add_hook(OrderedJson spec, const HookEntry& entry) {
  OrderedJson& hooks = spec["hooks"];
  if (!hooks.is_object()) hooks = OrderedJson::object();
  put_hook(hooks, entry, "prestart");
  return to_text(spec);
}

std::string remove_hook(OrderedJson spec, const std::string& path) {
  if (!spec.contains("hooks") || !spec["hooks"].is_object()) return to_text(spec);
  for (auto& [stage, hooks] : spec["hooks"].items()) {
    if (hooks.is_array()) hooks = without(hooks, path);
  }
  return to_text(spec);
}

std::string_view built_in_spec() { return kBuiltIn; }

Result<OrderedJson> parse_spec(std::string_view text, std::string_view what) {
  OrderedJson spec = OrderedJson::parse(text, nullptr, false);
  if (spec.is_discarded() || !spec.is_object()) return invalid(std::string(what) + " is not a JSON object");
  if (!spec.contains("ociVersion")) return invalid(std::string(what) + " is no OCI spec: it has no ociVersion");
  return spec;
}

OrderedJson without_security_defaults(OrderedJson spec) {
  if (spec["process"].is_object()) {
    spec["process"].erase("rlimits");
    spec["process"].erase("apparmorProfile");
  }
  if (spec["linux"].is_object()) spec["linux"].erase("seccomp");
  return spec;
}

}  // namespace netclsd::cli
