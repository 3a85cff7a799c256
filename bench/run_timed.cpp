// Times whole processes: posix_spawn, the program, wait4. In C++ and static, because a Python parent costs more than
// the hook itself, and because a child's ru_maxrss begins with the size of the parent that spawned it.
//
//   bench_run_timed ROUNDS :timed NAME STDIN COMMAND… [:untimed NAME STDIN COMMAND…]…
//
// Runs all commands one after the other, ROUNDS times, so that what compares is interleaved. `{round}` in STDIN or in
// an argument becomes the round's number. After each timed command it prints
//   NAME wall_ns=N peak_kib=N status=N
// and after an untimed one only what failed. Their output is thrown away.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

extern char** environ;

namespace {

struct Command {
  bool is_timed;
  std::string name;
  std::string input;
  std::vector<std::string> arguments;
};

bool is_mark(const char* word) { return std::strcmp(word, ":timed") == 0 || std::strcmp(word, ":untimed") == 0; }

std::vector<Command> parse_commands(int argc, char** argv) {
  std::vector<Command> commands;
  for (int i = 2; i < argc; ++i) {
    if (is_mark(argv[i]) && i + 3 < argc) {
      commands.push_back({std::strcmp(argv[i], ":timed") == 0, argv[i + 1], argv[i + 2], {}});
      i += 2;
    } else if (!commands.empty()) {
      commands.back().arguments.emplace_back(argv[i]);
    }
  }
  return commands;
}

std::string for_round(std::string text, int round) {
  constexpr std::string_view kMark = "{round}";
  const std::size_t at = text.find(kMark);
  return at == std::string::npos ? text : text.replace(at, kMark.size(), std::to_string(round));
}

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

pid_t spawn(const Command& command, int round) {
  std::vector<std::string> arguments;
  for (const std::string& argument : command.arguments) arguments.push_back(for_round(argument, round));
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, for_round(command.input, round).c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int error = posix_spawn(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? child : -1;
}

bool run(const Command& command, int round) {
  const std::int64_t began_ns = now_ns();
  const pid_t child = spawn(command, round);
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) != child) return false;
  const std::int64_t wall_ns = now_ns() - began_ns;
  if (command.is_timed || status != 0) {
    std::printf("%s wall_ns=%lld peak_kib=%ld status=%d\n", command.name.c_str(), static_cast<long long>(wall_ns),
                usage.ru_maxrss, status);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 2 ? std::atoi(argv[1]) : 0;
  const std::vector<Command> commands = parse_commands(argc, argv);
  if (rounds < 1 || commands.empty()) return 2;
  for (int round = 0; round < rounds; ++round) {
    for (const Command& command : commands) {
      if (run(command, round)) continue;
      std::perror(command.name.c_str());
      return 1;
    }
  }
  return 0;
}
