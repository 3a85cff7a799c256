// What the process table takes: a tracker filled by fork events alone.
//
//   bench_table_memory PROCESSES
//
// Prints `heap_bytes=N resident_bytes=N`: what the C library has given out for it, and what the kernel has.
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "bench/micro/world.h"

namespace {

std::size_t heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::size_t resident_bytes() {
  std::size_t total_pages = 0;
  std::size_t resident_pages = 0;
  FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  if (std::fscanf(file, "%zu %zu", &total_pages, &resident_pages) != 2) resident_pages = 0;
  std::fclose(file);
  return resident_pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

int main(int argc, char** argv) {
  const int processes = argc == 2 ? std::atoi(argv[1]) : 0;
  if (processes < 1) return 2;
  netclsd::bench::World world(1, 1);
  const netclsd::Pid parent = world.any_member();
  const std::size_t heap_before = heap_bytes();
  const std::size_t resident_before = resident_bytes();
  for (int i = 0; i < processes; ++i) {
    world.track(netclsd::Forked{parent, netclsd::Pid{parent.value + 1 + i}, netclsd::MonotonicTime{1000 + i}});
  }
  std::printf("heap_bytes=%zu resident_bytes=%zu tracked=%zu\n", heap_bytes() - heap_before,
              resident_bytes() - resident_before, world.tracker().size() - 1);
  return 0;
}
