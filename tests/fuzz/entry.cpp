#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "common/base/error.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {
namespace {

constexpr std::size_t kErrorMax_bytes = 1024;

}  // namespace

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

void check_error(const Error& error) {
  CHECK(!error.message().empty());
  CHECK(!has_control_characters(error.message()));
  CHECK(error.message().size() <= kErrorMax_bytes);
}

}  // namespace netclsd

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  netclsd::fuzz_one({reinterpret_cast<const char*>(data), size});
  return 0;
}
