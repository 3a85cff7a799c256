// Reading and writing JSON without exceptions. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace netclsd {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // keeps the fields in the order in which they are added

// kInvalid unless `text` is one JSON object; `what` names it: "OCI state is not JSON (byte 17)".
[[nodiscard]] Result<Json> parse_json_object(std::string_view text, std::string_view what);

// One line. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string dump(const OrderedJson& json);

inline constexpr std::uint64_t kAnyNumber = ~std::uint64_t{0};  // as `max`: no limit

// Reads the fields of one object, which must outlive it. It keeps the first error, which names the field, and goes on
// with empty values. So a caller reads all fields and checks once. A path is "linux.cgroupsPath". A field that is
// absent or null is empty. Unknown fields are ignored.
class FieldReader {
 public:
  explicit FieldReader(const Json& object) : object_(object) {}

  [[nodiscard]] std::string text(std::string_view path);
  [[nodiscard]] std::string required_text(std::string_view path);
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view path, std::uint64_t max);
  [[nodiscard]] bool flag(std::string_view path);  // absent: false
  [[nodiscard]] std::uint64_t required_number(std::string_view path, std::uint64_t max);
  // Only the members whose key `is_wanted`. The values of the others are not checked.
  [[nodiscard]] std::map<std::string, std::string> text_map(
      std::string_view path, const std::function<bool(std::string_view)>& is_wanted = {});

  [[nodiscard]] bool failed() const { return error_.has_value(); }
  [[nodiscard]] Failure first_failure() const;  // only after failed()

 private:
  [[nodiscard]] const Json* find(std::string_view path);
  void fail(std::string_view path, std::string_view problem);

  const Json& object_;
  std::optional<Error> error_;
};

}  // namespace netclsd
