// What a failure means: the exit status by the policy, and the one line that says what happened and what happens now.
#pragma once

#include <string>
#include <string_view>

#include "hook/options.h"

namespace netclsd::hook {

struct Outcome {
  int exit_status = 0;
  std::string line;  // without a line feed; empty: nothing to say
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// The container that a failure is about, as far as the hook has read.
struct Subject {
  std::string container;      // empty: not known yet
  std::string pod_namespace;  // empty: none, or not known yet
  bool is_release = false;
};

[[nodiscard]] Outcome failed(const HookOptions& options, const Subject& subject, std::string_view what);

// Something to say, and no failure: exit status 0.
[[nodiscard]] Outcome warned(const Subject& subject, std::string_view what);

// To stderr and the log file (write_report() in hook/placement/report.h).
void report(const Outcome& outcome, const std::string& log_file);

}  // namespace netclsd::hook
