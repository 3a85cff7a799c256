#include "cli/hook_install/containerd_config.h"

#include <algorithm>
#include <optional>

#include "cli/hook_install/containerd_tables.h"

namespace netclsd::cli {
namespace {

std::vector<std::string> texts_of(const toml::table& table, std::string_view key) {
  std::vector<std::string> texts;
  if (const toml::array* array = table.get_as<toml::array>(key)) {
    for (const toml::node& item : *array) texts.push_back(item.value_or(std::string()));
  }
  return texts;
}

bool contains(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

std::string text_of(const toml::table& table, std::string_view key) {
  const toml::node* node = table.get(key);
  return node == nullptr ? "" : node->value_or(std::string());
}

RuntimeHandler to_handler(std::string_view name, const toml::table& table) {
  return {.name = std::string(name),
          .runtime_type = text_of(table, "runtime_type"),
          .base_runtime_spec = text_of(table, "base_runtime_spec"),
          .passes_our_annotations = contains(texts_of(table, "pod_annotations"), kPodAnnotations)};
}

}  // namespace

bool is_runc(const RuntimeHandler& handler) {
  return handler.runtime_type.empty() || handler.runtime_type == "io.containerd.runc.v2" ||
         handler.runtime_type == "io.containerd.runc.v1";
}

Result<ContainerdConfig> parse_containerd_config(std::string_view text) {
  const auto root = parse_toml(text);
  if (!root) return pass_on(root.error());
  const std::vector<std::string> disabled = texts_of(*root, "disabled_plugins");
  ContainerdConfig config{.version = static_cast<int>((*root)["version"].value_exact<std::int64_t>().value_or(1)),
                          .is_empty = root->empty(),
                          .is_cri_disabled = contains(disabled, kCriPlugin) || contains(disabled, "cri"),
                          .has_cri_table = find_table(*root, {"plugins", kCriPlugin}) != nullptr,
                          .imports = texts_of(*root, "imports"),
                          .handlers = {}};
  if (const toml::table* handlers = find_table(*root, kHandlersPath)) {
    for (const auto& [name, node] : *handlers) {
      if (const toml::table* table = node.as_table()) config.handlers.push_back(to_handler(name.str(), *table));
    }
  }
  return config;
}

}  // namespace netclsd::cli
