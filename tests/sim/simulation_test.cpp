#include "tests/sim/simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace netclsd {
namespace {

constexpr std::uint64_t kSchedules = 3'000;
constexpr int kSteps = 200;

// NETCLSD_SIM_SEED=N runs that one; NETCLSD_SIM_SCHEDULES=N runs that many.
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(SimulationTest, ThePromiseHoldsAfterEveryQuietMoment) {
  const std::uint64_t only = from_environment("NETCLSD_SIM_SEED", 0);
  const std::uint64_t schedules = from_environment("NETCLSD_SIM_SCHEDULES", kSchedules);
  for (std::uint64_t seed = only ? only : 1; seed <= (only ? only : schedules); ++seed) {
    const std::string found = Simulation(seed).run(kSteps);
    ASSERT_EQ(found, "") << "reproduce with NETCLSD_SIM_SEED=" << seed;
  }
}

}  // namespace
}  // namespace netclsd
