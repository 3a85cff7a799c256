#include "tests/sim/simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <vector>

namespace netclsd {
namespace {

constexpr std::uint64_t kSchedules = 10'000;
constexpr int kSteps = 200;

// As many tests, so that as many cores have work; each has its part of the schedules.
constexpr std::uint64_t kParts = 2;

// NETCLSD_SIM_SEED=N runs that one; NETCLSD_SIM_FIRST=N and NETCLSD_SIM_LAST=N those from the first to the last.
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Seeds {
  std::uint64_t first;
  std::uint64_t last;
};

Seeds seeds_of(std::uint64_t part) {
  if (const std::uint64_t only = from_environment("NETCLSD_SIM_SEED", 0); only != 0) {
    return part == 0 ? Seeds{only, only} : Seeds{1, 0};
  }
  const std::uint64_t first = from_environment("NETCLSD_SIM_FIRST", 1);
  const std::uint64_t end = from_environment("NETCLSD_SIM_LAST", kSchedules) + 1;
  const std::uint64_t count = end > first ? end - first : 0;
  return {first + count * part / kParts, first + count * (part + 1) / kParts - 1};
}

class SimulationTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(SimulationTest, ThePromiseHoldsAfterEveryQuietMoment) {
  const auto [first, last] = seeds_of(GetParam());
  FaultCounts counts;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
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
  const bool must_happen = last + 1 >= first + kSchedules / kParts;
  for (const FaultPoint point : points) {
    const auto crashes = counts.crashes[static_cast<std::size_t>(point)];
    const auto failures = counts.failures[static_cast<std::size_t>(point)];
    std::cout << to_string(point) << ": " << crashes << " crashes, " << failures << " failures\n";
    EXPECT_TRUE(!must_happen || (crashes > 0 && failures > 0)) << to_string(point) << " is never reached";
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, SimulationTest, testing::Range(std::uint64_t{0}, kParts));

}  // namespace
}  // namespace netclsd
