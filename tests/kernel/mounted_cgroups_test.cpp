#include "agent/kernel/mounted_cgroups.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>

#include "common/net_cls/group.h"
#include "tests/kernel/kernel_fixture.h"

namespace netclsd {
namespace {

class MountedCgroupsTest : public KernelTest {
 protected:
  MountedCgroups cgroups() { return MountedCgroups({{"rw,net_cls", mount_.mount_point, mount_.root}}); }
  CgroupEntry entry(const std::string& below) { return {"net_cls", "/" + parent_ + below}; }
};

TEST_F(MountedCgroupsTest, TellsWhoIsAtAPathAndBelowIt) {
  const TestProcess at = TestProcess::sleeping();
  const TestProcess below = TestProcess::sleeping();
  const TestProcess elsewhere = TestProcess::sleeping();
  ASSERT_TRUE(groups_->make(parent_ + "/c1/inner").has_value());
  ASSERT_TRUE(groups_->attach(parent_ + "/c1", at.pid()).has_value());
  ASSERT_TRUE(groups_->attach(parent_ + "/c1/inner", below.pid()).has_value());
  const auto found = cgroups().processes_at(entry("/c1"));
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(*found, testing::UnorderedElementsAre(at.pid(), below.pid()));
}

TEST_F(MountedCgroupsTest, DoesNotTellOfWhatItCannotSee) {
  EXPECT_EQ(cgroups().processes_at(entry("/not-there")), std::nullopt);
  EXPECT_EQ(cgroups().processes_at({"memory", "/"}), std::nullopt) << "not mounted here";
  EXPECT_EQ(cgroups().processes_at({"net_cls", "/../elsewhere"}), std::nullopt) << "outside of the cgroup namespace";
  EXPECT_EQ(MountedCgroups({{"rw,net_cls", "/proc", "/"}}).processes_at({"net_cls", "/"}), std::nullopt);
}

TEST_F(MountedCgroupsTest, FindsTheMountsOfThisMachine) {
  MountedCgroups cgroups = MountedCgroups::open();
  const auto self = procfs_.cgroups(Pid{::getpid()});
  ASSERT_TRUE(self.has_value());
  bool is_found = false;
  for (const CgroupEntry& own : self->entries) {
    const auto pids = cgroups.processes_at(own);
    is_found |= pids && std::find(pids->begin(), pids->end(), Pid{::getpid()}) != pids->end();
  }
  EXPECT_TRUE(is_found);
}

}  // namespace
}  // namespace netclsd
