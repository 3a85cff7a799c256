#include "agent/metrics/class_traffic.h"

#include <utility>

namespace netclsd {
namespace {

constexpr const char* kNoClass = "none";
constexpr const char* kOtherClasses = "other";

}  // namespace

void ClassTraffic::set(std::optional<ClassTraffics> traffics) {
  const std::scoped_lock lock(mutex_);
  traffics_ = std::move(traffics);
  if (!traffics_) return;
  for (const auto& [classid, traffic] : *traffics_) {
    if (with_row_.size() == kUnnamedMax) return;
    if (classid != 0) with_row_.insert(classid);
  }
}

std::map<std::string, Traffic> ClassTraffic::rows(const std::map<ClassId, std::string>& names) const {
  const std::scoped_lock lock(mutex_);
  std::map<std::string, Traffic> rows;
  if (!traffics_) return rows;
  rows.try_emplace(kNoClass);
  for (const auto& [classid, name] : names) rows.try_emplace(name);
  for (const auto& [raw, traffic] : *traffics_) {
    const auto classid = ClassId::from_raw(raw);
    const auto name = classid ? names.find(*classid) : names.end();
    const std::string label = !classid                  ? kNoClass
                              : name != names.end()     ? name->second
                              : with_row_.contains(raw) ? to_string(*classid)
                                                        : kOtherClasses;
    rows[label] += traffic;
  }
  return rows;
}

}  // namespace netclsd
