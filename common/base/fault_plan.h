// Which fault points fail, how, and at which pass: "file_write=ENOSPC@3,cgroup_attach=ESRCH,proc_slice=kill@2+". Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/fault_point.h"

namespace netclsd {

struct FaultRule {
  FaultPoint point = FaultPoint::kEnd;
  std::optional<int> error;  // none: the process is killed
  std::uint64_t pass = 1;    // the first one is 1
  bool is_lasting = false;   // every pass from then on, too
  friend bool operator==(const FaultRule&, const FaultRule&) = default;
};

// POINT=ACTION[@N[+]], separated by commas. ACTION is the name of an errno or `kill`. The error names what is wrong and
// what was expected.
[[nodiscard]] Result<std::vector<FaultRule>> parse_fault_rules(std::string_view text);

class FaultPlan {
 public:
  explicit FaultPlan(std::vector<FaultRule> rules) : rules_(std::move(rules)) {}

  // Counts the pass. nullptr: nothing happens at it. Of several rules the first one decides.
  [[nodiscard]] const FaultRule* pass(FaultPoint point);

 private:
  std::vector<FaultRule> rules_;
  std::array<std::uint64_t, kFaultPoints> passes_{};
};

}  // namespace netclsd
