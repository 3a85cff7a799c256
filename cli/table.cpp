#include "cli/table.h"

#include <algorithm>

namespace netclsd::cli {
namespace {

std::vector<std::size_t> widths_of(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  return widths;
}

std::string line_of(const Row& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) line.append(row[i]).append(widths[i] - row[i].size() + 2, ' ');
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string align(const std::vector<Row>& rows) {
  const auto widths = widths_of(rows);
  std::string text;
  for (const Row& row : rows) text += line_of(row, widths);
  return text;
}

}  // namespace netclsd::cli
