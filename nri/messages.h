// NRI's and ttrpc's messages as values, and their protocol buffers (docs/nri.md names the versions). Only what the
// plugin needs is read; unknown fields are skipped, so that newer runtimes are understood. Errors are one line. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/model/annotations.h"
#include "common/model/process.h"

namespace netclsd::nri {

inline constexpr const char* kPluginService = "nri.pkg.api.v1alpha1.Plugin";
inline constexpr const char* kRuntimeService = "nri.pkg.api.v1alpha1.Runtime";

// The status of a ttrpc answer.
enum class Status : std::uint32_t { kOk = 0, kFailedPrecondition = 9, kUnimplemented = 12 };

struct Call {
  std::string service;
  std::string method;
  std::string body;
};
[[nodiscard]] Result<Call> parse_call(std::string_view payload);
[[nodiscard]] std::string to_bytes(const Call& call);

struct Answer {
  std::uint32_t status = 0;
  std::string message;  // for people, of an error
  std::string body;
};
[[nodiscard]] Result<Answer> parse_answer(std::string_view payload);
[[nodiscard]] std::string to_bytes(const Answer& answer);

[[nodiscard]] std::string register_plugin_body(std::string_view name, std::string_view index);

struct Configuration {
  std::string runtime;                           // "containerd", "cri-o"
  std::string version;                           // "v1.7.24", "2.1.9~ds1"
  std::chrono::milliseconds request_timeout{0};  // of each event; 0: not said
};
[[nodiscard]] Result<Configuration> parse_configuration(std::string_view body);

// The events that a plugin may subscribe to: bit EVENT - 1.
enum class Event : std::uint32_t { kStartContainer = 6, kPostStartContainer = 7 };
[[nodiscard]] std::string configured_body(std::initializer_list<Event> events);

// Only annotations that we know are kept (is_known_annotation()).
struct Pod {
  std::string id;
  std::string name;
  std::string name_space;
  Annotations annotations;
};

enum class ContainerState : std::uint32_t { kUnknown, kCreated, kPaused, kRunning, kStopped };

struct Container {
  std::string id;
  std::string pod_id;
  std::string name;
  std::uint32_t state = 0;  // a ContainerState, or a newer runtime's
  Annotations annotations;
  std::string cgroups_path;
  Pid pid;  // 0: not said, or no pid
};

struct Subject {
  Pod pod;
  Container container;
};

// Of pods, and of containers. An empty one takes two bytes of a message, and some hundred of memory.
inline constexpr std::size_t kListedMax = 20'000;
struct Listing {
  std::vector<Pod> pods;
  std::vector<Container> containers;
  bool has_more = false;
};
// kTooLarge: there are more than kListedMax.
[[nodiscard]] Result<Listing> parse_listing(std::string_view body);
[[nodiscard]] std::string listed_body(bool has_more);

struct StateChange {
  std::uint32_t event = 0;
  Subject subject;
};
[[nodiscard]] Result<StateChange> parse_state_change(std::string_view body);
// The request of StartContainer and PostStartContainer, which NRI 0.12 sends instead of StateChange.
[[nodiscard]] Result<Subject> parse_subject(std::string_view body);

}  // namespace netclsd::nri
