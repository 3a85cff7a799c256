#include "agent/sources/spool_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "common/base/file.h"
#include "tests/unit/common/fault_in_test.h"

namespace netclsd {
namespace {

class SpoolDirectoryTest : public testing::Test {
 protected:
  SpoolDirectoryTest() { std::filesystem::create_directory(root_); }
  ~SpoolDirectoryTest() override { std::filesystem::remove_all(root_); }
  SpoolDirectory spool() { return SpoolDirectory(open_directory(root_).value()); }

  void leave(const std::string& id, int second) {
    RegisterRequest request;
    request.pid = Pid{42};
    const SpoolEntry entry{ContainerId::parse(id).value(), request};
    std::ofstream(root_ / (id + ".json")) << to_json(entry);
    const timespec times[2] = {{second, 0}, {second, 0}};
    ::utimensat(AT_FDCWD, (root_ / (id + ".json")).c_str(), times, 0);
  }

  static std::vector<SpoolItem> read_all(SpoolDirectory spool) {
    spool.look();
    return spool.take(1'000);
  }

  std::filesystem::path root_ = testing::TempDir() + "/spool_directory_test." + std::to_string(::getpid());
};

TEST_F(SpoolDirectoryTest, GivesEntriesInTheOrderTheyWereLeft) {
  leave("later", 200);
  leave("earlier", 100);
  const auto items = read_all(spool());
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].entry.value().id.text(), "earlier");
  EXPECT_EQ(items[1].entry.value().id.text(), "later");
}

TEST_F(SpoolDirectoryTest, GivesEachEntryOnceUntilItLooksAgain) {
  leave("first", 100);
  leave("second", 200);
  SpoolDirectory directory = spool();
  directory.look();
  EXPECT_EQ(directory.take(1).at(0).name, "first.json");
  leave("between", 150);
  EXPECT_EQ(directory.take(5).at(0).name, "second.json");
  EXPECT_TRUE(directory.take(5).empty());
  directory.look();
  EXPECT_EQ(directory.take(5).size(), 3U);
}

TEST_F(SpoolDirectoryTest, WhatAHookIsStillWritingStaysAndWhatAKilledOneLeftDoesNot) {
  std::ofstream(root_ / ".fresh.json.tmp") << "{";
  std::ofstream(root_ / ".abandoned.json.tmp") << "{";
  std::filesystem::last_write_time(root_ / ".abandoned.json.tmp",
                                   std::filesystem::file_time_type::clock::now() - std::chrono::minutes{3});
  SpoolDirectory directory = spool();
  directory.look();
  EXPECT_TRUE(directory.take(5).empty());
  EXPECT_TRUE(std::filesystem::exists(root_ / ".fresh.json.tmp"));
  EXPECT_FALSE(std::filesystem::exists(root_ / ".abandoned.json.tmp"));
}

TEST_F(SpoolDirectoryTest, AnEntryThatCannotBeReadStopsNoOther) {
  leave("good", 100);
  std::ofstream(root_ / "bad.json") << "{";
  ASSERT_EQ(::mkfifo((root_ / "fifo.json").c_str(), 0600), 0);
  std::filesystem::create_symlink("/etc/passwd", root_ / "link.json");
  int good = 0;
  const auto items = read_all(spool());
  for (const auto& item : items) good += item.entry.has_value() ? 1 : 0;
  EXPECT_EQ(items.size(), 4U);
  EXPECT_EQ(good, 1);
}

TEST_F(SpoolDirectoryTest, AnEntryThatCannotBeReadNowIsGivenAgainAfterTheNextLook) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  leave("good", 100);
  const FaultInTest fault(FaultPoint::kFileRead, ENOMEM);
  const auto items = read_all(spool());
  ASSERT_EQ(items.size(), 1U);
  ASSERT_FALSE(items[0].entry);
  EXPECT_EQ(items[0].entry.error().code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(read_all(spool()).at(0).entry);
}

TEST_F(SpoolDirectoryTest, AnEntryThatIsGoneIsNone) {
  leave("good", 100);
  SpoolDirectory directory = spool();
  directory.look();
  std::filesystem::remove(root_ / "good.json");
  EXPECT_TRUE(directory.take(5).empty());
}

TEST_F(SpoolDirectoryTest, WhatAHookIsStillWritingIsLeftAlone) {
  std::ofstream(root_ / ".half.json.tmp") << "{";
  EXPECT_TRUE(read_all(spool()).empty());
}

TEST_F(SpoolDirectoryTest, ADiscardedEntryIsGone) {
  leave("good", 100);
  spool().discard("good.json");
  EXPECT_TRUE(read_all(spool()).empty());
}

}  // namespace
}  // namespace netclsd
