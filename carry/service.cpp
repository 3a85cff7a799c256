#include "carry/service.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/logging/log.h"
#include "common/base/timespec.h"

namespace netclsd::carry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Between two looks: in a burst of events one look serves many. A single event is looked at at once. A container waits
// for its registration to be looked at (agent/sources/carry_wait.h).
constexpr milliseconds kLookPause{50};
constexpr milliseconds kRegistrationPause{5};
constexpr seconds kRetryPause{1};
constexpr seconds kPatienceMin{3};  // packets are counted once a second: some of these, to tell a pause from none

std::string registrations_in(const std::string& state_dir) { return state_dir + "/containers"; }

Result<UniqueFd> watch(const std::string& directory) {
  UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch.is_open()) return system_failure(errno, "make an inotify descriptor");
  constexpr std::uint32_t kEvents =
      IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  if (::inotify_add_watch(watch.get(), directory.c_str(), kEvents) < 0)
    return system_failure(errno, "watch", directory);
  return watch;
}

}  // namespace

Result<Service> Service::open(ServiceFiles files, const Config& config, Carrier& carrier, Report& report,
                              const UniqueFd& state_directory, const Asked& asked, const sigset_t& while_asleep) {
  const std::string directory = registrations_in(files.state_dir);
  auto registrations = open_directory(directory);
  if (!registrations) return pass_on(registrations.error());
  auto watched = watch(directory);
  if (!watched) return pass_on(watched.error());
  auto links = LinkEvents::open();
  if (!links) return pass_on(links.error());
  return Service(std::move(files), config, carrier, report, asked, while_asleep, *std::move(links), state_directory,
                 *std::move(registrations), *std::move(watched));
}

Result<void> Service::run() {
  while (asked_.to_end == 0) {
    if (asked_.to_reload != reloads_) reload();
    if (Clock::now() >= audit_at_) {
      if (auto same = expect_same_directory(); !same) return same;
      audit_at_ = Clock::now() + audit_interval_;
      must_read_registrations_ = true;
      look_at(Clock::now());
    }
    if (Clock::now() >= look_at_) static_cast<void>(look());
    if (Clock::now() >= report_.due()) write_report();
    sleep();
  }
  write_report();
  return {};
}

// Another one has its path now. We see only the old one, by inotify and by Landlock.
Result<void> Service::expect_same_directory() const {
  struct stat ours {};
  struct stat there {};
  const std::string path = registrations_in(files_.state_dir);
  if (::fstat(registrations_.get(), &ours) != 0) return system_failure(errno, "look at", path);
  if (::stat(path.c_str(), &there) == 0 && ours.st_ino == there.st_ino && ours.st_dev == there.st_dev) return {};
  return failure(ErrorCode::kUnavailable, path + " was replaced; starting again finds the new one");
}

Result<void> Service::look() {
  if (must_read_registrations_) read_registrations_again();
  look_at_ = Clock::time_point::max();
  looked_at_ = Clock::now();
  auto looked = carrier_.look();
  const bool was_interrupted = !looked && looked.error().sys_errno() == EINTR;  // interfaces changed meanwhile
  if (!was_interrupted) say_looked();
  if (looked) {
    last_complaint_.clear();
    return looked;
  }
  look_at(looked_at_ + (was_interrupted ? kLookPause : std::chrono::duration_cast<milliseconds>(kRetryPause)));
  if (!was_interrupted && looked.error().message() != std::exchange(last_complaint_, looked.error().message())) {
    log_event(LogLevel::kWarning, "look_failed", {{"reason", looked.error().message()}});
  }
  return looked;
}

// Also after a failure: nobody shall wait until it is mended.
void Service::say_looked() {
  if (!to_say_) return;
  const auto said = write_atomically_at(state_directory_, kCarryLookedName, looked_text(*to_say_), 0600);
  if (said) to_say_.reset();
}

void Service::read_registrations_again() {
  const LookedTime now = std::chrono::system_clock::now();
  auto found = read_registrations(registrations_);
  if (!found) {
    log_event(LogLevel::kWarning, "registrations_unreadable", {{"reason", found.error().message()}});
    return;
  }
  must_read_registrations_ = false;
  to_say_ = now;
  carrier_.set_registrations(*std::move(found));
}

void Service::reload() {
  reloads_ = asked_.to_reload;
  const auto config = load_config(files_.config_file);
  if (!config) {
    log_event(LogLevel::kError, "config_reload_failed", {{"reason", config.error().message()}});
    return;
  }
  set_log_level(config->log.level);
  audit_interval_ = config->audit_interval;
  carrier_.configure(config->carry);
  audit_at_ = Clock::now();
  log_event(LogLevel::kInfo, "config_reloaded");
}

void Service::write_report() {
  const auto patience = std::max<Clock::duration>(audit_interval_, kPatienceMin);
  const auto written = report_.update(carrier_.report(Clock::now(), patience), Clock::now());
  if (!written && !has_told_of_report_) {
    log_event(LogLevel::kWarning, "report_unwritable", {{"reason", written.error().message()}});
  }
  has_told_of_report_ = !written;
}

void Service::sleep() {
  const auto until = std::min({audit_at_, look_at_, report_.due()});
  std::array<pollfd, 2> ready = {{{.fd = links_.descriptor(), .events = POLLIN, .revents = 0},
                                  {.fd = watch_.get(), .events = POLLIN, .revents = 0}}};
  const timespec time = to_timespec(std::max<std::chrono::nanoseconds>(until - Clock::now(), {}));
  if (::ppoll(ready.data(), ready.size(), &time, &while_asleep_) <= 0) return;
  if (ready[1].revents != 0 && drain_watch()) must_read_registrations_ = true;
  const bool has_links_changed = ready[0].revents != 0 && links_.drain();
  if (has_links_changed) look_at(looked_at_ + kLookPause);
  if (must_read_registrations_) look_at(looked_at_ + kRegistrationPause);
}

// Which file it was does not matter.
bool Service::drain_watch() const {
  alignas(inotify_event) std::array<char, 4096>
      events;  // NOLINT(cppcoreguidelines-pro-type-member-init): read fills it
  bool was_any = false;
  while (::read(watch_.get(), events.data(), events.size()) > 0) was_any = true;
  return was_any;
}

}  // namespace netclsd::carry
