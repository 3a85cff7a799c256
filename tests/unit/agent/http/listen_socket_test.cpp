#include "agent/http/listen_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "raw_client.h"

namespace netclsd {
namespace {

using testing::HasSubstr;

class ListenSocketTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/netclsd-listen-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string directory_;
};

TEST_F(ListenSocketTest, TheModeDoesNotDependOnTheUmask) {
  const mode_t before = ::umask(0);
  const auto socket = listen_on_unix(directory_ + "/s");
  ::umask(before);
  ASSERT_TRUE(socket) << socket.error().message();
  struct stat found {};
  ASSERT_EQ(::lstat((directory_ + "/s").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U);
}

TEST_F(ListenSocketTest, WhatADeadAgentLeftUnderTheTemporaryNameIsNoObstacle) {
  ASSERT_TRUE(listen_on_unix(directory_ + "/s"));
  std::filesystem::rename(directory_ + "/s", directory_ + "/s.new");
  EXPECT_TRUE(listen_on_unix(directory_ + "/s"));
}

TEST_F(ListenSocketTest, APathOf103CharactersFitsAndALongerOneIsAnError) {
  const std::string longest = directory_ + "/" + std::string(103 - directory_.size() - 1, 's');
  const auto socket = listen_on_unix(longest);
  ASSERT_TRUE(socket) << socket.error().message();
  EXPECT_TRUE(connect_unix(longest).is_open());
  const auto too_long = listen_on_unix(longest + "s");
  ASSERT_FALSE(too_long);
  EXPECT_THAT(too_long.error().message(), testing::HasSubstr("too long"));
}

TEST_F(ListenSocketTest, AMissingDirectoryIsAnErrorThatNamesThePath) {
  const auto socket = listen_on_unix(directory_ + "/none/s");
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().message(), "bind " + directory_ + "/none/s.new: No such file or directory");
}

TEST_F(ListenSocketTest, TcpPortZeroIsAPortOfTheKernelsChoice) {
  const auto socket = listen_on_tcp({"127.0.0.1", 0});
  ASSERT_TRUE(socket) << socket.error().message();
  const auto port = port_of(*socket);
  ASSERT_TRUE(port);
  EXPECT_TRUE(connect_tcp(*port).is_open());
}

constexpr gid_t kSocketGroup = 4711;

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
  ASSERT_TRUE(prepare_socket_directory({.path = path_, .readers = kSocketGroup}));
  EXPECT_EQ(mode(), 0710U);
  EXPECT_EQ(status().st_gid, kSocketGroup);
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
  ASSERT_TRUE(prepare_socket_directory({.path = path_, .readers = kSocketGroup}));
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
