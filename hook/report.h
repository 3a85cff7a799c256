// Where the one line of a failed run goes: stderr, and the log file with a time stamp.
#pragma once

#include <string>

#include "hook/verdict.h"

namespace netclsd::hook {

// Nothing if the line is empty. A log file that cannot be written is no further failure: stderr has the line.
void report(const Outcome& outcome, const std::string& log_file);

}  // namespace netclsd::hook
