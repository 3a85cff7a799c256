#include "cli/hook_install/host.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "common/base/file.h"
#include "common/base/text.h"

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

constexpr std::chrono::seconds kRestartMax{120};  // systemd itself gives a service 90 s

constexpr std::array<const char*, 7> kProgramDirectories = {
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/bin"};

constexpr std::size_t kProcFileMax_bytes = 1U << 20;

std::uint64_t ticks_per_second() { return static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)); }

// "1234.56 …" → 123456
std::optional<std::uint64_t> parse_uptime(std::string_view text) {
  const auto parts = split(split(text, ' ').front(), '.');
  if (parts.size() != 2 || parts[1].size() != 2) return std::nullopt;
  const auto seconds = parse_unsigned(parts[0]);
  const auto hundredths = parse_unsigned(parts[1]);
  if (!seconds || !hundredths) return std::nullopt;
  return *seconds * 100 + *hundredths;
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

std::optional<std::string> find_program(const RootTree& tree, std::string_view name) {
  for (const char* directory : kProgramDirectories) {
    std::string path = std::string(directory) + "/" + std::string(name);
    if (tree.exists(path)) return path;
  }
  return std::nullopt;
}

Result<void> restart_service(const RootTree& tree, const std::string& name) {
  const auto systemctl = find_program(tree, "systemctl");
  if (!systemctl) return failure(ErrorCode::kNotFound, "there is no systemctl; restart " + name + " by hand");
  const auto output = run_in_root(tree.root(), {*systemctl, "restart", name}, kRestartMax);
  if (!output) return pass_on(output.error());
  if (output->exit_status == 0) return {};
  return failure(ErrorCode::kUnavailable, "systemctl restart " + name + " ended with " +
                                              std::to_string(output->exit_status) +
                                              "; containers go on, see journalctl -u " + name);
}

std::string proc_of(Pid pid) { return "/proc/" + to_string(pid); }

std::string read_proc(const RootTree& tree, const std::string& path) {
  const auto file = tree.read(path, kProcFileMax_bytes);
  return file && *file ? (*file)->content : "";
}

std::vector<ProcessStat> find_processes(const RootTree& tree, std::string_view comm) {
  std::vector<ProcessStat> found;
  for (const std::string& name : tree.list("/proc")) {
    if (!parse_unsigned(name)) continue;
    const auto stat = parse_process_stat(read_proc(tree, "/proc/" + name + "/stat"));
    if (stat && stat->comm == comm && !is_dead(*stat)) found.push_back(*stat);
  }
  std::sort(found.begin(), found.end(), [](const auto& one, const auto& other) { return one.pid < other.pid; });
  return found;
}

std::optional<ChangeTime> current_time(const RootTree& tree) {
  std::string boot_id = read_proc(tree, "/proc/sys/kernel/random/boot_id");
  const auto hundredths = parse_uptime(read_proc(tree, "/proc/uptime"));
  if (boot_id.empty() || !hundredths) return std::nullopt;
  if (boot_id.ends_with('\n')) boot_id.pop_back();
  return ChangeTime{.boot_id = std::move(boot_id), .at_ticks = *hundredths * ticks_per_second() / 100};
}

std::optional<std::int64_t> wall_time_of(const RootTree& tree, StartTime start) {
  constexpr std::string_view kKey = "\nbtime ";
  const std::string text = read_proc(tree, "/proc/stat");
  const std::size_t at = text.find(kKey);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = at + kKey.size();
  const auto booted = parse_unsigned(std::string_view(text).substr(begin, text.find('\n', begin) - begin));
  if (!booted) return std::nullopt;
  return static_cast<std::int64_t>(*booted + start.ticks / ticks_per_second());
}

std::int64_t seconds_since_epoch() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace netclsd::cli
