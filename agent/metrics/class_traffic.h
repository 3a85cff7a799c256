// What the carrier has counted of each class. The loop thread sets it, any thread reads. Behind a lock and not atomics,
// because the classes are not known beforehand. The lock is held while some rows are copied.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "common/model/class_id.h"
#include "common/model/traffic.h"

namespace netclsd {

using ClassTraffics = std::map<std::uint32_t, Traffic>;  // by classid; 0: of no class

class ClassTraffic {
 public:
  // Classids that have no name in the configuration and get a row of their own. Users who make pods choose classids,
  // and a metric must not grow with what they choose.
  static constexpr std::size_t kUnnamedMax = 256;

  // std::nullopt: nobody counts.
  void set(std::optional<ClassTraffics> traffics);

  // By what `class` says in metrics: a name, or the classid of a class without one; "none", and "other" for the classes
  // that have no row of their own. Each of `names` has a row. Empty: nobody counts.
  [[nodiscard]] std::map<std::string, Traffic> rows(const std::map<ClassId, std::string>& names) const;

 private:
  mutable std::mutex mutex_;
  std::optional<ClassTraffics> traffics_;
  // Kept: a class that lost its row to another would take what it counted to "other", and its own count would go back.
  std::set<std::uint32_t> with_row_;
};

}  // namespace netclsd
