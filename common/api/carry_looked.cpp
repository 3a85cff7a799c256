#include "common/api/carry_looked.h"

#include <limits>

#include "common/base/text.h"

namespace netclsd {

std::string looked_text(LookedTime looked_at) { return std::to_string(looked_at.time_since_epoch().count()) + "\n"; }

std::optional<LookedTime> parse_looked(std::string_view text) {
  if (text.empty() || text.back() != '\n') return std::nullopt;
  text.remove_suffix(1);
  const auto number = parse_unsigned(text);
  if (!number || *number > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return LookedTime(std::chrono::nanoseconds(*number));
}

}  // namespace netclsd
