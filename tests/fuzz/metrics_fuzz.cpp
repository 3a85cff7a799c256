// Texts of others in metrics: classes' names and hooks' versions, one a line. Each label can be read back from the
// exposition, and nothing is in it that was not put there.
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "agent/metrics/agent_metrics.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {
namespace {

constexpr std::size_t kLinesMax = 16;  // a scrape's text grows with them

// `{a="x",b="y"} 1` → the values; the text format escapes backslash, quote and line feed.
std::vector<std::string> label_values(std::string_view labels) {
  std::vector<std::string> values;
  bool is_inside = false;
  for (std::size_t at = 0; at < labels.size(); ++at) {
    const char c = labels[at];
    if (!is_inside && c == '}') return values;
    if (c == '"') {
      is_inside = !is_inside;
      if (is_inside) values.emplace_back();
    } else if (is_inside && c == '\\') {
      CHECK(++at < labels.size());
      CHECK(labels[at] == 'n' || labels[at] == '"' || labels[at] == '\\');
      values.back().push_back(labels[at] == 'n' ? '\n' : labels[at]);
    } else if (is_inside) {
      values.back().push_back(c);
    }
  }
  check_failed("labels without an end", __FILE__, __LINE__);
}

bool is_name_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

void check_line(std::string_view line) {
  if (line.empty() || line.starts_with("# HELP netclsd_") || line.starts_with("# TYPE netclsd_")) return;
  CHECK(line.starts_with(kMetricPrefix));
  const auto name_end = std::find_if_not(line.begin(), line.end(), is_name_character);
  CHECK(name_end != line.end() && (*name_end == ' ' || *name_end == '{'));
}

std::map<std::string, ClassId> classes_of(const std::vector<std::string_view>& names) {
  std::map<std::string, ClassId> classes;
  for (const std::string_view name : names) {
    classes.emplace(name, *ClassId::from_raw(static_cast<std::uint32_t>(classes.size() + 1)));
  }
  return classes;
}

std::vector<std::string> classes_in(std::string_view exposition) {
  constexpr std::string_view kMetric = "netclsd_class_containers{";
  std::vector<std::string> names;
  for (const std::string_view line : split(exposition, '\n')) {
    if (line.starts_with(kMetric)) names.push_back(label_values(line.substr(kMetric.size())).front());
  }
  return names;
}

}  // namespace

void fuzz_one(std::string_view input) {
  auto lines = split(input, '\0', kLinesMax);
  Counters counters;
  const auto classes = classes_of(lines);
  counters.classes.set_names(classes);
  for (const std::string_view line : lines) counters.hook_registrations.add(line);

  const std::string text = prometheus::TextSerializer().Serialize(collect_agent_metrics(counters));
  for (const std::string_view line : split(text, '\n')) check_line(line);
  const auto names = classes_in(text);
  CHECK(names.size() == classes.size());
  for (const std::string& name : names) CHECK(classes.contains(name));
  CHECK(counters.hook_registrations.size() <= NamedCounts::kNamesMax + 1);
}

}  // namespace netclsd
