#include "common/sandbox/filter_header.h"

#include <array>
#include <cstdio>
#include <utility>

namespace netclsd {
namespace {

std::string step_text(const sock_filter& step) {
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "    {0x%x, %u, %u, 0x%x},\n", step.code, step.jt, step.jf, step.k);
  return text.data();
}

}  // namespace

Result<std::string> filter_header(const SeccompPolicy& policy, const std::string& name, const std::string& source) {
  std::string header = "// Made by the build from " + source + ".\n#pragma once\n\n#include <linux/filter.h>\n\n";
  for (const auto& [suffix, mode] : {std::pair("Kill", SeccompMode::kKill), std::pair("Refuse", SeccompMode::kRefuse),
                                     std::pair("Log", SeccompMode::kLog)}) {
    const auto filter = policy.compile(mode);
    if (!filter) return pass_on(filter.error());
    header += "inline constexpr sock_filter " + name + suffix + "[] = {\n";
    for (const sock_filter& step : *filter) header += step_text(step);
    header += "};\n";
  }
  return header;
}

int print_filter_header(const SeccompPolicy& policy, const std::string& name, const std::string& source) {
  const auto header = filter_header(policy, name, source);
  if (!header) {
    std::fprintf(stderr, "make_filter: %s\n", header.error().message().c_str());
    return 1;
  }
  std::fputs(header->c_str(), stdout);
  return 0;
}

}  // namespace netclsd
