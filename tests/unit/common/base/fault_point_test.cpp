#include "common/base/fault_point.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "tests/unit/common/fault_in_test.h"

namespace netclsd {
namespace {

TEST(FaultPointTest, EveryPointHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kFaultPoints; ++i) names.insert(to_string(static_cast<FaultPoint>(i)));
  EXPECT_EQ(names.size(), kFaultPoints);
  EXPECT_EQ(names.count(""), 0U);
}

TEST(FaultPointTest, NothingFailsWithoutAHandler) { EXPECT_EQ(fault_at(FaultPoint::kFileWrite), std::nullopt); }

TEST(FaultPointTest, OnlyThePointThatTheHandlerChoosesFails) {
  const FaultInTest fault(FaultPoint::kFileWrite, EIO);
  EXPECT_EQ(fault_at(FaultPoint::kFileSync), std::nullopt);
  EXPECT_EQ(fault_at(FaultPoint::kFileWrite), kHasFaultPoints ? std::optional(EIO) : std::nullopt);
  EXPECT_EQ(fault_at(FaultPoint::kFileWrite), std::nullopt);
}

}  // namespace
}  // namespace netclsd
