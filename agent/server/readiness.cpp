#include "agent/server/readiness.h"

#include <utility>

namespace netclsd {

void Readiness::set(std::vector<std::string> reasons) {
  const std::lock_guard lock(mutex_);
  reasons_ = std::move(reasons);
}

std::vector<std::string> Readiness::reasons() const {
  const std::lock_guard lock(mutex_);
  return reasons_;
}

}  // namespace netclsd
