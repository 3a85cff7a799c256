#include "common/base/check.h"

#include <gtest/gtest.h>

namespace {

TEST(CheckDeathTest, BrokenConditionAbortsAndNamesItself) {
  EXPECT_DEATH(CHECK(1 + 1 == 3), "bug: 1 \\+ 1 == 3 does not hold at .*check_test.cpp");
}

TEST(CheckTest, ConditionThatHoldsDoesNothing) { CHECK(1 + 1 == 2); }

}  // namespace
