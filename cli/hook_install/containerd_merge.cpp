#include <algorithm>
#include <string>
#include <vector>

#include "cli/hook_install/containerd_config.h"
#include "cli/hook_install/containerd_tables.h"
#include "cli/hook_install/toml.h"

namespace netclsd::cli {
namespace {

constexpr int kFirstWithOwnPlugin = 3;
constexpr std::string_view kBuiltInName = "runc";
constexpr std::string_view kRuncsType = "io.containerd.runc.v2";

// Both lists are read, one after the other, and what is in both stays once.
void add_items(toml::table& into, const toml::table& from, std::string_view key) {
  const toml::array* more = from.get_as<toml::array>(key);
  if (more == nullptr) return;
  if (into.get_as<toml::array>(key) == nullptr) into.insert_or_assign(key, toml::array{});
  for (const toml::node& item : *more) into.get_as<toml::array>(key)->push_back(item);
}

void merge_tables(toml::table& into, const toml::table& from) {
  for (const auto& [key, node] : from) {
    toml::table* present = into.get_as<toml::table>(key.str());
    const toml::table* table = node.as_table();
    if (present != nullptr && table != nullptr) {
      merge_tables(*present, *table);
    } else {
      into.insert_or_assign(key.str(), node);
    }
  }
}

// A file without a version does not lower the version of the others.
void merge_file(toml::table& into, const toml::table& from) {
  const auto version = std::max(into["version"].value_or(std::int64_t{0}), from["version"].value_or(std::int64_t{0}));
  toml::table rest = from;
  for (const std::string_view list : {"imports", "disabled_plugins"}) {
    add_items(into, from, list);
    rest.erase(list);
  }
  merge_tables(into, rest);
  if (version > 0) into.insert_or_assign("version", version);
}

toml::table& table_at(toml::table& parent, std::string_view key) {
  if (parent.get_as<toml::table>(key) == nullptr) parent.insert_or_assign(key, toml::table{});
  return *parent.get_as<toml::table>(key);
}

// What the new plugin's table says already stays, as a whole for each key of its table "containerd".
void migrate_handlers(toml::table& root) {
  const toml::table* old = find_table(root, {"plugins", kCriPlugin, "containerd"});
  if (old == nullptr) return;
  const toml::table moved = *old;
  toml::table& plugin = table_at(table_at(root, "plugins"), kCriRuntimePlugin);
  toml::table& containerd = table_at(plugin, "containerd");
  for (const auto& [key, node] : moved) {
    if (!containerd.contains(key.str())) containerd.insert(key.str(), node);
  }
}

}  // namespace

Result<ContainerdConfig> merge_containerd_configs(const std::vector<std::string_view>& texts) {
  toml::table merged;
  for (const std::string_view text : texts) {
    const auto root = parse_toml(text);
    if (!root) return pass_on(root.error());
    merge_file(merged, *root);
  }
  const auto version = merged["version"].value_or(std::int64_t{0});
  if (version == 2) migrate_handlers(merged);
  if (version < kFirstWithOwnPlugin) merged.insert_or_assign("version", std::int64_t{kFirstWithOwnPlugin});
  auto config = read_containerd_config(merged);
  if (!config) return config;
  config->has_version = version > 0;
  config->version = version > 0 ? static_cast<int>(version) : 1;
  for (RuntimeHandler& handler : config->handlers) handler.plugin = cri_plugin_of(config->version, Generation::kTwo);
  return config;
}

std::vector<RuntimeHandler> with_built_in(const ContainerdConfig& config, Generation generation) {
  std::vector<RuntimeHandler> handlers = config.handlers;
  const bool is_defined =
      generation == Generation::kOne
          ? config.has_handlers_table
          : std::any_of(handlers.begin(), handlers.end(), [](const auto& each) { return each.name == kBuiltInName; });
  if (is_defined) return handlers;
  // A missing file will get the version that this containerd writes.
  const int version = config.is_empty && generation == Generation::kTwo ? kFirstWithOwnPlugin : config.version;
  const std::string_view plugin =
      config.is_empty && generation == Generation::kOne ? kCriPlugin : cri_plugin_of(version, generation);
  handlers.push_back({.name = std::string(kBuiltInName),
                      .runtime_type = std::string(kRuncsType),
                      .base_runtime_spec = {},
                      .plugin = plugin,
                      .is_built_in = true});
  return handlers;
}

}  // namespace netclsd::cli
