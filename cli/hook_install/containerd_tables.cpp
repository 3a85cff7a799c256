#include "cli/hook_install/containerd_tables.h"

namespace netclsd::cli {

Result<toml::table> parse_toml(std::string_view text) {
  toml::parse_result parsed = toml::parse(text);
  if (parsed) return std::move(parsed).table();
  const toml::parse_error& error = parsed.error();
  return invalid("line " + std::to_string(error.source().begin.line) + ": " + std::string(error.description()));
}

const toml::table* find_table(const toml::table& root, const TablePath& path) {
  const toml::table* table = &root;
  for (const std::string_view key : path) {
    const toml::node* node = table->get(key);
    table = node == nullptr ? nullptr : node->as_table();
    if (table == nullptr) return nullptr;
  }
  return table;
}

}  // namespace netclsd::cli
