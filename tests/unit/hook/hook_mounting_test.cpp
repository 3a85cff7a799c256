// When the hook mounts net_cls, and when it unmounts it.
#include <cerrno>

#include "tests/unit/hook/hook_fixture.h"

namespace netclsd::hook {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HookMountingTest : public HookTest {};

TEST_F(HookMountingTest, WhatTheAgentNeedsMountedIsMountedAndItIsAskedAgain) {
  agent_wants_net_cls_mounted();
  EXPECT_EQ(run(state()), Outcome{});
  ASSERT_EQ(requests_.size(), 2U);
  EXPECT_EQ(requests_[0].body, requests_[1].body);
  EXPECT_THAT(mounting_calls_, ElementsAre("hold if mounted", "mount"));
  EXPECT_TRUE(host_.is_untouched());
}

constexpr const char* kEnded = R"({"id":"ab12","status":"stopped"})";

TEST_F(HookMountingTest, WhatCannotBeMountedIsToldAndLeftInTheSpool) {
  agent_wants_net_cls_mounted();
  hold_ = system_failure(EPERM, "mount net_cls at", "/m");
  const Outcome outcome = run(state());
  EXPECT_EQ(requests_.size(), 1U);
  EXPECT_THAT(outcome.line, HasSubstr("agent at /s answered 503: mount it first; mount net_cls at /m: Operation not"));
  EXPECT_THAT(outcome.line, HasSubstr("did not place init itself (mount net_cls at /m"));
  EXPECT_TRUE(host_.has("spool/ab12.json"));
}

TEST_F(HookMountingTest, WithoutTheAgentItIsMountedForWhoAsksForAClass) {
  struct Case {
    const char* spec;
    std::vector<std::string> calls;
  };
  agent_is_away();
  for (const Case& c :
       {Case{R"("annotations":{"netclsd.io/class":"gold"})", {"hold if mounted", "mount unless others have"}},
        Case{R"("linux":{"resources":{"network":{"classID":5}}})", {"hold if mounted", "mount unless others have"}},
        Case{"", {"hold if mounted"}}}) {
    host_.set_spec(c.spec);
    mounting_calls_.clear();
    run(state());
    EXPECT_EQ(mounting_calls_, c.calls) << c.spec;
  }
}

TEST_F(HookMountingTest, WhoNeedsNoClassMayBeTheFirstToSeeThatNobodyDoes) {
  answer_ = ApiResponse{200, R"({"managed":false})"};
  run(state());
  EXPECT_THAT(mounting_calls_, ElementsAre("hold if mounted", "unmount"));
  mounting_calls_.clear();
  agent_answers(403);
  run(state());
  EXPECT_THAT(mounting_calls_, ElementsAre("hold if mounted", "unmount"));
  mounting_calls_.clear();
  host_.set_spec(R"("annotations":{"io.kubernetes.cri.container-type":"sandbox"})");
  run(state());
  EXPECT_THAT(mounting_calls_, ElementsAre("unmount"));
  mounting_calls_.clear();
  answer_ = ApiResponse{204, ""};
  unmounted_ = Unmounted::kBusy;
  EXPECT_EQ(run(kEnded), Outcome{}) << "it is the next one's turn";
  EXPECT_THAT(mounting_calls_, ElementsAre("unmount"));
}

TEST_F(HookMountingTest, WithoutTheAgentItsRegistrationsOfEndedContainersDoNotCount) {
  agent_is_away();
  run(kEnded);
  EXPECT_THAT(mounting_calls_, ElementsAre("unmount alone"));
}

TEST_F(HookMountingTest, WhatCannotBeUnmountedIsToldAtTheEndOfAContainer) {
  answer_ = ApiResponse{204, ""};
  unmounted_ = system_failure(EIO, "unmount", "/m");
  const Outcome outcome = run(kEnded);
  EXPECT_EQ(outcome.exit_status, 0);
  EXPECT_EQ(outcome.line, "netclsd-hook: container ab12: could not unmount net_cls: unmount /m: Input/output error");
}

}  // namespace
}  // namespace netclsd::hook
