#include "agent/engine/class_counts.h"

#include "common/base/check.h"

namespace netclsd {

void ClassCounts::add(ClassId classid) {
  const auto found = by_class_.find(classid);
  if (found != by_class_.end()) {
    ++found->second;
  } else if (by_class_.size() < kClassesMax) {
    by_class_.emplace(classid, 1);
  } else {
    ++others_;
  }
}

void ClassCounts::remove(ClassId classid) {
  const auto found = by_class_.find(classid);
  if (found == by_class_.end()) {
    CHECK(others_ > 0);
    --others_;
  } else if (--found->second == 0) {
    by_class_.erase(found);
  }
}

void ClassGauges::set_names(const std::map<std::string, ClassId>& classes) {
  std::map<ClassId, std::string> names;
  for (const auto& [name, classid] : classes) {
    if (names.size() < ClassCounts::kClassesMax) names.emplace(classid, name);  // of two names the first
  }
  const std::scoped_lock lock(mutex_);
  names_ = std::move(names);
}

void ClassGauges::set(const ClassCounts& counts) {
  const std::scoped_lock lock(mutex_);
  if (counts_ != counts) counts_ = counts;
}

std::vector<ClassRow> ClassGauges::rows() const {
  const std::scoped_lock lock(mutex_);
  const auto& by_class = counts_.by_class();
  std::vector<ClassRow> rows;
  for (const auto& [classid, name] : names_) {
    const auto found = by_class.find(classid);
    rows.push_back({name, to_string(classid), found == by_class.end() ? 0 : found->second});
  }
  for (const auto& [classid, containers] : by_class) {
    if (!names_.contains(classid)) rows.push_back({"", to_string(classid), containers});
  }
  if (counts_.others() > 0) rows.push_back({"other", "", counts_.others()});
  return rows;
}

}  // namespace netclsd
