// A unified diff. Pure.
#pragma once

#include <string>
#include <string_view>

namespace netclsd::cli {

// One hunk from the first line that differs to the last one, with three lines around. Empty: equal.
[[nodiscard]] std::string unified_diff(std::string_view path, std::string_view before, std::string_view after);

}  // namespace netclsd::cli
