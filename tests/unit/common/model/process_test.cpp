#include "common/model/process.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace netclsd {
namespace {

const std::string kTail =
    " S 3100 4711 4711 0 -1 4194560 191 0 0 0 0 0 0 0 20 0 1 0 191438 5660672 224 18446744073709551615 1 1 0\n";

TEST(ProcessStatTest, ReadsTheFieldsWeNeed) {
  const auto stat = parse_process_stat("4711 (sleep)" + kTail);
  ASSERT_TRUE(stat);
  EXPECT_EQ(*stat, (ProcessStat{Pid{4711}, "sleep", 'S', Pid{3100}, 1, StartTime{191438}}));
}

TEST(ProcessStatTest, ParenthesesAndBlanksInTheNameDoNotConfuse) {
  for (const std::string comm : {"a) S 1 (b", ")", "((", "a b c", "x) R 2 3 4 5 6 7 8 9", ""}) {
    const auto stat = parse_process_stat("4711 (" + comm + ")" + kTail);
    ASSERT_TRUE(stat) << comm;
    EXPECT_EQ(stat->comm, comm);
    EXPECT_EQ(stat->parent, Pid{3100}) << comm;
    EXPECT_EQ(stat->start_time, StartTime{191438}) << comm;
  }
}

TEST(ProcessStatTest, OtherTextsAreRefused) {
  for (const std::string text : {"", "4711", "4711 (sleep)", "4711 (sleep) S 1 2 3", "x (sleep)", ") ("}) {
    EXPECT_EQ(parse_process_stat(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_process_stat("99999999999 (sleep)" + kTail), std::nullopt);
}

TEST(ProcessStatTest, ZombiesAreDead) {
  EXPECT_TRUE(is_dead({Pid{7}, "sh", 'Z', Pid{1}, 1, StartTime{1}}));
  EXPECT_FALSE(is_dead({Pid{7}, "sh", 'Z', Pid{1}, 2, StartTime{1}})) << "only its leader has exited";
  EXPECT_FALSE(is_dead({Pid{7}, "sh", 'S', Pid{1}, 1, StartTime{1}}));
}

using Numbers = std::vector<std::string_view>;

TEST(PidsInNamespacesTest, AreThoseOfTheNSpidLine) {
  EXPECT_EQ(pids_in_namespaces("Name:\tsh\nNStgid:\t1\t2\t3\nNSpid:\t7768\nNSpgid:\t7768\n"), Numbers{"7768"});
  EXPECT_EQ(pids_in_namespaces("Name:\tsh\nNSpid:\t7768\t31\t1\nNSpgid:\t7766\t0\t0\n"), (Numbers{"7768", "31", "1"}));
  EXPECT_EQ(pids_in_namespaces("pos:\t0\nPid:\t4711\nNSpid:\t4711\t12\n"), (Numbers{"4711", "12"})) << "of a pidfd";
  EXPECT_EQ(pids_in_namespaces("Name:\tsh\nNSpid:\t4711\t12"), (Numbers{"4711", "12"}));
}

TEST(PidsInNamespacesTest, AreNoneWithoutSuchALine) {
  EXPECT_EQ(pids_in_namespaces(""), Numbers{});
  EXPECT_EQ(pids_in_namespaces("Name:\tsleep\nNSpid:\n"), Numbers{});
  EXPECT_EQ(pids_in_namespaces("NSpid:\t1\t2\n"), Numbers{}) << "the name comes first";
}

TEST(PidsInNamespacesTest, AProcessCannotNameItselfIntoAnotherNamespace) {
  EXPECT_EQ(pids_in_namespaces("Name:\tNSpid:\t1\n"), Numbers{});
  EXPECT_EQ(pids_in_namespaces("Name:\t\\nNSpid:\\t7\\t8\nNSpid:\t7768\n"), Numbers{"7768"});
}

}  // namespace
}  // namespace netclsd
