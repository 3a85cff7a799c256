// What the NRI plugin (netclsd-nri) says of itself: nri.json in the state directory. It is for people, metrics and
// alerts; nothing that the agent does depends on it. Pure, except NriReportFile.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/host/host.h"
#include "agent/metrics/counters.h"
#include "agent/sources/watched_file.h"
#include "common/api/messages.h"
#include "common/base/error.h"
#include "common/model/process.h"

namespace netclsd {

struct NriReport {
  ProcessKey plugin;
  bool is_connected = false;
  std::string runtime = {};  // "containerd 2.1.9"; empty: it was never connected
  std::string message = {};
  std::string since = {};
  std::string program_version = {};  // empty: an older plugin, which does not tell
  std::array<std::uint64_t, kNriRequests.size()> requests = {};
  std::uint64_t reconnects = 0;
  std::uint64_t timeouts = 0;
  std::array<std::uint64_t, LatencyHistogram::kBuckets> durations = {};  // not cumulative
  std::uint64_t duration_ns = 0;                                         // of all together
  friend bool operator==(const NriReport&, const NriReport&) = default;
};

// Texts are made printable and cut. What a later version adds is left out.
[[nodiscard]] Result<NriReport> parse_nri_report(std::string_view json);

// `is_alive`: the plugin's process is.
[[nodiscard]] NriView view_of(const NriReport& report, bool is_alive);

// The runtime that tells the plugin of its containers, by what it calls itself.
[[nodiscard]] std::optional<HookRuntime> served_by(const NriReport& report);

// Sets all of the plugin's metrics; null: no plugin has reported.
void count_nri(const NriReport* report, bool is_alive, Counters& counters);

inline constexpr const char* kNriReportName = "nri.json";

// nri.json, which the plugin writes: looked at once a second. Loop thread only.
class NriReportFile {
 public:
  // All outlive it.
  NriReportFile(const UniqueFd& directory, Processes& processes, Counters& counters)
      : file_(directory, kNriReportName), processes_(processes), counters_(counters) {}

  // Reads the file if it has changed, finds out whether the plugin lives, and sets its metrics. True: what now() says
  // of the connection has changed.
  [[nodiscard]] bool look();
  [[nodiscard]] const std::optional<NriView>& now() const { return now_; }
  // Of a plugin that is connected.
  [[nodiscard]] std::optional<HookRuntime> serves() const;

 private:
  void read();

  WatchedFile file_;
  Processes& processes_;
  Counters& counters_;
  std::optional<NriReport> report_;
  std::string unreadable_because_;
  bool is_alive_ = false;
  std::optional<NriView> now_;
};

}  // namespace netclsd
