// The agent's API in values, and their JSON. Field names are a contract (docs/api.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/model/annotations.h"
#include "common/model/class_id.h"
#include "common/model/container_id.h"
#include "common/model/process.h"
#include "common/model/traffic.h"

namespace netclsd {

inline constexpr const char* kDefaultSocket = "/run/netclsd/agent.sock";
inline constexpr const char* kDefaultSpool = "/run/netclsd/spool";
inline constexpr std::size_t kBodyMax_bytes = 1U << 20;

using WallTime = std::chrono::system_clock::time_point;

// Who brought a registration. kRecovered only counts in metrics: a recovered registration keeps its first source.
enum class RegistrationSource { kHook, kNri, kSpool, kApi, kRecovered };
[[nodiscard]] const char* to_string(RegistrationSource source);
[[nodiscard]] std::optional<RegistrationSource> parse_registration_source(std::string_view text);

// Body of PUT /v1/containers/{id}; also, with the id inside, a spool file.
struct RegisterRequest {
  Pid pid;
  std::optional<StartTime> start_time;  // absent: the agent takes the process it finds
  std::string bundle;                   // for people only; the agent does not read it
  Annotations annotations;
  std::optional<std::uint32_t> spec_classid;
  std::string cgroups_path;       // for people only
  std::string hook_version = {};  // empty: not a hook's
  RegistrationSource source = RegistrationSource::kApi;
  bool init_waits = false;  // for the answer, before its first instruction; of the source nri, which also brings others
  friend bool operator==(const RegisterRequest&, const RegisterRequest&) = default;
};
// Unknown keys are accepted, so that a newer hook can talk to an older agent. Errors name the field.
[[nodiscard]] Result<RegisterRequest> parse_register_request(std::string_view json);
[[nodiscard]] std::string to_json(const RegisterRequest& request);

struct SpoolEntry {
  ContainerId id;
  RegisterRequest request;
};
// A spool file is the request's JSON with "version": 1 and "id" added.
[[nodiscard]] Result<SpoolEntry> parse_spool_entry(std::string_view json);
[[nodiscard]] std::string to_json(const SpoolEntry& entry);

// Whose pod it is, and what the policy said. Empty: not known, or nothing → JSON null.
struct PodVerdict {
  std::optional<std::string> pod_namespace;  // "": no pod's. Registrations of older versions do not tell it
  std::string pod = {};                      // its name
  std::string rule = {};                     // which rule of the policy decided; empty: none was needed
  std::string refused_because = {};          // it has not what it asked for
  friend bool operator==(const PodVerdict&, const PodVerdict&) = default;
};

struct MemberView {
  Pid pid;
  std::string comm;
  bool placed = false;
};

// What the carrier does for a container (netclsd-carrier), and has counted of it.
struct CarriedInterfaceView {
  std::string interface;  // the host's end
  std::string how;        // tcx, clsact, netkit
  std::uint32_t ifindex = 0;
  std::string xdp = {};                      // native, generic, none; empty: not reported
  std::optional<std::uint64_t> before = {};  // programs of others that run first; std::nullopt: not known → JSON null
  std::optional<std::uint64_t> after = {};   // likewise, after it, at the same hook
  friend bool operator==(const CarriedInterfaceView&, const CarriedInterfaceView&) = default;
};
struct CarriedView {
  std::vector<CarriedInterfaceView> carriers = {};
  std::optional<Traffic> sent = {};  // by its processes; std::nullopt: there is nothing that counts → JSON null
  std::string problem = {};          // empty: none → JSON null
  friend bool operator==(const CarriedView&, const CarriedView&) = default;
};

struct ContainerView {
  ContainerId id;
  ClassChoice choice;
  RegistrationSource source;
  Pid pid;
  std::string group;  // absolute directory
  bool adopted = false;
  std::string membership_path;  // "HIERARCHY:PATH" as the agent sees it; empty: by descent alone → JSON null
  WallTime registered_at;
  std::uint64_t processes = 0;
  PodVerdict verdict = {};
  std::optional<CarriedView> carried = {};  // std::nullopt: no carrier knows it → JSON null
};
// `members` null: "processes" is the count; else it is the list.
[[nodiscard]] std::string to_json(const ContainerView& view, const std::vector<MemberView>* members = nullptr);
[[nodiscard]] std::string to_json(const std::vector<ContainerView>& views);  // {"containers": […]}
struct RegistrationAnswer {
  std::optional<ContainerView> view;  // std::nullopt: no class applies, the container is not managed
  bool is_new = false;
  std::string not_kept_because;          // placed, but not written down: a restart of the agent would forget it
  std::string not_managed_because = {};  // a class applies, but there is nothing to place
};
// The answer to PUT: the view with "managed": true, and "not_kept_because" if there is a reason; or {"managed": false},
// and "not_managed_because" likewise.
[[nodiscard]] std::string to_json(const RegistrationAnswer& answer);

struct ProcessView {
  Pid pid;
  std::string comm;
  std::optional<ContainerId> container;
  std::optional<ClassId> expected;  // the container's class
  std::uint32_t actual = 0;         // what its group says; 0: none
  bool placed = false;
  std::string cause;  // register, fork, exec, sweep, inherited; empty if no member
  std::optional<WallTime> since;
  PodVerdict verdict = {};  // on its container, registered or refused
};
[[nodiscard]] std::string to_json(const ProcessView& view);

struct SweepReport {
  std::uint64_t processes_seen = 0;
  std::uint64_t members = 0;
  std::uint64_t strays = 0;
  std::uint64_t moved = 0;
  std::uint64_t failed = 0;
  std::chrono::microseconds duration{0};
};
[[nodiscard]] std::string to_json(const SweepReport& report);

struct HookRuntimeView {
  std::string runtime;  // containerd, crio, podman
  std::string state;    // ok, restart_needed, missing, failed
  std::string message;  // for people
};
struct HookView {
  std::string state;  // ok, degraded, failed, disabled, unreadable
  std::string message;
  std::string written_at;  // by the clock of who wrote the report
  std::vector<HookRuntimeView> runtimes;
};

// What the NRI plugin says of itself.
struct NriView {
  std::string state;         // connected, disconnected, gone, unreadable
  std::string message = {};  // for people
  std::string runtime = {};  // the last it was connected to
  std::string since = {};    // by the plugin's clock
  std::string version = {};  // the plugin's; empty: an older one, which does not tell
  friend bool operator==(const NriView&, const NriView&) = default;
};

// What the carrier says of itself.
struct CarryView {
  std::string state;         // ok, degraded, failed, gone, unreadable
  std::string message = {};  // for people
  std::string kernel = {};   // by what it carries: tcx or clsact
  std::uint64_t carriers = 0;
  std::uint64_t repairs = 0;    // since the carrier's start
  std::uint64_t differing = 0;  // packets whose socket and cgroup named different classes
  std::uint64_t uncounted = 0;  // packets that no count had room for
  friend bool operator==(const CarryView&, const CarryView&) = default;
};

// What the agent's configuration asks of the carrier.
struct CarryWantedView {
  bool to_mark = false;
  bool to_priority = false;
  bool by_map = false;  // false: the value is the classid
  friend bool operator==(const CarryWantedView&, const CarryWantedView&) = default;
};

struct Counter {
  std::string name;
  std::uint64_t value = 0;
};
struct StatusView {
  std::string version;
  std::string revision;
  Pid pid = {};  // of the agent
  std::chrono::seconds uptime{0};
  bool ready = false;
  std::vector<std::string> not_ready_because;
  std::string net_cls_mount;  // where the hierarchy is, or will be when a container needs it
  bool net_cls_mounted = false;
  std::string parent_group;
  std::string kernel_release;
  std::vector<std::string> kernel_features = {};  // those in use
  std::vector<std::string> kernel_warnings = {};  // what is dangerous in it, and what to change
  std::uint64_t receive_buffer_bytes = 0;
  std::uint64_t receive_buffer_asked_bytes = 0;   // what the kernel gives for what the configuration asks for
  std::uint64_t receive_buffer_events = 0;        // that it holds; 0: not measured yet
  std::chrono::nanoseconds canary_round_trip{0};  // of the last canary that came; 0: they do not come → JSON null
  std::uint64_t containers = 0;
  std::uint64_t processes = 0;
  std::optional<HookView> hook = {};                 // std::nullopt: nothing was reported → JSON null
  std::optional<NriView> nri = {};                   // likewise
  std::optional<CarryView> carry = {};               // likewise
  std::optional<CarryWantedView> carry_wanted = {};  // std::nullopt: the configuration does not ask for it → JSON null
  std::vector<Counter> counters;
};
[[nodiscard]] std::string to_json(const StatusView& view);

// RFC 9457. `detail` is one line for people.
inline constexpr const char* kPlainProblem = "about:blank";
// The answer to a registration that needs the hierarchy where it is not mounted. Whoever may mount it (the hook,
// netclsctl) does, and asks again.
inline constexpr const char* kNotMountedProblem = "https://netclsd.io/problems/net-cls-not-mounted";
[[nodiscard]] std::string problem_json(int status, std::string_view detail, std::string_view type = kPlainProblem);
// Whether `body` is that answer.
[[nodiscard]] bool is_not_mounted_problem(std::string_view body);
[[nodiscard]] int http_status(ErrorCode code);
// "Not Found": the title of a plain problem, and the text after the number in an answer's first line.
[[nodiscard]] const char* status_text(int status);

}  // namespace netclsd
