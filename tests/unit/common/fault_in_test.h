// A fault for the length of a test: the point fails with the errno at its first pass, and not again.
#pragma once

#include <optional>
#include <utility>

#include "common/base/fault_point.h"

namespace netclsd {

class FaultInTest {
 public:
  FaultInTest(FaultPoint point, int error) {
    set_fault_handler([point, left = std::optional(error)](FaultPoint passed) mutable {
      return passed == point ? std::exchange(left, std::nullopt) : std::nullopt;
    });
  }
  ~FaultInTest() { set_fault_handler({}); }
  FaultInTest(const FaultInTest&) = delete;
  FaultInTest& operator=(const FaultInTest&) = delete;
};

}  // namespace netclsd
