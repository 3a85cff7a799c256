// Reading and writing JSON without exceptions. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace netclsd {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // keeps the fields in the order a person wants to read them

// kInvalid unless `text` is one JSON object; `what` names it: "OCI state is not JSON (byte 17)".
[[nodiscard]] Result<Json> parse_json_object(std::string_view text, std::string_view what);

// One line. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string dump(const OrderedJson& json);

// Reads the fields of one object, which must outlive it. Remembers the first error, which names the field; reading goes
// on with empty values, so a caller reads everything and asks once. A path is "linux.cgroupsPath"; a field that is
// absent or null is empty, unknown fields are nobody's business.
class FieldReader {
 public:
  explicit FieldReader(const Json& object) : object_(object) {}

  [[nodiscard]] std::string text(std::string_view path);
  [[nodiscard]] std::string required_text(std::string_view path);
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view path, std::uint64_t max);
  [[nodiscard]] std::uint64_t required_number(std::string_view path, std::uint64_t max);
  [[nodiscard]] std::map<std::string, std::string> text_map(std::string_view path);

  [[nodiscard]] bool failed() const { return error_.has_value(); }
  [[nodiscard]] Failure first_failure() const;  // only after failed()

 private:
  [[nodiscard]] const Json* find(std::string_view path);
  void fail(std::string_view path, std::string_view problem);

  const Json& object_;
  std::optional<Error> error_;
};

}  // namespace netclsd
