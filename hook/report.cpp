#include "hook/report.h"

#include <unistd.h>

#include <chrono>

#include "common/api/utc_time.h"
#include "common/base/file.h"

namespace netclsd::hook {
namespace {

// One write(2), so that lines of hooks running side by side do not mix.
void write_line(int fd, const std::string& line) {
  const std::string text = line + "\n";
  if (::write(fd, text.data(), text.size()) < 0) return;  // nobody is left to tell
}

}  // namespace

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
