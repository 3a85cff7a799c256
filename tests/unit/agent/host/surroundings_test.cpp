#include "agent/host/surroundings.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

namespace fs = std::filesystem;

TEST(SurroundingsTest, FavordynmodsIsLookedForInItsOwnMountsAndInThoseOfPidOne) {
  constexpr const char* kFavoringMount = "41 31 0:38 / /a rw - cgroup2 cgroup2 rw,favordynmods\n";
  constexpr const char* kPlainMount = "41 31 0:38 / /a rw - cgroup2 cgroup2 rw\n";
  const auto look = [](const char* own, const char* hosts, const char* parameters) {
    const TemporaryDirectory proc;
    proc.write("self/mountinfo", own);
    proc.write("1/mountinfo", hosts);
    proc.write("cmdline", parameters);
    return look_for_favordynmods(open_directory(proc.path()).value(), "7.2.13");
  };
  EXPECT_EQ(look(kPlainMount, kPlainMount, "quiet"), "");
  EXPECT_NE(look(kFavoringMount, kPlainMount, "quiet"), "");
  EXPECT_NE(look(kPlainMount, kFavoringMount, "quiet"), "");
  EXPECT_NE(look(kPlainMount, kPlainMount, "cgroup_favordynmods=1"), "");
  EXPECT_EQ(look_for_favordynmods(open_directory(TemporaryDirectory().path()).value(), "7.2.13"), "");
}

class PresenceTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(own_);
    std::ofstream(file_) << "x";
    ASSERT_TRUE(presence_.expect("directory", own_).has_value());
    ASSERT_TRUE(presence_.expect("file", file_).has_value());
    ASSERT_EQ(presence_.missing(), "");
  }

  TemporaryDirectory directory_;
  const std::string own_ = directory_.path() + "/own";
  const std::string file_ = own_ + "/file";
  Presence presence_;
};

TEST_F(PresenceTest, WhatIsNotThereCannotBeExpected) {
  EXPECT_FALSE(presence_.expect("socket", own_ + "/socket").has_value());
}

TEST_F(PresenceTest, OneThatIsRemovedIsMissing) {
  fs::remove(file_);
  EXPECT_EQ(presence_.missing(), "the file " + file_ + " was removed or replaced");
}

TEST_F(PresenceTest, SoIsOneThatIsReplaced) {
  fs::remove(file_);
  std::ofstream(file_) << "x";
  EXPECT_EQ(presence_.missing(), "the file " + file_ + " was removed or replaced");
}

TEST_F(PresenceTest, OneThatIsRenamedAwayIsMissingUntilItIsBack) {
  fs::rename(own_, directory_.path() + "/elsewhere");
  EXPECT_EQ(presence_.missing(), "the directory " + own_ + " was removed or replaced");
  fs::rename(directory_.path() + "/elsewhere", own_);
  EXPECT_EQ(presence_.missing(), "");
}

}  // namespace
}  // namespace netclsd
