// Patterns of names: '*' is any number of characters, '?' any one; all others stand for themselves. Pure.
#pragma once

#include <string_view>

namespace netclsd {

// Never more than pattern.size() × text.size() steps: only the last '*' is ever tried again.
[[nodiscard]] bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace netclsd
