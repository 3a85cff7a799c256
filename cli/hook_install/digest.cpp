#include "cli/hook_install/digest.h"

#include <sha2.h>
#include <sys/types.h>

#include <array>
#include <cstdint>

namespace netclsd::cli {

std::string sha256_hex(std::string_view data) {
  std::array<char, SHA256_DIGEST_STRING_LENGTH> text{};
  // libmd wants bytes; a char is one.
  ::SHA256Data(reinterpret_cast<const std::uint8_t*>(data.data()), data.size(), text.data());
  return text.data();
}

}  // namespace netclsd::cli
