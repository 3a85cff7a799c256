#include "common/base/units.h"

#include <array>

#include "common/base/text.h"

namespace netclsd {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 5> kDurations = {
    {{"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}, {"us", 1}}};
constexpr std::array<Unit, 4> kSizes = {{{"KiB", 1U << 10}, {"MiB", 1U << 20}, {"GiB", 1U << 30}, {"", 1}}};
constexpr std::uint64_t kDurationMax_us = 24ULL * 3'600'000'000;
constexpr std::uint64_t kSizeMax_bytes = (1ULL << 31) - 1;

template <std::size_t N>
std::optional<std::uint64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units,
                                             std::uint64_t max) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  const auto number = parse_unsigned(text.substr(0, digits));
  const std::string_view suffix = digits == std::string_view::npos ? "" : text.substr(digits);
  for (const Unit& unit : units) {
    if (unit.name != suffix || !number) continue;
    return *number <= max / unit.factor ? std::optional(*number * unit.factor) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  const auto us = parse_with_unit(text, kDurations, kDurationMax_us);
  if (!us) return std::nullopt;
  return std::chrono::microseconds(*us);
}

std::string format_duration(std::chrono::microseconds duration) {
  const auto us = static_cast<std::uint64_t>(duration.count());
  for (const Unit& unit : {kDurations[2], kDurations[3]}) {
    if (us % unit.factor == 0) return std::to_string(us / unit.factor).append(unit.name);
  }
  return std::to_string(us) + "us";
}

std::optional<std::uint64_t> parse_size(std::string_view text) { return parse_with_unit(text, kSizes, kSizeMax_bytes); }

}  // namespace netclsd
