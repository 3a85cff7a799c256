#include "common/base/fault_environment.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>
#include <cstdlib>

namespace netclsd {
namespace {

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
