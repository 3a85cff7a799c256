#include "agent/state_directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace netclsd {
namespace {

namespace fs = std::filesystem;

class StateDirectoryTest : public testing::Test {
 protected:
  ~StateDirectoryTest() override { fs::remove_all(root_); }
  fs::path root_ = testing::TempDir() + "state_directory_test." + std::to_string(::getpid());
};

TEST_F(StateDirectoryTest, IsForItsOwnerAlone) {
  ASSERT_TRUE(StateDirectory::open(root_));
  EXPECT_EQ(fs::status(root_).permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(root_ / "containers").permissions(), fs::perms::owner_all);
}

TEST_F(StateDirectoryTest, IsForItsOwnerAloneAlsoIfItWasThere) {
  fs::create_directories(root_ / "spool");
  fs::permissions(root_, fs::perms::all);
  fs::permissions(root_ / "spool", fs::perms::all);
  ASSERT_TRUE(StateDirectory::open(root_));
  EXPECT_EQ(fs::status(root_).permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(root_ / "spool").permissions(), fs::perms::owner_all);
}

TEST_F(StateDirectoryTest, ThatIsSomebodyElsesIsAnError) {
  fs::create_directory(root_);
  ASSERT_EQ(::chown(root_.c_str(), 1000, 1000), 0);
  const auto opened = StateDirectory::open(root_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message(), "directory " + root_.string() + " belongs to user 1000");
}

TEST_F(StateDirectoryTest, ALinkInPlaceOfOneOfItsDirectoriesIsAnErrorAndNotFollowed) {
  const fs::path elsewhere = root_ / "elsewhere";
  fs::create_directories(elsewhere);
  const auto before = fs::status(elsewhere).permissions();
  fs::create_symlink(elsewhere, root_ / "spool");
  EXPECT_FALSE(StateDirectory::open(root_));
  EXPECT_EQ(fs::status(elsewhere).permissions(), before);
}

TEST_F(StateDirectoryTest, HasOneOwnerAtATime) {
  auto first = StateDirectory::open(root_);
  ASSERT_TRUE(first);
  const auto second = StateDirectory::open(root_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::kConflict);
  first->lock = UniqueFd();
  EXPECT_TRUE(StateDirectory::open(root_));
}

TEST_F(StateDirectoryTest, IsRemovedWithWhatIsInIt) {
  ASSERT_TRUE(StateDirectory::open(root_));
  std::ofstream(root_ / "containers" / "ab12.json") << "{}";
  std::ofstream(root_ / "spool" / "x.unreadable") << "";
  std::ofstream(root_ / "agent.sock") << "";
  std::ofstream(root_ / "hook.json") << "{}";
  fs::create_directory(root_ / "net_cls");
  ASSERT_TRUE(remove_state_directory(root_));
  EXPECT_FALSE(fs::exists(root_));
}

TEST_F(StateDirectoryTest, IsKeptWhereSomebodyElseHasAFileInIt) {
  ASSERT_TRUE(StateDirectory::open(root_));
  std::ofstream(root_ / "notes") << "mine";
  ASSERT_TRUE(remove_state_directory(root_));
  EXPECT_TRUE(fs::exists(root_ / "notes"));
  EXPECT_FALSE(fs::exists(root_ / "lock"));
}

TEST_F(StateDirectoryTest, ThatIsNotThereIsRemovedAlready) { EXPECT_TRUE(remove_state_directory(root_)); }

// Somebody who could write there must not get other files removed.
TEST_F(StateDirectoryTest, ALinkInPlaceOfADirectoryIsNotFollowed) {
  const fs::path elsewhere = root_.string() + ".elsewhere";
  fs::create_directory(root_);
  fs::create_directory(elsewhere);
  std::ofstream(elsewhere / "file") << "";
  fs::create_symlink(elsewhere, root_ / "spool");
  EXPECT_FALSE(remove_state_directory(root_));
  EXPECT_TRUE(fs::exists(elsewhere / "file"));
  fs::remove_all(elsewhere);
}

}  // namespace
}  // namespace netclsd
