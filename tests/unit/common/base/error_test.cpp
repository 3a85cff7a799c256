#include "common/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace netclsd {
namespace {

TEST(ErrorTest, SystemFailureNamesOperationObjectAndReason) {
  const Error error = system_failure(EACCES, "attach pid", "4711").value();
  EXPECT_EQ(error.message(), "attach pid 4711: Permission denied");
  EXPECT_EQ(error.code(), ErrorCode::kSystem);
  EXPECT_EQ(error.sys_errno(), EACCES);
}

TEST(ErrorTest, WhoeverIsOutOfDescriptorsOrMemoryMayComeAgain) {
  for (const int want : {EMFILE, ENFILE, ENOMEM}) {
    const Error error = system_failure(want, "open", "netclsd").value();
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable) << want;
    EXPECT_EQ(error.sys_errno(), want);
  }
}

TEST(ErrorTest, OnlyWhatTheSystemRefusedMayPass) {
  EXPECT_TRUE(Error(ErrorCode::kSystem, "").may_pass());
  EXPECT_TRUE(Error(ErrorCode::kUnavailable, "").may_pass());
  for (const ErrorCode code : {ErrorCode::kInvalid, ErrorCode::kForbidden, ErrorCode::kNotFound, ErrorCode::kConflict,
                               ErrorCode::kTooLarge, ErrorCode::kNotMounted}) {
    EXPECT_FALSE(Error(code, "").may_pass()) << static_cast<int>(code);
  }
}

TEST(ErrorTest, PassingOnPutsTheContextInFrontAndKeepsTheRest) {
  const Error error = pass_on(Error(ErrorCode::kConflict, "gone", ESRCH), "container ab12").value();
  EXPECT_EQ(error.message(), "container ab12: gone");
  EXPECT_EQ(error.code(), ErrorCode::kConflict);
  EXPECT_EQ(error.sys_errno(), ESRCH);
}

TEST(ErrorTest, PassingOnWithoutContextChangesNothing) {
  EXPECT_EQ(pass_on(Error(ErrorCode::kInvalid, "bad")).value().message(), "bad");
}

TEST(CheckDeathTest, BrokenConditionAbortsAndNamesItself) {
  EXPECT_DEATH(CHECK(1 + 1 == 3), "bug: 1 \\+ 1 == 3 does not hold at .*error_test.cpp");
}

TEST(CheckTest, ConditionThatHoldsDoesNothing) { CHECK(1 + 1 == 2); }

}  // namespace
}  // namespace netclsd
