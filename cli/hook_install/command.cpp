#include "cli/hook_install/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/base/unique_fd.h"

namespace netclsd::cli {
namespace {

constexpr std::size_t kOutputMax_bytes = 1U << 20;
constexpr int kNotStarted = 127;

using Clock = std::chrono::steady_clock;

// In the child: only async-signal-safe calls.
[[noreturn]] void become(const char* root, bool has_root, char* const* arguments, int out) {
  const int nothing = ::open("/dev/null", O_RDWR);
  if (nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(nothing, 2) < 0) ::_exit(kNotStarted);
  if (has_root && (::chroot(root) != 0 || ::chdir("/") != 0)) ::_exit(kNotStarted);
  static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  static std::array<char*, 2> environment = {path, nullptr};
  ::execve(arguments[0], arguments, environment.data());
  ::_exit(kNotStarted);
}

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

// What the program prints until it closes its stdout; false: it took too long, or printed too much.
bool read_output(const UniqueFd& in, Clock::time_point deadline, std::string& text) {
  std::array<char, 8192> buffer{};
  while (text.size() <= kOutputMax_bytes) {
    pollfd waiting{.fd = in.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, milliseconds_until(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const ssize_t got = ::read(in.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return false;
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<CommandOutput> run_in_root(const std::string& root, const std::vector<std::string>& command,
                                  std::chrono::seconds limit) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_failure(errno, "pipe");
  const UniqueFd in(ends[0]);
  UniqueFd out(ends[1]);
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return system_failure(errno, "fork for", command.front());
  if (child == 0) become(root.c_str(), root != "/", arguments.data(), out.get());
  out.reset();
  CommandOutput output;
  const bool is_whole = read_output(in, Clock::now() + limit, output.text);
  if (!is_whole) ::kill(child, SIGKILL);
  output.exit_status = wait_for(child);
  if (!is_whole) return failure(ErrorCode::kUnavailable, command.front() + " did not end in time");
  if (output.exit_status == kNotStarted)
    return failure(ErrorCode::kNotFound, command.front() + " could not be started");
  return output;
}

}  // namespace netclsd::cli
