// netclsctl doctor: is this host, and what runs on it, as netclsd needs it? Facts are read (read_facts.h), judged
// (checks.h) and shown.
#pragma once

#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/doctor/facts.h"
#include "cli/doctor/finding.h"

namespace netclsd::cli {

struct Judged {
  std::string check;
  Finding finding;
};

[[nodiscard]] std::vector<Judged> run_checks(const HostFacts& facts);

// A line for each check, and one for how to mend it. Exit status 1 if a check failed, 3 if one warns.
[[nodiscard]] CommandResult show_findings(const std::vector<Judged>& judged, OutputFormat format);

}  // namespace netclsd::cli
