// What the agent computes for one process that it looks at, after /proc was read.
#include <benchmark/benchmark.h>

#include "agent/membership/sweep_plan.h"
#include "bench/micro/world.h"

namespace netclsd::bench {
namespace {

CgroupPaths cgroups_of(std::uint32_t pod) {
  const std::string name = "/pod" + std::to_string(pod);
  return CgroupPaths{{{"net_cls,net_prio", "/netclsd" + name}, {"", "/kubepods" + name + "/inner"}}};
}

void target_by_path(benchmark::State& state) {
  const auto containers = static_cast<std::uint32_t>(state.range(0));
  World world(containers, 1);
  std::vector<CgroupPaths> paths;
  for (std::uint32_t i = 0; i < containers; ++i) paths.push_back(cgroups_of(i));
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(world.targets().by_path(paths[i++ % paths.size()]));
}
BENCHMARK(target_by_path)->Arg(10)->Arg(1000);

// One iteration plans for a whole host; items are processes.
void plan_sweep(benchmark::State& state) {
  constexpr std::uint32_t kContainers = 50;
  const auto processes = static_cast<std::uint32_t>(state.range(0));
  World world(kContainers, processes);
  Snapshot snapshot;
  for (std::uint32_t i = 0; i < processes; ++i) {
    const Pid pid{kFirstMember + static_cast<std::int32_t>(i)};
    snapshot.push_back({pid, Pid{1}, StartTime{1}, cgroups_of(i % kContainers), 0});
  }
  for (auto _ : state) benchmark::DoNotOptimize(find_members(snapshot, {}, world.targets(), world.tracker()));
  state.SetItemsProcessed(state.iterations() * processes);
}
BENCHMARK(plan_sweep)->Arg(5000);

}  // namespace
}  // namespace netclsd::bench
