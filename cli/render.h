// The agent's JSON answers as text for people, and text in columns. Fields that an older agent does not send are shown
// as "-". Pure.
#pragma once

#include <string>
#include <vector>

#include "common/json/fields.h"

namespace netclsd::cli {

[[nodiscard]] std::string render_list(const Json& answer);
[[nodiscard]] std::string render_container(const Json& answer);
[[nodiscard]] std::string render_process(const Json& answer);
[[nodiscard]] std::string render_sweep(const Json& answer);
[[nodiscard]] std::string render_status(const Json& answer);

using Row = std::vector<std::string>;

// Each column is as wide as its widest cell. Two blanks between columns, none at the end of a line.
[[nodiscard]] std::string align(const std::vector<Row>& rows);

}  // namespace netclsd::cli
