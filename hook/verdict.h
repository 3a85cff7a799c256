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

// One line of bounded length, whatever a tenant's annotation or an agent's answer contains.
[[nodiscard]] std::string one_line(std::string_view text);

// Writes the line, if there is one, to stderr, and with a time stamp to the log file. A log file that cannot be written
// is no further failure: stderr has the line.
void report(const Outcome& outcome, const std::string& log_file);

}  // namespace netclsd::hook
