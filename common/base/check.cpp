#include "common/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace netclsd {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "netclsd: bug: %s does not hold at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace netclsd
