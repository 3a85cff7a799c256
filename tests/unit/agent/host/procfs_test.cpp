#include "agent/host/procfs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

#include "common/base/file.h"

namespace netclsd {
namespace {

using testing::ElementsAre;

// std::nullopt: it succeeded.
template <typename T>
std::optional<ErrorCode> error_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code());
}

class ProcfsTest : public testing::Test {
 protected:
  ProcfsTest() {
    std::filesystem::create_directory(root_);
    put("1/stat", stat(1, 'S', 0, 1));
  }
  ~ProcfsTest() override { std::filesystem::remove_all(root_); }

  void put(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  // state, parent and number of threads of a stat line; the start time is 777
  static std::string stat(int pid, char state, int parent, int threads) {
    return std::to_string(pid) + " (a) b) " + state + " " + std::to_string(parent) +
           " 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 " + std::to_string(threads) + " 0 777 0 0 0\n";
  }
  Procfs procfs() { return Procfs(open_directory(root_).value()); }

  std::filesystem::path root_ = testing::TempDir() + "/procfs_test." + std::to_string(::getpid());
};

TEST_F(ProcfsTest, ListsOnlyProcesses) {
  put("7/stat", "");
  put("meminfo", "");
  put("42/stat", "");
  EXPECT_THAT(procfs().list().value(), testing::UnorderedElementsAre(Pid{1}, Pid{7}, Pid{42}));
}

// hidepid=invisible shows none, hidepid=noaccess their numbers alone.
TEST_F(ProcfsTest, WherePidOneIsHiddenNobodyIsTakenForGone) {
  put("7/stat", stat(7, 'S', 3, 1));
  put("7/cgroup", "0::/b\n");
  std::filesystem::remove(root_ / "1/stat");
  EXPECT_EQ(error_of(procfs().check_sight()), ErrorCode::kUnavailable);
  EXPECT_EQ(error_of(procfs().list()), ErrorCode::kUnavailable);
  EXPECT_EQ(error_of(procfs().look_at(Pid{8})), ErrorCode::kUnavailable);
  EXPECT_TRUE(procfs().look_at(Pid{7}).value().has_value());
}

TEST_F(ProcfsTest, ReadsParentStartTimeAndGroups) {
  put("7/stat", stat(7, 'S', 3, 1));
  put("7/cgroup", "5:net_cls:/a\n0::/b\n");
  const auto facts = procfs().facts(Pid{7});
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->parent, Pid{3});
  EXPECT_EQ(facts->start_time, StartTime{777});
  EXPECT_THAT(facts->cgroups.entries, ElementsAre(CgroupEntry{"net_cls", "/a"}, CgroupEntry{"", "/b"}));
}

TEST_F(ProcfsTest, ReadsWhatTellsTheNamespaces) {
  put("7/status", "Name:\tsleep\nNSpid:\t7\t1\n");
  put("7/mountinfo", "743 42 254:0 /b / rw,relatime - ext4 /dev/vda rw\n744 743 0:5 / /proc rw - proc proc rw\n");
  put("7/ns/pid", "");
  const NamespaceFacts facts = procfs().namespaces(Pid{7});
  EXPECT_NE(facts.pid_namespace, 0U);
  EXPECT_EQ(facts.pid_depth, 2U);
  EXPECT_TRUE(facts.is_reaper);
  EXPECT_EQ(facts.root_mount, 743U);
  EXPECT_EQ(facts.root, "254:0 /b");
  EXPECT_EQ(procfs().namespaces(Pid{8}), NamespaceFacts{});
}

// A process may have 65,536 of them.
TEST_F(ProcfsTest, ManyGroupsDoNotHideTheNamespaces) {
  std::string groups;
  for (int i = 0; i < 65'536; ++i) groups += std::to_string(4'000'000'000 + i) + " ";
  put("7/status", "Name:\tsleep\nGroups:\t" + groups + "\nNSpid:\t7\t3\n");
  EXPECT_EQ(procfs().namespaces(Pid{7}).pid_depth, 2U);
}

TEST_F(ProcfsTest, AnEndedProcessOrAZombieIsNone) {
  put("7/stat", stat(7, 'Z', 3, 1));
  put("7/cgroup", "0::/b\n");
  EXPECT_FALSE(procfs().facts(Pid{7}).has_value());
  EXPECT_EQ(procfs().start_time(Pid{7}), std::nullopt);
  EXPECT_FALSE(procfs().facts(Pid{8}).has_value());
  EXPECT_EQ(procfs().cgroups(Pid{8}), std::nullopt);
}

// Out of descriptors, or its cgroup's path is longer than the kernel shows.
TEST_F(ProcfsTest, AProcessThatCannotBeReadIsNotTakenForAnEndedOne) {
  put("7/stat", stat(7, 'S', 3, 1));
  std::filesystem::create_directory(root_ / "7/cgroup");  // EISDIR
  Procfs proc = procfs();
  EXPECT_EQ(error_of(proc.look_at(Pid{7})), ErrorCode::kSystem);
  EXPECT_FALSE(proc.facts(Pid{7}).has_value());
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit none{0, limit.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  const auto looked = proc.look_at(Pid{7});
  ::setrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(error_of(looked), ErrorCode::kUnavailable);
  EXPECT_EQ(proc.look_at(Pid{8}).value(), std::nullopt);
}

TEST_F(ProcfsTest, OfAProcessWhoseLeaderHasExitedAnotherThreadIsRead) {
  put("7/stat", stat(7, 'Z', 3, 2));
  put("7/cgroup", "5:net_cls:/old\n");
  put("7/task/7/cgroup", "5:net_cls:/old\n");
  put("7/task/9/cgroup", "5:net_cls:/new\n");
  const auto facts = procfs().facts(Pid{7});
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(*facts->cgroups.net_cls(), "/new");
}

}  // namespace
}  // namespace netclsd
