#include "tests/sim/simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <vector>

namespace netclsd {
namespace {

constexpr std::uint64_t kSchedules = 10'000;
constexpr int kSteps = 200;

// NETCLSD_SIM_SEED=N runs that one; NETCLSD_SIM_FIRST=N and NETCLSD_SIM_LAST=N those from the first to the last.
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(SimulationTest, ThePromiseHoldsAfterEveryQuietMoment) {
  const std::uint64_t only = from_environment("NETCLSD_SIM_SEED", 0);
  const std::uint64_t last = from_environment("NETCLSD_SIM_LAST", kSchedules);
  const std::uint64_t first = from_environment("NETCLSD_SIM_FIRST", 1);
  FaultCounts counts;
  for (std::uint64_t seed = only ? only : first; seed <= (only ? only : last); ++seed) {
    Simulation simulation(seed);
    const std::string found = simulation.run(kSteps);
    ASSERT_TRUE(found.empty()) << found << "reproduce with: NETCLSD_SIM_SEED=" << seed
                               << " build/dev/tests/sim/sim_tests";
    counts.add(simulation.fault_counts());
  }
  std::cout << counts.drops << " events dropped, " << counts.silences << " silences, " << counts.hand_edits
            << " edits by hand, " << counts.reuses << " numbers reused between look and write\n";
  std::vector<FaultPoint> points(kHostPoints.begin(), kHostPoints.end());
  if (kHasFaultPoints) points.insert(points.end(), kEnginePoints.begin(), kEnginePoints.end());
  const bool must_happen = !only && last >= kSchedules + first - 1;
  for (const FaultPoint point : points) {
    const auto crashes = counts.crashes[static_cast<std::size_t>(point)];
    const auto failures = counts.failures[static_cast<std::size_t>(point)];
    std::cout << to_string(point) << ": " << crashes << " crashes, " << failures << " failures\n";
    EXPECT_TRUE(!must_happen || (crashes > 0 && failures > 0)) << to_string(point) << " is never reached";
  }
}

}  // namespace
}  // namespace netclsd
