#include "common/base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

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

}  // namespace
}  // namespace netclsd
