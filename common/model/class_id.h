// A classid: the non-zero 32-bit number that net_cls gives to every socket of the processes in a group.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace netclsd {

class ClassId {
 public:
  // "10:1" (both hex, as tc writes it), "0x100001" or "1048577". No white space, no sign, never zero. No qdisc has
  // major 0, so it must be written out ("0:a"). "10" is probably a mistake for "10:0". "601" may be a "10:1" that
  // YAML 1.1 has read as a number to the base of 60. The error says so.
  [[nodiscard]] static Result<ClassId> parse(std::string_view text);
  [[nodiscard]] static std::optional<ClassId> from_raw(std::uint32_t raw);

  [[nodiscard]] constexpr std::uint32_t raw() const { return raw_; }
  [[nodiscard]] constexpr bool has_major() const { return raw_ > 0xffff; }
  friend constexpr auto operator<=>(ClassId, ClassId) = default;

 private:
  explicit constexpr ClassId(std::uint32_t raw) : raw_(raw) {}
  std::uint32_t raw_;
};

// MAJOR:MINOR in hex, as tc prints it.
[[nodiscard]] std::string to_string(ClassId class_id);

// A class, and how it was chosen.
struct ClassChoice {
  ClassId classid;
  std::string name = {};    // empty: not asked for by name
  std::string origin = {};  // the annotation or setting that decided
  friend bool operator==(const ClassChoice&, const ClassChoice&) = default;
};

struct ClassIdRange {
  ClassId first;
  ClassId last;  // inclusive

  // "10:1-10:ffff", or one classid.
  [[nodiscard]] static Result<ClassIdRange> parse(std::string_view text);
  [[nodiscard]] bool contains(ClassId class_id) const { return first <= class_id && class_id <= last; }
  friend bool operator==(const ClassIdRange&, const ClassIdRange&) = default;
};

}  // namespace netclsd
