#include "agent/server/socket_directory.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace netclsd {
namespace {

using testing::HasSubstr;

constexpr gid_t kReaders = 4711;

class SocketDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/netclsd-directory-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    root_ = name;
    path_ = root_ + "/a/run";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void make(mode_t mode) {
    std::filesystem::create_directories(path_);
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
  }
  struct stat status() const {
    struct stat found {};
    ::lstat(path_.c_str(), &found);
    return found;
  }
  mode_t mode() const { return status().st_mode & 07777; }
  std::string error_of(bool is_ours) const {
    const auto prepared = prepare_socket_directory({.path = path_, .is_ours = is_ours, .readers = {}});
    return prepared ? "" : prepared.error().message();
  }

  std::string root_;
  std::string path_;
};

TEST_F(SocketDirectoryTest, AMissingOneIsMadeForRootAlone) {
  ASSERT_TRUE(prepare_socket_directory({.path = path_, .readers = {}}));
  EXPECT_EQ(mode(), 0700U);
}

TEST_F(SocketDirectoryTest, ReadersMayPassThroughButNotLookAround) {
  ASSERT_TRUE(prepare_socket_directory({.path = path_, .readers = kReaders}));
  EXPECT_EQ(mode(), 0710U);
  EXPECT_EQ(status().st_gid, kReaders);
}

TEST_F(SocketDirectoryTest, TheStateDirectorysModeIsCorrected) {
  for (const mode_t before : {0755U, 0777U, 01777U, 0710U}) {
    make(before);
    EXPECT_EQ(error_of(true), "");
    EXPECT_EQ(mode(), 0700U) << before;
  }
}

TEST_F(SocketDirectoryTest, AnotherDirectoryThatExistsIsLeftAlone) {
  make(0755);
  ASSERT_TRUE(prepare_socket_directory({.path = path_, .readers = kReaders}));
  EXPECT_EQ(mode(), 0755U);
  EXPECT_EQ(status().st_gid, 0U);
}

TEST_F(SocketDirectoryTest, OneThatOthersMayPutFilesIntoIsAnErrorThatNamesIt) {
  for (const mode_t unsafe : {0775U, 0757U, 01777U}) {
    make(unsafe);
    EXPECT_THAT(error_of(false), HasSubstr(path_ + " has mode ")) << unsafe;
    EXPECT_EQ(mode(), unsafe);
  }
}

TEST_F(SocketDirectoryTest, SomebodyElsesIsAnErrorEvenAsStateDirectory) {
  make(0700);
  ASSERT_EQ(::chown(path_.c_str(), 1000, 0), 0);
  EXPECT_THAT(error_of(false), HasSubstr(path_ + " belongs to user 1000, not to root"));
  EXPECT_THAT(error_of(true), HasSubstr(path_ + " belongs to user 1000, not to root"));
}

}  // namespace
}  // namespace netclsd
