// Classids, ranges, container ids, durations and sizes: what is read and written again is the same.
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/model/class_id.h"
#include "common/model/container_id.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {
namespace {

void check_class_id(std::string_view text) {
  const auto id = ClassId::parse(text);
  if (!id) return check_error(id.error());
  CHECK(id->raw() != 0);
  CHECK(ClassId::parse(to_string(*id)) == *id);
  if (id->has_major()) CHECK(ClassId::parse(std::to_string(id->raw())) == *id);
  if (!id->has_major()) CHECK(!ClassId::parse(std::to_string(id->raw())));
}

void check_range(std::string_view text) {
  const auto range = ClassIdRange::parse(text);
  if (!range) return check_error(range.error());
  CHECK(range->first <= range->last);
  CHECK(range->contains(range->first) && range->contains(range->last));
  CHECK(ClassIdRange::parse(to_string(range->first) + "-" + to_string(range->last)) == *range);
}

// It becomes a file's and a directory's name, with something before and behind it.
void check_container_id(std::string_view text) {
  const auto id = ContainerId::parse(text);
  if (!id) return check_error(id.error());
  CHECK(id->text() == text);
  CHECK(!text.empty() && text.size() <= 200 && text != "." && text != "..");
  CHECK(text.find('/') == std::string_view::npos && !has_control_characters(text));
}

void check_units(std::string_view text) {
  if (const auto duration = parse_duration(text)) {
    CHECK(duration->count() >= 0 && *duration <= std::chrono::hours{24});
    CHECK(parse_duration(format_duration(*duration)) == duration);
  }
  if (const auto size = parse_size(text)) {
    CHECK(*size <= 0x7fff'ffff);
    CHECK(parse_size(std::to_string(*size)) == size);
  }
}

}  // namespace

void fuzz_one(std::string_view input) {
  check_class_id(input);
  check_range(input);
  check_container_id(input);
  check_units(input);
}

}  // namespace netclsd
