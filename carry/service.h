// The carrier's loop: when it looks. One thread, which sleeps in run() and nowhere else.
#pragma once

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "agent/config/config.h"
#include "carry/carrier.h"
#include "carry/links.h"
#include "carry/report.h"
#include "common/api/carry_looked.h"
#include "common/base/error.h"
#include "common/base/file.h"

namespace netclsd::carry {

// What the signals ask for. Set by handlers, which run only while the loop sleeps.
struct Asked {
  volatile sig_atomic_t to_end = 0;
  volatile sig_atomic_t to_reload = 0;
};

struct ServiceFiles {
  std::optional<std::string> config_file;  // absent: the default file
  std::string state_dir;
};

class Service {
 public:
  using Clock = std::chrono::steady_clock;

  // All must outlive it. Opens what it waits for, before the program is confined.
  [[nodiscard]] static Result<Service> open(ServiceFiles files, const Config& config, Carrier& carrier, Report& report,
                                            const UniqueFd& state_directory, const Asked& asked,
                                            const sigset_t& while_asleep);

  // Until it is asked to end. An error: it cannot go on, and must be started anew.
  [[nodiscard]] Result<void> run();

 private:
  Service(ServiceFiles files, const Config& config, Carrier& carrier, Report& report, const Asked& asked,
          const sigset_t& while_asleep, LinkEvents links, const UniqueFd& state_directory, UniqueFd registrations,
          UniqueFd watch)
      : files_(std::move(files)),
        audit_interval_(config.audit_interval),
        carrier_(carrier),
        report_(report),
        asked_(asked),
        while_asleep_(while_asleep),
        links_(std::move(links)),
        state_directory_(state_directory),
        registrations_(std::move(registrations)),
        watch_(std::move(watch)) {}

  [[nodiscard]] Result<void> expect_same_directory() const;
  [[nodiscard]] Result<void> look();
  void read_registrations_again();
  void say_looked();
  void reload();
  void write_report();
  void sleep();
  [[nodiscard]] bool drain_watch() const;
  void look_at(Clock::time_point when) { look_at_ = std::min(look_at_, when); }

  ServiceFiles files_;
  std::chrono::microseconds audit_interval_;
  Carrier& carrier_;
  Report& report_;
  const Asked& asked_;
  const sigset_t while_asleep_;
  LinkEvents links_;
  const UniqueFd& state_directory_;
  UniqueFd registrations_;  // the directory
  UniqueFd watch_;          // inotify
  bool must_read_registrations_ = true;
  std::optional<LookedTime> to_say_;  // registrations were read at this time, and not all are looked at yet
  Clock::time_point look_at_{};       // at once
  Clock::time_point looked_at_{};
  Clock::time_point audit_at_{};
  std::string last_complaint_;  // said once, not with each attempt
  bool has_told_of_report_ = false;
  sig_atomic_t reloads_ = 0;
};

}  // namespace netclsd::carry
