// Run by the build: prints the plugin's compiled filters as a header.
#include <cstdio>

#include "common/sandbox/filter_header.h"
#include "nri/sandbox.h"

int main() {
  const auto header = netclsd::filter_header(netclsd::nri::nri_policy(), "kNriFilter", "nri/policy.cpp");
  if (!header) {
    std::fprintf(stderr, "make_filter: %s\n", header.error().message().c_str());
    return 1;
  }
  std::fputs(header->c_str(), stdout);
  return 0;
}
