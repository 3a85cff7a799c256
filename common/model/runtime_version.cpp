#include "common/model/runtime_version.h"

#include "common/base/text.h"

namespace netclsd {

bool is_too_old_for_nri(std::string_view containerd_version) {
  constexpr Version kOldest = {1, 7, 16};
  if (containerd_version.starts_with('v')) containerd_version.remove_prefix(1);
  return parse_version(containerd_version, kOldest.size()).value_or(kOldest) < kOldest;
}

}  // namespace netclsd
