#include "agent/metrics/process_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace netclsd {
namespace {

std::map<std::string, double> values(const std::vector<prometheus::MetricFamily>& families) {
  std::map<std::string, double> found;
  for (const auto& family : families) found[family.name] = family.metric.at(0).gauge.value;
  return found;
}

class ProcessMetricsTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(proc_ / "self/fd"); }
  void TearDown() override { std::filesystem::remove_all(proc_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(proc_ / name) << text; }

  std::filesystem::path proc_ =
      std::filesystem::temp_directory_path() / ("process-metrics-" + std::to_string(::getpid()));
};

TEST_F(ProcessMetricsTest, ReadsStatEvenWhenTheCommandHoldsParentheses) {
  write("self/stat", "7 (a) b) S 1 7 7 0 -1 0 1 0 0 0 150 50 0 0 20 0 3 0 1000 4096000 25 18446744073709551615\n");
  write("stat", "cpu 1 2 3\nbtime 1700000000\nprocesses 1\n");
  write("self/limits",
        "Limit                     Soft Limit           Hard Limit           Units\n"
        "Max open files            1024                 4096                 files\n");
  const auto found = values(collect_process_metrics(proc_));
  EXPECT_EQ(found.at("process_cpu_seconds_total"), 2.0);
  EXPECT_EQ(found.at("process_virtual_memory_bytes"), 4096000.0);
  EXPECT_EQ(found.at("process_resident_memory_bytes"), 25.0 * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(found.at("process_start_time_seconds"), 1700000010.0);
  EXPECT_EQ(found.at("process_max_fds"), 1024.0);
}

TEST_F(ProcessMetricsTest, WhatCannotBeReadIsLeftOut) {
  write("self/stat", "nonsense");
  write("self/limits", "Max open files            unlimited            unlimited            files\n");
  EXPECT_THAT(values(collect_process_metrics(proc_)), testing::UnorderedElementsAre(testing::Key("process_open_fds")));
}

TEST_F(ProcessMetricsTest, TheRealProcessHasAllSix) {
  const auto found = values(collect_process_metrics());
  EXPECT_EQ(found.size(), 6U);
  EXPECT_GT(found.at("process_resident_memory_bytes"), 1e5);
  EXPECT_GE(found.at("process_open_fds"), 3);
  EXPECT_NEAR(found.at("process_start_time_seconds"), static_cast<double>(::time(nullptr)), 600);
}

}  // namespace
}  // namespace netclsd
