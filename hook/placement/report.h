// What a failure means for the container, and the one line that says what happened.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace netclsd::hook {

enum class OnFailure { kAllow, kDeny };

// Whether a failure keeps a container of this namespace from starting. `exempt` are patterns; a container of no pod is
// in no namespace, and never exempt.
[[nodiscard]] bool is_denied(OnFailure on_failure, const std::vector<std::string>& exempt,
                             const std::string& pod_namespace);

// One line of bounded length, whatever a tenant's annotation or an agent's answer contains.
[[nodiscard]] std::string one_line(std::string_view text);

// "socket: Function not implemented (refused by the hook's seccomp filter, see --seccomp)": that errno comes from our
// filter alone. `whose`: "the hook's".
[[nodiscard]] std::string explained(std::string_view what, std::string_view whose);

// Writes the line, if there is one, to stderr, and with a time stamp to the log file, if there is one. A log file that
// cannot be written is no further failure: stderr has the line.
void write_report(const std::string& line, const std::string& log_file);

}  // namespace netclsd::hook
