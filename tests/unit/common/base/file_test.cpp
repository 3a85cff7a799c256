#include "common/base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "tests/unit/common/fault_in_test.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
}

TEST(FileTest, ReadsUpToTheLimitAndNotBeyond) {
  const TemporaryDirectory directory;
  directory.write("file", std::string(10'000, 'x'));
  EXPECT_EQ(read_file(directory.path("file"), 10'000)->size(), 10'000U);
  EXPECT_EQ(read_file(directory.path("file"), 9'999).error().code(), ErrorCode::kTooLarge);
}

TEST(FileTest, ReadsProcFilesWhoseSizeIsNotKnown) { EXPECT_FALSE(read_file("/proc/self/stat", 4096)->empty()); }

TEST(FileTest, AGeneratedFileIsReadWholeWhateverItsSize) {
  const TemporaryDirectory directory;
  for (const std::size_t size : {1U, 8'191U, 8'192U, 8'193U, 20'000U}) {
    directory.write("file", std::string(size, 'x'));
    const auto dir = open_directory(directory.path(""));
    EXPECT_EQ(read_generated_at(*dir, "file", 20'000)->size(), size);
  }
}

TEST(FileTest, MissingFileIsAnErrorWithItsErrno) {
  EXPECT_EQ(read_file("/nonexistent/file", 10).error().sys_errno(), ENOENT);
}

TEST(FileTest, ReadingAFifoNobodyWritesDoesNotHang) {
  const TemporaryDirectory directory;
  ASSERT_EQ(::mkfifo(directory.path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_file(directory.path("fifo"), 10).value_or("failed"), "");
}

TEST(FileTest, SymbolicLinksAreNotFollowedBelowADirectory) {
  const TemporaryDirectory directory;
  directory.write("target", "secret");
  std::filesystem::create_symlink(directory.path("target"), directory.path("link"));
  const auto root = open_directory(directory.path());
  EXPECT_EQ(read_file_at(*root, "link", 100).error().sys_errno(), ELOOP);
}

TEST(FileTest, MakesAllMissingDirectoriesWithTheModeAndKeepsOthers) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(make_directories(directory.path("a"), 0755));
  ASSERT_TRUE(make_directories(directory.path("a/b/c"), 0700));
  EXPECT_EQ(mode_of(directory.path("a")), 0755U);
  EXPECT_EQ(mode_of(directory.path("a/b/c")), 0700U);
}

TEST(FileTest, AtomicWriteReplacesTheContentAndLeavesNoTemporaryName) {
  const TemporaryDirectory directory;
  directory.write("entry.json", "old and longer");
  const auto root = open_directory(directory.path());
  ASSERT_TRUE(write_atomically_at(*root, "entry.json", "new", 0600));
  EXPECT_EQ(directory.read("entry.json"), "new");
  EXPECT_EQ(mode_of(directory.path("entry.json")), 0600U);
  EXPECT_EQ(*list_names(*root, 10), std::vector<std::string>{"entry.json"});
}

TEST(FileTest, AtomicWriteIntoARemovedDirectoryFails) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(make_directories(directory.path("gone"), 0700));
  const auto gone = open_directory(directory.path("gone"));
  std::filesystem::remove(directory.path("gone"));
  EXPECT_FALSE(write_atomically_at(*gone, "entry.json", "new", 0600));
}

TEST(FileTest, AtomicWriteThatFailsLeavesTheOldContentAndNoTemporaryName) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  const TemporaryDirectory directory;
  directory.write("entry.json", "old");
  const auto root = open_directory(directory.path());
  for (const FaultPoint point : {FaultPoint::kFileWrite, FaultPoint::kFileSync, FaultPoint::kFileRename}) {
    const FaultInTest fault(point, ENOSPC);
    const auto written = write_atomically_at(*root, "entry.json", "new", 0600);
    EXPECT_EQ(written ? 0 : written.error().sys_errno(), ENOSPC) << to_string(point);
    EXPECT_EQ(directory.read("entry.json"), "old");
    EXPECT_EQ(*list_names(*root, 10), std::vector<std::string>{"entry.json"}) << to_string(point);
  }
}

TEST(FileTest, AnUnsyncedDirectoryIsAnErrorAlthoughTheContentIsThere) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  const TemporaryDirectory directory;
  const FaultInTest fault(FaultPoint::kFileDirectorySync, EIO);
  EXPECT_FALSE(write_atomically_at(*open_directory(directory.path()), "entry.json", "new", 0600));
  EXPECT_EQ(directory.read("entry.json"), "new");
}

TEST(FileTest, AFileThatCannotBeRemovedStays) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  const TemporaryDirectory directory;
  directory.write("entry", "");
  const FaultInTest fault(FaultPoint::kFileRemove, EIO);
  EXPECT_EQ(remove_file_at(*open_directory(directory.path()), "entry").error().sys_errno(), EIO);
  EXPECT_TRUE(directory.has("entry"));
}

TEST(FileTest, WriteOnceDoesNotMakeFiles) {
  const TemporaryDirectory directory;
  const auto root = open_directory(directory.path());
  EXPECT_EQ(write_once_at(*root, "cgroup.procs", "1").error().sys_errno(), ENOENT);
  directory.write("cgroup.procs", "");
  EXPECT_TRUE(write_once_at(*root, "cgroup.procs", "1"));
  EXPECT_EQ(directory.read("cgroup.procs"), "1");
}

TEST(FileTest, RemovingTellsWhetherTheNameWasThere) {
  const TemporaryDirectory directory;
  directory.write("entry", "");
  const auto root = open_directory(directory.path());
  EXPECT_EQ(*remove_file_at(*root, "entry"), true);
  EXPECT_EQ(*remove_file_at(*root, "entry"), false);
}

TEST(FileTest, NamesAreSortedAndLimited) {
  const TemporaryDirectory directory;
  for (const char* name : {"b", "a", "c"}) directory.write(name, "");
  const auto root = open_directory(directory.path());
  EXPECT_EQ(*list_names(*root, 3), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(list_names(*root, 2).error().code(), ErrorCode::kTooLarge);
}

TEST(FileTest, WritingAtomicallyTouchesNothingThatHasTheTemporaryName) {
  const TemporaryDirectory directory;
  directory.write("elsewhere", "precious");
  ASSERT_EQ(::link(directory.path("elsewhere").c_str(), directory.path(".one.tmp").c_str()), 0);
  ASSERT_EQ(::mkfifo(directory.path(".two.tmp").c_str(), 0600), 0);
  const auto dir = open_directory(directory.path(""));
  EXPECT_TRUE(write_atomically_at(*dir, "one", "1", 0600));
  EXPECT_TRUE(write_atomically_at(*dir, "two", "2", 0600));
  EXPECT_EQ(*read_file(directory.path("elsewhere"), 100), "precious");
  EXPECT_EQ(*read_file(directory.path("one"), 100) + *read_file(directory.path("two"), 100), "12");
}

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

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
UniqueFd open_null() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

TEST(UniqueFdTest, ClosesWhenItEnds) {
  int number = -1;
  {
    const UniqueFd fd = open_null();
    number = fd.get();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFdTest, MoveAssignmentClosesTheOldOneAndEmptiesTheSource) {
  UniqueFd target = open_null();
  UniqueFd source = open_null();
  const int old_number = target.get();
  const int new_number = source.get();
  target = std::move(source);
  EXPECT_FALSE(is_open(old_number));
  EXPECT_EQ(target.get(), new_number);
  EXPECT_FALSE(source.is_open());  // NOLINT: what a moved-from object looks like is the point
}

TEST(UniqueFdTest, ReleaseGivesTheDescriptorAway) {
  UniqueFd fd = open_null();
  const int number = fd.release();
  EXPECT_FALSE(fd.is_open());
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

std::string opened_as(int fd) {
  std::array<char, 64> name{};
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name.data(), name.size());
  return size < 0 ? "" : std::string(name.data(), static_cast<std::size_t>(size));
}

// In a child, which needs its own no more: bit N of its exit status is set if descriptor N is not as it should be.
int problems_after_closing(std::initializer_list<int> closed) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::array<std::string, 3> expected = {opened_as(0), opened_as(1), opened_as(2)};
    for (const int fd : closed) {
      ::close(fd);
      expected[static_cast<std::size_t>(fd)] = "/dev/null";
    }
    open_standard_descriptors();
    int problems = 0;
    for (int fd = 0; fd < 3; ++fd) {
      if (opened_as(fd) != expected[static_cast<std::size_t>(fd)]) problems |= 1 << fd;
    }
    ::_exit(problems);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(StandardDescriptorsTest, ThoseThatAreClosedAreOpenedOnNothing) {
  EXPECT_EQ(problems_after_closing({0, 1, 2}), 0);
  EXPECT_EQ(problems_after_closing({0}), 0);
  EXPECT_EQ(problems_after_closing({1}), 0);
  EXPECT_EQ(problems_after_closing({0, 2}), 0);
}

TEST(StandardDescriptorsTest, ThoseThatAreOpenStayAsTheyAre) { EXPECT_EQ(problems_after_closing({}), 0); }

}  // namespace
}  // namespace netclsd
