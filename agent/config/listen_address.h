// Where a TCP listener is bound: "127.0.0.1:9917" or "[::1]:9917". Numbers only: resolving names is nothing for a
// privileged program.
#pragma once

#include <cstdint>
#include <string>

namespace netclsd {

struct ListenAddress {
  std::string host;  // without brackets
  std::uint16_t port = 0;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

}  // namespace netclsd
