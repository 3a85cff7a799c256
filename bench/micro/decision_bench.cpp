// What one event costs in the pure parts: from the datagram's bytes to what is to be done.
#include <benchmark/benchmark.h>

#include "bench/micro/world.h"

namespace netclsd::bench {
namespace {

constexpr std::size_t kDatagrams = 4096;  // more than the first-level cache holds, as in a full receive buffer
constexpr std::uint32_t kContainers = 50;

void report_per_event(benchmark::State& state) { state.SetItemsProcessed(state.iterations()); }

void decode(benchmark::State& state) {
  World world(1, 1000);
  const auto datagrams = world.datagrams(Mix::kAll, kDatagrams);
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(decode_event(datagrams[i++ % kDatagrams]));
  report_per_event(state);
}
BENCHMARK(decode);

void decide(benchmark::State& state, Mix mix) {
  World world(kContainers, static_cast<std::uint32_t>(state.range(0)));
  auto datagrams = world.datagrams(mix, kDatagrams);
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(world.decide(datagrams[i++ % kDatagrams]));
  report_per_event(state);
}
BENCHMARK_CAPTURE(decide, stranger_fork, Mix::kStrangerFork)->Arg(1000);
BENCHMARK_CAPTURE(decide, member_fork, Mix::kMemberFork)->Arg(1000);
BENCHMARK_CAPTURE(decide, stranger_exec, Mix::kStrangerExec)->Arg(1000);
BENCHMARK_CAPTURE(decide, member_exec, Mix::kMemberExec)->Arg(1000);
BENCHMARK_CAPTURE(decide, all, Mix::kAll)->Arg(1000)->Arg(10'000)->Arg(100'000);

// The whole life of a number in the table: a child that was not known is added, and forgotten when it has ended.
void member_fork_and_forget(benchmark::State& state) {
  World world(kContainers, static_cast<std::uint32_t>(state.range(0)));
  std::int32_t number = 1000;
  std::int64_t now_ns = 1'000'000;
  for (auto _ : state) {
    const Pid child{number = number < 900'000 ? number + 1 : 1000};
    benchmark::DoNotOptimize(world.track(Forked{world.any_member(), child, MonotonicTime{now_ns += 1000}}));
    world.tracker().forget(child);
  }
  report_per_event(state);
}
BENCHMARK(member_fork_and_forget)->Arg(1000)->Arg(100'000);

}  // namespace
}  // namespace netclsd::bench
