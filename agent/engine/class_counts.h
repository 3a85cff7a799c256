// How many containers each class has, for the metrics.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "common/model/class_id.h"

namespace netclsd {

// At most kClassesMax classids have a count of their own, the rest share one: whoever makes pods chooses classids, and
// a metric must not grow with what they choose. Loop thread only.
class ClassCounts {
 public:
  static constexpr std::size_t kClassesMax = 256;

  void add(ClassId classid);
  void remove(ClassId classid);  // added before
  [[nodiscard]] const std::map<ClassId, std::uint64_t>& by_class() const { return by_class_; }
  [[nodiscard]] std::uint64_t others() const { return others_; }
  friend bool operator==(const ClassCounts&, const ClassCounts&) = default;

 private:
  std::map<ClassId, std::uint64_t> by_class_;
  std::uint64_t others_ = 0;
};

struct ClassRow {
  std::string name;     // empty: not in the configuration
  std::string classid;  // empty: the others together
  std::uint64_t containers;
  friend bool operator==(const ClassRow&, const ClassRow&) = default;
};

// What the loop thread last said of it, for any thread. Not atomics, since the classes are not known beforehand; the
// lock is held for copying some rows.
class ClassGauges {
 public:
  void set_names(const std::map<std::string, ClassId>& classes);
  void set(const ClassCounts& counts);
  // Those of the configuration first, also without a container.
  [[nodiscard]] std::vector<ClassRow> rows() const;

 private:
  mutable std::mutex mutex_;
  std::map<ClassId, std::string> names_;
  ClassCounts counts_;
};

}  // namespace netclsd
