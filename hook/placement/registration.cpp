#include "hook/placement/registration.h"

#include <cstddef>

namespace netclsd::hook {

Annotations deciding(const Annotations& annotations) {
  constexpr std::size_t kValueMax_bytes = 1'024;
  const std::string name = container_name(annotations);
  Annotations deciding;
  for (const auto& [key, value] : annotations) {
    if (decides_about(key, name)) deciding.emplace(key, value.substr(0, kValueMax_bytes));
  }
  return deciding;
}

}  // namespace netclsd::hook
