#include "carry/cgroups.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd::carry {
namespace {

TEST(CgroupOfContainerTest, IsThatOfItsInitOrAboveIt) {
  EXPECT_EQ(cgroup_of_container("/pods/a", "/pods/a"), "/pods/a");
  EXPECT_EQ(cgroup_of_container("/pods/a/init.scope", "/pods/a"), "/pods/a");
}

TEST(CgroupOfContainerTest, IsFoundThroughTheEyesOfAnotherNamespace) {
  EXPECT_EQ(cgroup_of_container("/kubepods/pod1/a/x", "/../pod1/a"), "/kubepods/pod1/a");
  EXPECT_EQ(cgroup_of_container("/../../pod1/a", "/kubepods/pod1/a"), "/../../pod1/a");
}

TEST(CgroupOfContainerTest, TheInnermostOfThatNameCounts) { EXPECT_EQ(cgroup_of_container("/a/a/x", "/a/a"), "/a/a"); }

TEST(CgroupOfContainerTest, IsUnknownIfInitIsElsewhere) {
  EXPECT_EQ(cgroup_of_container("/system.slice", "/pods/a"), std::nullopt);
  EXPECT_EQ(cgroup_of_container("/pods/ab", "/pods/a"), std::nullopt);
  EXPECT_EQ(cgroup_of_container("/a", "/"), std::nullopt);
  EXPECT_EQ(cgroup_of_container("/..", "/.."), std::nullopt);
}

class FindCgroupTest : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = directory_.path() + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void mount(const std::string& root) {
    write("self/mountinfo", "30 20 0:26 " + root + " " + directory_.path() + "/cgroup rw - cgroup2 cgroup2 rw\n");
  }
  Result<CgroupId> find(const std::string& membership) {
    return find_cgroup(directory_.path(), {Pid{7}, StartTime{1}}, membership);
  }

  TemporaryDirectory directory_;
};

TEST_F(FindCgroupTest, ItIsTheInodeOfTheDirectory) {
  mount("/");
  write("7/cgroup", "1:net_cls:/x\n0::/pods/a/inner\n");
  write("cgroup/pods/a/inner/cgroup.procs", "");
  struct stat found {};
  ASSERT_EQ(::stat((directory_.path() + "/cgroup/pods/a").c_str(), &found), 0);
  EXPECT_EQ(find("/pods/a").value(), found.st_ino);
}

TEST_F(FindCgroupTest, AMountOfAPartShowsThatPartOnly) {
  mount("/pods");
  write("7/cgroup", "0::/pods/a\n");
  write("cgroup/a/cgroup.procs", "");
  EXPECT_TRUE(find("/pods/a"));
  write("7/cgroup", "0::/other/a\n");
  EXPECT_EQ(find("/other/a").error().message(),
            "its cgroup is in no mount of the unified hierarchy that the carrier can see");
}

TEST_F(FindCgroupTest, SaysWhyThereIsNone) {
  mount("/");
  EXPECT_EQ(find("").error().message(), "it has no cgroup of its own in the unified hierarchy");
  write("7/cgroup", "3:memory:/a\n");
  EXPECT_EQ(find("/a").error().message(), "its init is in no cgroup of the unified hierarchy");
  write("7/cgroup", "0::/b\n");
  EXPECT_EQ(find("/a").error().message(), "its init has left the container's cgroup");
}

}  // namespace
}  // namespace netclsd::carry
