#include "agent/server/listen_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "raw_client.h"

namespace netclsd {
namespace {

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

}  // namespace
}  // namespace netclsd
