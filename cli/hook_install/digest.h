// SHA-256. Pure.
#pragma once

#include <string>
#include <string_view>

namespace netclsd::cli {

[[nodiscard]] std::string sha256_hex(std::string_view data);

}  // namespace netclsd::cli
