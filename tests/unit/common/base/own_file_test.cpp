#include "common/base/own_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

class OwnFileTest : public testing::Test {
 protected:
  OwnFileTest() {
    files_.write("good", "content");
    ::chmod(files_.path("good").c_str(), 0600);
  }

  [[nodiscard]] std::string problem_with(const std::string& name) {
    const auto directory = open_directory(files_.path(""));
    const auto text = read_own_file_at(*directory, name, 100);
    return text ? "" : text.error().message();
  }

  TemporaryDirectory files_;
};

TEST_F(OwnFileTest, AFileOfOursIsRead) { EXPECT_EQ(problem_with("good"), ""); }

TEST_F(OwnFileTest, OneThatOthersMayWriteIsNot) {
  for (const mode_t mode : {0620U, 0602U, 0666U}) {
    ::chmod(files_.path("good").c_str(), mode);
    EXPECT_EQ(problem_with("good"), "good can be written by others than its owner");
  }
  ::chmod(files_.path("good").c_str(), 0644);
  EXPECT_EQ(problem_with("good"), "");
}

TEST_F(OwnFileTest, OneThatHasAnotherNameIsNot) {
  ASSERT_EQ(::link(files_.path("good").c_str(), files_.path("second").c_str()), 0);
  EXPECT_EQ(problem_with("good"), "good has another name, too");
  EXPECT_EQ(problem_with("second"), "second has another name, too");
}

TEST_F(OwnFileTest, ALinkAFifoADirectoryAndASocketAreNot) {
  ASSERT_EQ(::symlink("good", files_.path("link").c_str()), 0);
  ASSERT_EQ(::mkfifo(files_.path("fifo").c_str(), 0600), 0);
  ASSERT_EQ(::mkdir(files_.path("directory").c_str(), 0700), 0);
  ASSERT_EQ(::mknod(files_.path("socket").c_str(), S_IFSOCK | 0600, 0), 0);
  for (const std::string name : {"link", "fifo", "directory", "socket"}) {
    EXPECT_EQ(problem_with(name), name + " is not a regular file");
  }
}

TEST_F(OwnFileTest, OneOfAnotherUserIsNot) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::chown(files_.path("good").c_str(), 65'534, 65'534), 0);
  EXPECT_EQ(problem_with("good"), "good belongs to user 65534");
}

TEST_F(OwnFileTest, OneThatIsTooLargeOrNotThereIsAnError) {
  ASSERT_EQ(::truncate(files_.path("good").c_str(), 1L << 40), 0);  // sparse: it takes no room
  EXPECT_EQ(problem_with("good"), "good is larger than 100 bytes");
  EXPECT_NE(problem_with("none"), "");
}

}  // namespace
}  // namespace netclsd
