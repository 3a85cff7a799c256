#include "hook/placement/report.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <system_error>

#include "common/base/file.h"
#include "common/base/text.h"
#include "common/sandbox/seccomp_filter.h"

namespace netclsd::hook {
namespace {

constexpr std::size_t kLineMax_bytes = 1000;

// One write(2), so that lines of hooks running side by side do not mix.
void write_line(int fd, const std::string& line) {
  const std::string text = line + "\n";
  if (::write(fd, text.data(), text.size()) < 0) return;  // nobody is left to tell
}

}  // namespace

bool is_denied(OnFailure on_failure, const std::vector<std::string>& exempt, const std::string& pod_namespace) {
  if (on_failure == OnFailure::kAllow) return false;
  const auto matches = [&](const std::string& pattern) { return matches_glob(pattern, pod_namespace); };
  return pod_namespace.empty() || std::none_of(exempt.begin(), exempt.end(), matches);
}

std::string one_line(std::string_view text) {
  std::string line(text.substr(0, kLineMax_bytes));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return line + (text.size() > kLineMax_bytes ? "…" : "");
}

std::string explained(std::string_view what, std::string_view whose) {
  std::string text(what);
  if (what.find(std::generic_category().message(kRefusedErrno)) == std::string_view::npos) return text;
  return text.append(" (refused by ").append(whose).append(" seccomp filter, see --seccomp)");
}

void write_report(const std::string& line, const std::string& log_file) {
  if (line.empty()) return;
  write_line(STDERR_FILENO, line);
  if (log_file.empty()) return;
  // O_NONBLOCK: a fifo without a reader must not hold the container up.
  const UniqueFd log(
      ::open(log_file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640));
  if (log.is_open()) write_line(log.get(), format_utc(std::chrono::system_clock::now()) + " " + line);
}

}  // namespace netclsd::hook
