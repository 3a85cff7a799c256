#include "common/base/fault_point.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>
#include <cstdlib>
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

using Rules = std::vector<FaultRule>;

std::string complaint(std::string_view text) {
  const auto rules = parse_fault_rules(text);
  return rules ? "accepted" : rules.error().message();
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string all(text);
  for (std::size_t i = 1; i < times; ++i) all.append(",").append(text);
  return all;
}

TEST(FaultPlanTest, RulesNamePointActionAndPass) {
  EXPECT_EQ(*parse_fault_rules("file_write=ENOSPC@3,cgroup_attach=ESRCH,proc_slice=kill@2+"),
            (Rules{{.point = FaultPoint::kFileWrite, .error = ENOSPC, .pass = 3},
                   {.point = FaultPoint::kCgroupAttach, .error = ESRCH},
                   {.point = FaultPoint::kProcSlice, .error = std::nullopt, .pass = 2, .is_lasting = true}}));
}

TEST(FaultPlanTest, ARuleCanBeACallThatNoPolicyAllows) {
  EXPECT_EQ(*parse_fault_rules("file_read=forbidden_call"),
            (Rules{{.point = FaultPoint::kFileRead, .error = kForbiddenCall}}));
}

TEST(FaultPlanTest, NoTextIsNoRule) { EXPECT_EQ(*parse_fault_rules(""), Rules{}); }

TEST(FaultPlanTest, WhatIsWrongIsNamedWithWhatWasExpected) {
  EXPECT_EQ(complaint("file_write"),
            "\"file_write\" is no rule; expected POINT=ACTION, POINT=ACTION@N or POINT=ACTION@N+");
  EXPECT_EQ(complaint("file_write=EIO,"), "\"\" is no rule; expected POINT=ACTION, POINT=ACTION@N or POINT=ACTION@N+");
  EXPECT_TRUE(complaint("file=EIO").starts_with("\"file\" is no fault point; expected one of event_receive, drop_"));
  EXPECT_TRUE(complaint("file_write=EFOO").starts_with("\"EFOO\" is no action; expected one of kill, EACCES, "));
  for (const std::string pass : {"", "0", "x", "-1", "1000001", "1+1"}) {
    EXPECT_EQ(complaint("file_write=EIO@" + pass),
              "\"" + pass + "\" is no pass; expected 1 to 1000000, with or without + behind it");
  }
}

TEST(FaultPlanTest, LengthAndNumberOfRulesAreLimited) {
  EXPECT_EQ(complaint(repeat("file_write=EIO", 32)), "accepted");
  EXPECT_EQ(complaint(repeat("file_write=EIO", 33)), "more than 32 rules");
  EXPECT_EQ(complaint(std::string(1'025, 'x')), "longer than 1024 bytes");
}

TEST(FaultPlanTest, ARuleHoldsForItsPassAlone) {
  FaultPlan plan(*parse_fault_rules("file_write=EIO@2"));
  EXPECT_EQ(plan.pass(FaultPoint::kFileWrite), nullptr);
  EXPECT_EQ(plan.pass(FaultPoint::kFileSync), nullptr) << "another point's passes are its own";
  EXPECT_EQ(plan.pass(FaultPoint::kFileWrite)->error, EIO);
  EXPECT_EQ(plan.pass(FaultPoint::kFileWrite), nullptr);
}

TEST(FaultPlanTest, ALastingRuleHoldsForEveryPassFromThenOn) {
  FaultPlan plan(*parse_fault_rules("file_write=EIO@2+"));
  EXPECT_EQ(plan.pass(FaultPoint::kFileWrite), nullptr);
  EXPECT_NE(plan.pass(FaultPoint::kFileWrite), nullptr);
  EXPECT_NE(plan.pass(FaultPoint::kFileWrite), nullptr);
}

TEST(FaultPlanTest, OfSeveralRulesTheFirstDecides) {
  FaultPlan plan(*parse_fault_rules("file_write=EIO,file_write=kill@1+"));
  EXPECT_EQ(plan.pass(FaultPoint::kFileWrite)->error, EIO);
  EXPECT_EQ(plan.pass(FaultPoint::kFileWrite)->error, std::nullopt);
}

class FaultEnvironmentTest : public testing::Test {
 protected:
  ~FaultEnvironmentTest() override {
    ::unsetenv("NETCLSD_FAULTS");
    set_fault_handler({});
  }
  static Result<void> read(const char* text) {
    ::setenv("NETCLSD_FAULTS", text, 1);
    return read_faults_from_environment();
  }
};

TEST_F(FaultEnvironmentTest, PointsFailAsTheVariableSays) {
  ASSERT_TRUE(read("file_write=ENOSPC@2"));
  EXPECT_EQ(ask_fault_handler(FaultPoint::kFileWrite), std::nullopt);
  EXPECT_EQ(ask_fault_handler(FaultPoint::kFileWrite), ENOSPC);
}

TEST_F(FaultEnvironmentTest, KillEndsTheProcessAtThePoint) {
  EXPECT_EXIT(
      {
        if (read("file_write=kill")) static_cast<void>(ask_fault_handler(FaultPoint::kFileWrite));
      },
      testing::KilledBySignal(SIGKILL), "");
}

TEST_F(FaultEnvironmentTest, ABadVariableIsNamed) {
  EXPECT_TRUE(read("file_write").error().message().starts_with("NETCLSD_FAULTS: \"file_write\" is no rule"));
}

TEST_F(FaultEnvironmentTest, WithoutTheVariableNothingFails) {
  ::unsetenv("NETCLSD_FAULTS");
  ASSERT_TRUE(read_faults_from_environment());
  EXPECT_EQ(ask_fault_handler(FaultPoint::kFileWrite), std::nullopt);
}

}  // namespace
}  // namespace netclsd
