// The floor of a sweep: opens, reads and closes stat and cgroup of every process once, and does nothing with them.
//
//   bench_proc_reader ROUNDS
//
// Prints for each round: processes=N ns=N
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

namespace {

long now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000L + now.tv_nsec;
}

bool read_once(int proc, const std::string& name) {
  static char buffer[8192];
  const int file = openat(proc, name.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool has_read = read(file, buffer, sizeof buffer) > 0;
  close(file);
  return has_read;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 1;
  const int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int round = 0; round < rounds; ++round) {
    const long began_ns = now_ns();
    long processes = 0;
    DIR* directory = opendir("/proc");
    while (const dirent* entry = readdir(directory)) {
      if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
      const std::string name = entry->d_name;
      if (read_once(proc, name + "/stat") && read_once(proc, name + "/cgroup")) ++processes;
    }
    closedir(directory);
    std::printf("processes=%ld ns=%ld\n", processes, now_ns() - began_ns);
  }
  return 0;
}
