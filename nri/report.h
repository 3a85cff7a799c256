// What the plugin says of itself to people, metrics and alerts: nri.json in the agent's state directory, which the
// agent reads once a second (agent/sources/nri_report.h). Written at most once a second, and only if something has
// changed, or if another instance has written it since and has ended.
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

// The start time of a process, as an agent outside of our time namespace sees it. Absent: there is no such process.
[[nodiscard]] std::optional<StartTime> agents_start_time(const std::string& proc, Pid pid);

class Report {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kPause{1};
  // Of looking whether the file is anybody's. A look takes some 20 µs.
  static constexpr std::chrono::seconds kLookPause{5};
  // Upper bounds of the buckets; one more is for all above.
  static constexpr std::array<std::int64_t, 16> kBounds_us = {
      10, 20, 50, 100, 200, 500, 1'000, 2'000, 5'000, 10'000, 20'000, 50'000, 100'000, 200'000, 500'000, 1'000'000};

  // `file`: empty: none is written. `self`: this process. `proc` is "/proc" except in tests.
  Report(std::string file, ProcessKey self, std::string proc = "/proc")
      : file_(std::move(file)), self_(self), proc_(std::move(proc)) {}

  void note_connected(const std::string& runtime, std::size_t containers);
  void note_disconnected(const std::string& why);
  void note_requests(const Requests& requests);
  // A container's start waited so long for us.
  void note_start(std::chrono::nanoseconds took, bool is_too_late);

  // When update() is to be called; absent: never.
  [[nodiscard]] std::optional<Clock::time_point> due() const;
  // Writes the file if something has changed, or if it is nobody's: two instances that run beside each other write in
  // turn, and the one that ends removes what it has written.
  [[nodiscard]] Result<void> update();
  // At the end, which is then no failure: nobody misses the plugin. If another instance has written since, it is that
  // one's.
  void remove() const;

  [[nodiscard]] std::string to_json() const;

 private:
  [[nodiscard]] Result<void> write();
  [[nodiscard]] bool is_nobodys() const;

  std::string file_;
  ProcessKey self_;
  std::string proc_;
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
  Clock::time_point look_again_at_{};
};

}  // namespace netclsd::nri
