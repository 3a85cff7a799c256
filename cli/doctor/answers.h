// What the agent's answers say that more than one check needs. Names in them come from others and are made printable.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/doctor/finding.h"
#include "common/base/error.h"
#include "common/json/fields.h"

namespace netclsd::cli {

inline constexpr std::size_t kMessageMax_bytes = 512;
inline constexpr std::size_t kNamedMax = 5;  // in one message; the others are counted

[[nodiscard]] Finding not_known();  // since the agent does not answer

// A field of GET /v1/status; "" also if it is of another type.
[[nodiscard]] std::string status_text(const Result<Json>& status, std::string_view path);

struct CarryWanted {
  bool is_on = false;  // the configuration asks for it, or a carrier has reported
  bool to_priority = false;
  bool by_map = false;
};
[[nodiscard]] CarryWanted carry_wanted(const Result<Json>& status);

// The objects of GET /v1/containers, which must outlive them.
[[nodiscard]] std::vector<const Json*> containers_in(const Result<Json>& answer);

// The host's end of a container's veth, with a carrier.
struct CarriedEnd {
  std::string container;
  std::string interface;
  std::uint32_t index = 0;
  std::string how;
  std::string xdp;
  std::optional<std::uint64_t> before;
  std::optional<std::uint64_t> after;
};
[[nodiscard]] std::vector<CarriedEnd> carried_ends(const Result<Json>& answer);

// "a, b and 3 more"
[[nodiscard]] std::string some_of(const std::vector<std::string>& names);

}  // namespace netclsd::cli
