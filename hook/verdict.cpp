#include "hook/verdict.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "common/base/file.h"
#include "common/base/text.h"

namespace netclsd::hook {
namespace {

constexpr std::size_t kLineMax_bytes = 1000;

bool is_denied(const HookOptions& options, const Subject& subject) {
  if (subject.is_release || options.on_failure == OnFailure::kAllow) return false;
  const auto& exempt = options.deny_exempt_namespaces;
  const auto matches = [&](const std::string& pattern) { return matches_glob(pattern, subject.pod_namespace); };
  return subject.pod_namespace.empty() || std::none_of(exempt.begin(), exempt.end(), matches);
}

std::string_view what_happens_now(const Subject& subject, bool denied) {
  if (subject.is_release) return "the agent releases it when it sees that init is gone";
  return denied ? "the container is refused" : "the container starts";
}

// "socket: Function not implemented (…)": that errno comes from our filter alone.
std::string explained(std::string_view what) {
  if (what.find(std::generic_category().message(kRefusedErrno)) == std::string_view::npos) return std::string(what);
  return std::string(what) + " (refused by the hook's seccomp filter, see --seccomp)";
}

std::string line_about(const Subject& subject, std::string_view what) {
  std::string line = "netclsd-hook: ";
  if (!subject.container.empty()) line.append("container ").append(subject.container).append(": ");
  return line.append(one_line(explained(what)));
}

// One write(2), so that lines of hooks running side by side do not mix.
void write_line(int fd, const std::string& line) {
  const std::string text = line + "\n";
  if (::write(fd, text.data(), text.size()) < 0) return;  // nobody is left to tell
}

}  // namespace

Outcome failed(const HookOptions& options, const Subject& subject, std::string_view what) {
  const bool denied = is_denied(options, subject);
  std::string line = line_about(subject, what).append("; ").append(what_happens_now(subject, denied));
  return {.exit_status = denied ? 1 : 0, .line = std::move(line)};
}

Outcome warned(const Subject& subject, std::string_view what) {
  return {.exit_status = 0, .line = line_about(subject, what)};
}

std::string one_line(std::string_view text) {
  std::string line(text.substr(0, kLineMax_bytes));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return line + (text.size() > kLineMax_bytes ? "…" : "");
}

void report(const Outcome& outcome, const std::string& log_file) {
  if (outcome.line.empty()) return;
  write_line(STDERR_FILENO, outcome.line);
  if (log_file.empty()) return;
  // O_NONBLOCK: a fifo without a reader must not hold the container up.
  const UniqueFd log(
      ::open(log_file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640));
  if (log.is_open()) write_line(log.get(), format_utc(std::chrono::system_clock::now()) + " " + outcome.line);
}

}  // namespace netclsd::hook
