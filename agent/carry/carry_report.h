// What the carrier (netclsd-carrier) says of itself, and what it has counted: carry.json in the state directory. It is
// for people, metrics and alerts; nothing that the agent does depends on it. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "agent/metrics/counters.h"
#include "common/api/messages.h"
#include "common/base/error.h"
#include "common/model/container_id.h"
#include "common/model/process.h"

namespace netclsd {

inline constexpr const char* kCarryReportName = "carry.json";

struct CarryTotals {
  std::uint64_t attached = 0;  // carriers now
  std::uint64_t repairs = 0;   // since the carrier's start, and so are failures
  std::uint64_t differing = 0;
  std::uint64_t uncounted = 0;
  std::uint64_t failures = 0;
  friend bool operator==(const CarryTotals&, const CarryTotals&) = default;
};

struct CarryReport {
  ProcessKey carrier;
  CarryState state = CarryState::kOk;  // as it wrote: ok, degraded or failed
  std::string message = {};
  std::string kernel = {};
  CarryTotals totals = {};
  std::map<ContainerId, CarriedView> containers = {};
  std::uint64_t without_carrier = 0;  // containers with an interface that cannot be carried
  std::uint64_t differing = 0;        // containers whose sockets have had another class for long
  bool is_cut = false;                // the lists are not whole
  ClassTraffics traffics = {};        // of all containers, those that are gone included
};

// Texts are made printable and cut, lists have a limit. What a later version adds is left out. The lists' entries are
// read one by one while the text is parsed, so that a large report does not take many times its size.
[[nodiscard]] Result<CarryReport> parse_carry_report(std::string_view json);

// `is_alive`: the carrier's process is. One that failed has ended, and its reason tells more than that it is gone.
[[nodiscard]] CarryState state_now(const CarryReport& report, bool is_alive);
[[nodiscard]] CarryView view_of(const CarryReport& report, bool is_alive);

// Sets the carrier's metrics. A carrier that failed repeats what the last one counted; if it found nothing to repeat,
// what was counted before stays.
void count_carry(const CarryReport& report, bool is_alive, Counters& counters);
// There is no report, or it cannot be read. In the second case all counts stay as they are.
void count_no_carry(bool is_unreadable, Counters& counters);

}  // namespace netclsd
