#include "hook/placement/init.h"

#include <gtest/gtest.h>

#include "tests/unit/hook/fake_host.h"

namespace netclsd::hook {
namespace {

constexpr Pid kInit{4711};

class InitTest : public testing::Test {
 protected:
  [[nodiscard]] bool was_made() const { return was_made_by_caller(host_.path("proc"), kInit); }
  [[nodiscard]] bool shares_mounts() const { return netclsd::hook::shares_mounts(host_.path("proc"), kInit); }

  FakeHookHost host_;
};

TEST_F(InitTest, AChildOfTheCallerIsMadeByIt) {
  EXPECT_TRUE(was_made());
  host_.set_process(FakeHookHost::kInit, 4711, 850);
  host_.set_process("850", 850, FakeHookHost::kCaller);
  EXPECT_TRUE(was_made()) << "or that of a helper of it, such as criu";
}

TEST_F(InitTest, NobodyElseIs) {
  host_.set_process("800", FakeHookHost::kCaller, 700);
  for (const int parent : {1, 0, 700}) {
    host_.set_process(FakeHookHost::kInit, 4711, parent);
    EXPECT_FALSE(was_made()) << parent;
  }
  host_.remove("proc/4711");
  EXPECT_FALSE(was_made()) << "who is gone least of all";
}

TEST_F(InitTest, TheCallerItselfIsNot) {
  host_.set_process("self", 900, 4711);
  host_.set_process(FakeHookHost::kInit, 4711, 700);
  EXPECT_FALSE(was_made());
}

TEST_F(InitTest, NobodyIsMadeByACallerThatIsGone) {
  for (const int adopter : {0, 1}) {
    host_.set_process("self", 900, adopter);
    host_.set_process(FakeHookHost::kInit, 4711, adopter);
    EXPECT_FALSE(was_made()) << adopter;
  }
}

TEST_F(InitTest, ParentsThatGoInACircleAreNotFollowedForEver) {
  host_.set_process(FakeHookHost::kInit, 4711, 4712);
  host_.set_process("4712", 4712, 4711);
  EXPECT_FALSE(was_made());
}

TEST_F(InitTest, MountNamespacesAreCompared) {
  EXPECT_FALSE(shares_mounts());
  host_.set_mounts(FakeHookHost::kInit, "mnt:[1]");
  EXPECT_TRUE(shares_mounts());
}

TEST_F(InitTest, WhereTheKernelDoesNotTellNothingIsConcluded) {
  host_.remove("proc/4711/ns");
  EXPECT_FALSE(shares_mounts());
  host_.remove("proc/self/ns");
  EXPECT_FALSE(shares_mounts());
}

}  // namespace
}  // namespace netclsd::hook
