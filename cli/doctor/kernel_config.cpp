#include "cli/doctor/kernel_config.h"

#include <boost/beast/zlib/inflate_stream.hpp>
#include <cstdint>
#include <functional>

#include "common/base/file.h"
#include "common/base/text.h"

namespace netclsd::cli {
namespace {

constexpr std::size_t kPackedMax_bytes = 4U << 20;
constexpr std::size_t kConfigMax_bytes = 16U << 20;  // a distribution's has 300 KB

// RFC 1952, section 2.3
constexpr std::size_t kHeader_bytes = 10;
constexpr std::size_t kTrailer_bytes = 8;
constexpr std::uint8_t kHasHeaderSum = 0x02;
constexpr std::uint8_t kHasExtra = 0x04;
constexpr std::uint8_t kHasName = 0x08;
constexpr std::uint8_t kHasComment = 0x10;

std::uint8_t byte_at(std::string_view text, std::size_t at) { return static_cast<std::uint8_t>(text[at]); }

// Where the compressed data begin; npos: the header is not whole, or not gzip's.
std::size_t end_of_header(std::string_view packed) {
  if (packed.size() < kHeader_bytes || !packed.starts_with("\x1f\x8b\x08")) return std::string_view::npos;
  const std::uint8_t flags = byte_at(packed, 3);
  std::size_t at = kHeader_bytes;
  if ((flags & kHasExtra) != 0) {
    if (at + 2 > packed.size()) return std::string_view::npos;
    at += 2U + byte_at(packed, at) + 256U * byte_at(packed, at + 1);
  }
  for (const std::uint8_t text : {kHasName, kHasComment}) {
    if ((flags & text) == 0 || at >= packed.size()) continue;
    const std::size_t end = packed.find('\0', at);
    if (end == std::string_view::npos) return end;
    at = end + 1;
  }
  if ((flags & kHasHeaderSum) != 0) at += 2;
  return at + kTrailer_bytes <= packed.size() ? at : std::string_view::npos;
}

}  // namespace

KernelConfig parse_kernel_config(std::string_view text) {
  constexpr std::string_view kPrefix = "CONFIG_";
  KernelConfig config;
  for (std::string_view line : split(text, '\n')) {
    if (!line.starts_with(kPrefix)) continue;
    line.remove_prefix(kPrefix.size());
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || line.size() != equals + 2) continue;
    const char value = line.back();
    if (value == 'y' || value == 'm') config.insert_or_assign(std::string(line.substr(0, equals)), value);
  }
  return config;
}

Result<std::string> unpack_gzip(std::string_view packed, std::size_t bytes_max) {
  const std::size_t begin = end_of_header(packed);
  if (begin == std::string_view::npos) return invalid("it is not a gzip file");
  std::string text(bytes_max, '\0');
  boost::beast::zlib::z_params flow{};
  flow.next_in = packed.data() + begin;
  flow.avail_in = packed.size() - begin - kTrailer_bytes;
  flow.next_out = text.data();
  flow.avail_out = text.size();
  boost::beast::zlib::inflate_stream stream;
  boost::beast::error_code error;
  stream.write(flow, boost::beast::zlib::Flush::finish, error);
  if (error != boost::beast::zlib::error::end_of_stream) return invalid("it cannot be unpacked: " + error.message());
  text.resize(flow.total_out);
  return text;
}

Result<KernelConfig> read_kernel_config(const std::string& root, const std::string& release) {
  if (const auto packed = read_file(root + "/proc/config.gz", kPackedMax_bytes)) {
    const auto text = unpack_gzip(*packed, kConfigMax_bytes);
    if (!text) return pass_on(text.error(), "/proc/config.gz");
    return parse_kernel_config(*text);
  }
  const std::string file = "/boot/config-" + release;
  const auto text = read_file(root + file, kConfigMax_bytes);
  if (!text) return failure(ErrorCode::kNotFound, "neither /proc/config.gz nor " + file + " can be read");
  return parse_kernel_config(*text);
}

}  // namespace netclsd::cli
