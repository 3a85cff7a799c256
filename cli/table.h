// Text in columns. Pure.
#pragma once

#include <string>
#include <vector>

namespace netclsd::cli {

using Row = std::vector<std::string>;

// Columns as wide as their widest cell, two blanks between them, no blanks at the end of a line.
[[nodiscard]] std::string align(const std::vector<Row>& rows);

}  // namespace netclsd::cli
