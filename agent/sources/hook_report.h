// What `netclsctl hook install` and `hook status` found out about the container runtimes: hook.json in the state
// directory. It is for people, metrics and alerts; nothing that the agent does depends on it. Pure, except
// HookReportFile.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host/host.h"
#include "agent/metrics/counters.h"
#include "agent/sources/watched_file.h"
#include "common/api/messages.h"
#include "common/base/error.h"
#include "common/model/process.h"

namespace netclsd {

enum class RuntimeState { kOk, kRestartNeeded, kMissing, kFailed, kEnd };
inline constexpr std::array kRuntimeStates = {"ok", "restart_needed", "missing", "failed"};

struct RuntimeReport {
  HookRuntime runtime{};
  RuntimeState state{};
  std::string message = {};
  // With kRestartNeeded: the runtime's process, which was started before its configuration was changed.
  std::optional<ProcessKey> not_read_by = {};
  friend bool operator==(const RuntimeReport&, const RuntimeReport&) = default;
};

struct HookReport {
  HookState state{};
  std::string message = {};
  std::string written_at = {};
  std::vector<RuntimeReport> runtimes = {};  // each of them once
  friend bool operator==(const HookReport&, const HookReport&) = default;
};

// Texts are made printable and cut. An unknown runtime (a later version may know it) is left out. An unknown state, or
// a runtime that is named twice, is an error.
[[nodiscard]] Result<HookReport> parse_hook_report(std::string_view json);

// The report as it is true now: a runtime that had to be restarted is in order as soon as that process is gone, and one
// that does not call the hook is as long as it tells the NRI plugin of its containers (`by_nri`). So is the whole, if
// nothing else is wrong.
[[nodiscard]] HookReport as_it_is(HookReport report, const std::function<bool(const ProcessKey&)>& lives,
                                  std::optional<HookRuntime> by_nri = std::nullopt);

[[nodiscard]] HookView view_of(const HookReport& report);

// Sets all of the hook's gauges; std::nullopt: there is no report.
void count_hook(const std::optional<HookReport>& report, Counters& counters);

inline constexpr const char* kHookReportName = "hook.json";

// hook.json, which others write: looked at once a second. Loop thread only.
class HookReportFile {
 public:
  // All outlive it.
  HookReportFile(const UniqueFd& directory, Processes& processes, Counters& counters)
      : file_(directory, kHookReportName), processes_(processes), counters_(counters) {}

  // Reads the file if it has changed, and finds out whether a runtime was restarted since. Sets the hook's gauges.
  // True: now() has changed.
  [[nodiscard]] bool look(std::optional<HookRuntime> by_nri = std::nullopt);

  // What holds now; std::nullopt: there is no report.
  [[nodiscard]] const std::optional<HookReport>& now() const { return now_; }

 private:
  void read_if_changed();
  [[nodiscard]] bool lives(const ProcessKey& process);

  WatchedFile file_;
  Processes& processes_;
  Counters& counters_;
  std::optional<HookReport> written_;
  std::optional<HookReport> now_;
};

}  // namespace netclsd
