#include "agent/membership/sweep_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/membership/some_target.h"

namespace netclsd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr TargetNumber kC1{1};
constexpr TargetNumber kC2{2};
constexpr StartTime kStart{100};

ProcessFacts process(int pid, int parent, const std::string& unified, const std::string& net_cls = "/",
                     StartTime start = kStart) {
  return {Pid{pid}, Pid{parent}, start, CgroupPaths{{{"net_cls", net_cls}, {"", unified}}}, {}};
}

Member member(int pid, TargetNumber target, bool is_placed = false) { return {Pid{pid}, kStart, target, is_placed}; }

class FindMembersTest : public testing::Test {
 protected:
  std::vector<Member> find(const Snapshot& snapshot, const std::vector<Init>& inits = {}) {
    return find_members(snapshot, inits, targets_, tracker_);
  }
  Targets targets_{"/"};
  Tracker tracker_{targets_};
};

TEST_F(FindMembersTest, FindsNobodyWithoutRegistrations) {
  EXPECT_THAT(find({process(1, 0, "/"), process(2, 1, "/c1")}), IsEmpty());
}

TEST_F(FindMembersTest, FindsMembersByPathAndSaysWhoIsPlaced) {
  targets_.add(some_target("/c1", "netclsd/c1"));
  const Snapshot snapshot{process(1, 0, "/"), process(2, 1, "/c1", "/netclsd/c1"), process(3, 1, "/c1/sub")};
  EXPECT_THAT(find(snapshot), ElementsAre(member(2, kC1, true), member(3, kC1, false)));
}

TEST_F(FindMembersTest, FindsMembersByDescentFromInit) {
  targets_.add(some_target("", "netclsd/c1"));
  const Snapshot snapshot{process(1, 0, "/"), process(12, 11, "/"), process(11, 10, "/"), process(10, 1, "/")};
  EXPECT_THAT(find(snapshot, {{kC1, {Pid{10}, kStart}}}),
              ElementsAre(member(12, kC1), member(11, kC1), member(10, kC1)));
}

// A container without a class has joined this one's pid namespace (`kubectl debug --target`), and its daemons' parents
// have ended: the kernel has made init their parent.
class OrphansTest : public FindMembersTest {
 protected:
  std::vector<Member> find_of_reaper(const ProcessFacts& orphan, const std::string& init_path = "/c1") {
    return find({process(1, 0, "/"), process(10, 1, init_path), orphan}, {{kC1, {Pid{10}, kStart}, true}});
  }
};

TEST_F(OrphansTest, OfAnotherContainerAreNoMembersThoughInitIsTheirParent) {
  targets_.add(some_target("/c1", "netclsd/c1"));
  EXPECT_THAT(find_of_reaper(process(20, 10, "/debug")), ElementsAre(member(10, kC1)));
  EXPECT_THAT(find_of_reaper(process(20, 10, "/c1/sub")), ElementsAre(member(10, kC1), member(20, kC1)));
}

TEST_F(OrphansTest, WhoIsInTheGroupWasBornThereAndHasLeftThePath) {
  targets_.add(some_target("/c1", "netclsd/c1"));
  EXPECT_THAT(find_of_reaper(process(20, 10, "/left", "/netclsd/c1")),
              ElementsAre(member(10, kC1), member(20, kC1, true)));
}

TEST_F(OrphansTest, WhoWasHeardOfIsRemembered) {
  targets_.add(some_target("/c1", "netclsd/c1"));
  tracker_.put(Pid{20}, {kC1, kStart, MonotonicTime{0}, kNotPlaced, JoinCause::kFork});
  EXPECT_THAT(find_of_reaper(process(20, 10, "/left")), ElementsAre(member(10, kC1), member(20, kC1)));
}

TEST_F(OrphansTest, WhereTheContainerHasNoPathInitsOwnTells) {
  targets_.add(some_target("", "netclsd/c1"));
  EXPECT_THAT(find_of_reaper(process(20, 10, "/debug"), "/session"), ElementsAre(member(10, kC1)));
  EXPECT_THAT(find_of_reaper(process(20, 10, "/session"), "/session"), ElementsAre(member(10, kC1), member(20, kC1)));
}

TEST_F(OrphansTest, AnInitThatIsNoReaperHasChildrenOfItsOwnAlone) {
  targets_.add(some_target("/c1", "netclsd/c1"));
  const Snapshot snapshot{process(1, 0, "/"), process(10, 1, "/c1"), process(20, 10, "/moved")};
  EXPECT_THAT(find(snapshot, {{kC1, {Pid{10}, kStart}}}), ElementsAre(member(10, kC1), member(20, kC1)));
}

TEST_F(FindMembersTest, AnInitsNumberInOtherHandsClaimsNothing) {
  targets_.add(some_target("", "netclsd/c1"));
  const Snapshot snapshot{process(10, 1, "/", "/", StartTime{9'999}), process(11, 10, "/")};
  EXPECT_THAT(find(snapshot, {{kC1, {Pid{10}, kStart}}}), IsEmpty());
}

TEST_F(FindMembersTest, AnOrphanIsRememberedIfItIsTheSameProcess) {
  targets_.add(some_target("", "netclsd/c1"));
  tracker_.put(Pid{20}, {kC1, kStart, MonotonicTime{0}, kNotPlaced, JoinCause::kFork});
  tracker_.put(Pid{21}, {kC1, StartTime{9'999}, MonotonicTime{0}, kNotPlaced, JoinCause::kFork});
  EXPECT_THAT(find({process(20, 1, "/"), process(21, 1, "/")}), ElementsAre(member(20, kC1)));
}

TEST_F(FindMembersTest, TheInnerContainerWinsByPathAndByDescent) {
  targets_.add(some_target("/c1", "netclsd/c1"));
  targets_.add(some_target("", "netclsd/c2", kC1));
  const Snapshot snapshot{process(10, 1, "/c1"), process(20, 10, "/c1"), process(21, 20, "/c1")};
  EXPECT_THAT(find(snapshot, {{kC1, {Pid{10}, kStart}}, {kC2, {Pid{20}, kStart}}}),
              ElementsAre(member(10, kC1), member(20, kC2), member(21, kC2)));
}

TEST_F(FindMembersTest, RingsOfReusedPidsEnd) {
  targets_.add(some_target("", "netclsd/c1"));
  EXPECT_THAT(find({process(20, 21, "/"), process(21, 20, "/")}), IsEmpty());
}

TEST_F(FindMembersTest, WhoSitsInOurGroupAndBelongsToNobodyIsAForeigner) {
  targets_.add(some_target("/c1", "netclsd/c1"));
  const Snapshot snapshot{process(10, 1, "/c1", "/netclsd/c1"), process(20, 1, "/elsewhere", "/netclsd/c1"),
                          process(21, 1, "/elsewhere", "/")};
  EXPECT_THAT(find_foreigners(snapshot, find(snapshot), targets_), ElementsAre(Pid{20}));
}

TEST_F(FindMembersTest, WithoutAPathOrInAnAdoptedGroupNobodyIsCalledAForeigner) {
  targets_.add(some_target("", "netclsd/c1"));
  targets_.add(some_target("/c2", "pods/c2", std::nullopt, true));
  const Snapshot snapshot{process(20, 1, "/", "/netclsd/c1"), process(21, 1, "/", "/pods/c2")};
  EXPECT_THAT(find_foreigners(snapshot, find(snapshot), targets_), IsEmpty());
}

}  // namespace
}  // namespace netclsd
