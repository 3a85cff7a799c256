// Decodes and tracks so many events, and nothing else: for callgrind, which counts its instructions.
//
//   bench_decide_events EVENTS
#include <cstdio>
#include <cstdlib>

#include "bench/micro/world.h"

int main(int argc, char** argv) {
  constexpr std::size_t kDatagrams = 4096;
  netclsd::bench::World world(50, 1000);
  auto datagrams = world.datagrams(netclsd::bench::Mix::kAll, kDatagrams);
  const std::size_t events = argc == 2 ? std::strtoul(argv[1], nullptr, 10) : 0;
  std::size_t examined = 0;
  for (std::size_t i = 0; i < events; ++i) examined += world.decide(datagrams[i % kDatagrams]);
  std::printf("examined=%zu\n", examined);
  return 0;
}
