// The options that a kernel was built with: /proc/config.gz, or /boot/config-RELEASE.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace netclsd::cli {

// "CGROUP_NET_CLASSID" → 'y' or 'm'. What is not set is not in it.
using KernelConfig = std::map<std::string, char, std::less<>>;

// Pure.
[[nodiscard]] KernelConfig parse_kernel_config(std::string_view text);

// The content of a gzip file with one member (RFC 1952). Pure.
[[nodiscard]] Result<std::string> unpack_gzip(std::string_view packed, std::size_t bytes_max);

// `root`: the tree that has proc/ and boot/. The running kernel's own word counts first. An error: neither is there.
[[nodiscard]] Result<KernelConfig> read_kernel_config(const std::string& root, const std::string& release);

}  // namespace netclsd::cli
