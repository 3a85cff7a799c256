// netclsctl doctor: what this host offers, seen from the client's side. Facts are collected first and judged by pure
// functions (doctor_checks.h).
#pragma once

#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/doctor_checks.h"

namespace netclsd::cli {

[[nodiscard]] HostFacts collect_facts(const std::string& root, const AskAgent& ask);

// One line for each check. 1 if one failed, 3 if one warns.
[[nodiscard]] CommandResult report_checks(const std::vector<Check>& checks, OutputFormat format);

}  // namespace netclsd::cli
