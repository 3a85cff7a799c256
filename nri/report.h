// What the plugin says of itself to people, metrics and alerts: nri.json in the agent's state directory, which the
// agent reads once a second (agent/sources/nri_report.h). Written at most once a second, and only if something has
// changed.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "common/base/error.h"
#include "common/model/process.h"
#include "nri/session.h"

namespace netclsd::nri {

class Report {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kPause{1};
  // Upper bounds of the buckets; one more is for all above.
  static constexpr std::array<std::int64_t, 16> kBounds_us = {
      10, 20, 50, 100, 200, 500, 1'000, 2'000, 5'000, 10'000, 20'000, 50'000, 100'000, 200'000, 500'000, 1'000'000};

  // `file`: empty: none is written. `self`: this process.
  Report(std::string file, ProcessKey self) : file_(std::move(file)), self_(self) {}

  void note_connected(const std::string& runtime, std::size_t containers);
  void note_disconnected(const std::string& why);
  void note_requests(const Requests& requests);
  // A container's start waited so long for us.
  void note_start(std::chrono::nanoseconds took, bool is_too_late);

  // When write() is to be called; absent: nothing has changed.
  [[nodiscard]] std::optional<Clock::time_point> due() const;
  [[nodiscard]] Result<void> write();
  // At the end, which is then no failure: nobody misses the plugin. If another instance has written since, it is that
  // one's.
  void remove() const;

  [[nodiscard]] std::string to_json() const;

 private:
  std::string file_;
  ProcessKey self_;
  bool is_connected_ = false;
  std::string runtime_;
  std::string message_ = "not connected yet";
  std::chrono::system_clock::time_point since_ = std::chrono::system_clock::now();
  Requests requests_;
  std::uint64_t connections_ = 0;
  std::uint64_t timeouts_ = 0;
  std::array<std::uint64_t, kBounds_us.size() + 1> durations_ = {};
  std::chrono::nanoseconds duration_{0};
  bool has_changed_ = true;
  std::string written_;
  Clock::time_point write_again_at_{};
};

}  // namespace netclsd::nri
