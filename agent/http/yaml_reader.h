// YAML as the same small tree as the configuration's JSON, with the same limits. Refused is what makes YAML dangerous
// and no web configuration needs: anchors and aliases (one page of them can stand for gigabytes), tags, a second
// document, and keys that are not plain text. Pure.
#pragma once

#include <string_view>

#include "agent/config/json_reader.h"
#include "common/base/error.h"

namespace netclsd {

// Scalars are strings, except null and the unquoted words true and false. An empty text is null. kInvalid with
// "FILE:LINE: …" for a syntax error, a duplicate key or an exceeded limit.
[[nodiscard]] Result<JsonNode> read_yaml(std::string_view text, std::string_view file_name);

}  // namespace netclsd
