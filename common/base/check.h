// CHECK: for our own bugs, never for input, the kernel or a dying process. Stays on in release builds.
#pragma once

namespace netclsd {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace netclsd

#define CHECK(condition) ((condition) ? static_cast<void>(0) : ::netclsd::check_failed(#condition, __FILE__, __LINE__))
