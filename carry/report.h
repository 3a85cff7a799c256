// What the carrier says of itself, and what it has counted: carry.json in the agent's state directory, which the agent
// shows. Written at most once a second, and only if something has changed.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "carry/attachments.h"
#include "carry/differences.h"
#include "carry/kernel_maps.h"
#include "carry/plan.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "common/model/process.h"

namespace netclsd::carry {

inline constexpr const char* kReportName = "carry.json";

enum class State { kOk, kDegraded, kFailed };
[[nodiscard]] const char* to_string(State state);

struct CarrierView {
  std::string interface;
  InterfaceIndex index = 0;
  Attachment attachment;
  Xdp xdp = Xdp::kNone;
};

struct ContainerView {
  ContainerId id;
  std::vector<CarrierView> carriers = {};
  bool has_fallback = false;
  std::string problem = {};      // why an interface has no carrier; empty: all have one
  std::string no_fallback = {};  // why there is none
  std::optional<Difference> difference = {};
};

struct CountView {
  std::optional<ContainerId> id;  // absent: of no registered container, or of one of several
  std::string interface;
  std::uint32_t classid = 0;
  Traffic count;
};

struct ReportContent {
  State state = State::kOk;
  std::string message = {};
  bool has_tcx = false;
  std::vector<ContainerView> containers = {};
  std::vector<CountView> counts = {};
  Past past = {};
  std::uint64_t attached = 0;  // carriers now
  std::uint64_t repairs = 0;   // that were removed by somebody and put back, since the start
  std::uint64_t failures = 0;  // of attaching and detaching, since the start
  Totals totals = {};
};

// "written_at" is empty, since it always changes. If it would be longer than `bytes_max`, lists are cut, "cut" is true
// and the message says so.
[[nodiscard]] std::string to_json(const ReportContent& content, const ProcessKey& self, std::size_t bytes_max);

// What a carrier that could not start says: why, beside all that the last one said, since that stays in the kernel.
// `before`: the file's content; anything else than a report is not kept.
[[nodiscard]] std::string failed_json(std::string_view before, const std::string& why, const ProcessKey& self);

class Report {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kPause{1};
  static constexpr std::size_t kFileMax_bytes = 4U << 20;

  // `directory` is the state directory, and outlives it.
  Report(const UniqueFd& directory, ProcessKey self) : directory_(directory), self_(self) {}

  // When the next write may be.
  [[nodiscard]] Clock::time_point due() const { return write_again_at_; }
  [[nodiscard]] Result<void> update(const ReportContent& content, Clock::time_point now);
  [[nodiscard]] Result<void> say_failed(const std::string& why);

 private:
  [[nodiscard]] Result<void> write(const std::string& text);

  const UniqueFd& directory_;
  ProcessKey self_;
  std::string written_;
  Clock::time_point write_again_at_{};
};

}  // namespace netclsd::carry
