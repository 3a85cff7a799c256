#include "cli/doctor/answers.h"

#include <algorithm>
#include <limits>

#include "common/base/text.h"

namespace netclsd::cli {
namespace {

constexpr std::uint64_t kIndexMax = std::numeric_limits<std::int32_t>::max();

void add_ends(const Json& container, std::vector<CarriedEnd>& ends) {
  const auto carriers = container.find("carriers");
  if (carriers == container.end() || !carriers->is_array()) return;
  const std::string id = printable(FieldReader(container).text("id"), kMessageMax_bytes);
  for (const Json& each : *carriers) {
    if (!each.is_object()) continue;
    FieldReader fields(each);
    ends.push_back({.container = id,
                    .interface = printable(fields.text("interface")),
                    .index = static_cast<std::uint32_t>(fields.number("ifindex", kIndexMax).value_or(0)),
                    .how = printable(fields.text("how")),
                    .xdp = printable(fields.text("xdp")),
                    .before = fields.number("before_us", kAnyNumber),
                    .after = fields.number("after_us", kAnyNumber)});
  }
}

}  // namespace

Finding not_known() { return warn("not known, since the agent does not answer", "see agent"); }

std::string status_text(const Result<Json>& status, std::string_view path) {
  return status ? printable(FieldReader(*status).text(path), kMessageMax_bytes) : std::string();
}

CarryWanted carry_wanted(const Result<Json>& status) {
  CarryWanted wanted{.is_on = !status_text(status, "carry.state").empty()};
  if (!status) return wanted;
  const auto asked = status->find("carry_wanted");
  if (asked == status->end() || !asked->is_object()) return wanted;
  const auto to = asked->find("to");
  wanted.is_on = true;
  wanted.to_priority =
      to != asked->end() && to->is_array() && std::find(to->begin(), to->end(), "priority") != to->end();
  wanted.by_map = FieldReader(*asked).flag("by_map");
  return wanted;
}

std::vector<const Json*> containers_in(const Result<Json>& answer) {
  std::vector<const Json*> found;
  if (!answer) return found;
  const auto list = answer->find("containers");
  if (list == answer->end() || !list->is_array()) return found;
  for (const Json& each : *list) {
    if (each.is_object()) found.push_back(&each);
  }
  return found;
}

std::vector<CarriedEnd> carried_ends(const Result<Json>& answer) {
  std::vector<CarriedEnd> ends;
  for (const Json* container : containers_in(answer)) add_ends(*container, ends);
  return ends;
}

std::string some_of(const std::vector<std::string>& names) {
  const std::size_t named = std::min(names.size(), kNamedMax);
  std::string text;
  for (std::size_t i = 0; i < named; ++i) text += (i == 0 ? "" : ", ") + names[i];
  return named == names.size() ? text : text + " and " + std::to_string(names.size() - named) + " more";
}

}  // namespace netclsd::cli
