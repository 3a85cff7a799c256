#include "common/model/container_id.h"

#include <algorithm>

namespace netclsd {
namespace {

constexpr std::size_t kLengthMax = 200;

bool is_allowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
         c == '-' || c == '.';
}

}  // namespace

Result<ContainerId> ContainerId::parse(std::string_view text) {
  if (text.empty()) return invalid("container id is empty");
  if (text.size() > kLengthMax) {
    return invalid("container id has " + std::to_string(text.size()) + " characters, at most " +
                   std::to_string(kLengthMax) + " are allowed");
  }
  // A name that begins with a dot is "." or "..", or a temporary file.
  if (text.front() == '.' || !std::all_of(text.begin(), text.end(), is_allowed)) {
    return invalid("container id has characters other than letters, digits and _ + - . (or begins with a dot)");
  }
  return ContainerId(std::string(text));
}

}  // namespace netclsd
