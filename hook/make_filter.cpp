// Run by the build: prints the hook's compiled filters as a header.
#include <cstdio>

#include "hook/sandbox.h"

namespace {

using namespace netclsd;  // NOLINT(google-build-using-namespace): the whole file is a program

bool print(const char* name, SeccompMode mode) {
  const auto filter = hook::hook_policy().compile(mode);
  if (!filter) {
    std::fprintf(stderr, "make_filter: %s\n", filter.error().message().c_str());
    return false;
  }
  std::printf("inline constexpr sock_filter %s[] = {\n", name);
  for (const sock_filter& step : *filter) {
    std::printf("    {0x%x, %u, %u, 0x%x},\n", step.code, step.jt, step.jf, step.k);
  }
  std::puts("};");
  return true;
}

}  // namespace

int main() {
  std::puts("// Made by hook/make_filter.cpp from hook/policy.cpp.\n#pragma once\n\n#include <linux/filter.h>\n");
  const bool is_printed = print("kHookFilterKill", SeccompMode::kKill) &&
                          print("kHookFilterRefuse", SeccompMode::kRefuse) &&
                          print("kHookFilterLog", SeccompMode::kLog);
  return is_printed ? 0 : 1;
}
