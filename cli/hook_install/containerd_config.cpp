#include "cli/hook_install/containerd_config.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/hook_install/containerd_tables.h"
#include "cli/hook_install/digest.h"
#include "cli/hook_install/toml.h"
#include "common/base/text.h"

namespace netclsd::cli {
namespace {

// The names of the two old forms' handlers.
constexpr std::string_view kDefaultHandler = "default";
constexpr std::string_view kUntrustedHandler = "untrusted";

// containerd does not start unless this is a list of texts.
Result<std::vector<std::string>> texts_of(const toml::table& table, std::string_view key) {
  const toml::node* node = table.get(key);
  std::vector<std::string> texts;
  if (node == nullptr) return texts;
  const toml::array* array = node->as_array();
  if (array == nullptr) return invalid(std::string(key) + " is not a list: containerd does not start with that");
  for (const toml::node& item : *array) {
    if (!item.is_string()) return invalid(std::string(key) + " has an item that is no text");
    texts.push_back(item.value_or(std::string()));
  }
  return texts;
}

std::string text_of(const toml::table& table, std::string_view key) {
  const toml::node* node = table.get(key);
  return node == nullptr ? "" : node->value_or(std::string());
}

RuntimeHandler to_handler(std::string_view name, const toml::table& table, HandlerTable where,
                          std::string_view plugin) {
  const auto annotations = texts_of(table, "pod_annotations");
  std::vector<std::string> others;
  for (const std::string& each : annotations.value_or(std::vector<std::string>{})) {
    if (each != kPodAnnotations) others.push_back(each);
  }
  return {.name = std::string(name),
          .runtime_type = text_of(table, "runtime_type"),
          .base_runtime_spec = text_of(table, "base_runtime_spec"),
          .passes_our_annotations = annotations && contains(*annotations, kPodAnnotations),
          .table = where,
          .plugin = plugin,
          .other_annotations = std::move(others)};
}

void add_old_form(std::vector<RuntimeHandler>& handlers, const toml::table& containerd, HandlerTable where,
                  std::string_view plugin) {
  const bool is_default = where == HandlerTable::kDefaultRuntime;
  const toml::table* table =
      containerd.get_as<toml::table>(is_default ? "default_runtime" : "untrusted_workload_runtime");
  if (table == nullptr || text_of(*table, "runtime_type").empty()) return;
  const std::string_view name = is_default ? kDefaultHandler : kUntrustedHandler;
  std::erase_if(handlers, [&](const RuntimeHandler& handler) { return handler.name == name; });
  handlers.push_back(to_handler(name, *table, where, plugin));
}

void read_handlers(ContainerdConfig& config, const toml::table& containerd, std::string_view plugin) {
  const toml::table* runtimes = containerd.get_as<toml::table>("runtimes");
  config.has_handlers_table = containerd.contains("runtimes");
  if (runtimes != nullptr) {
    for (const auto& [name, node] : *runtimes) {
      const toml::table* table = node.as_table();
      if (table != nullptr) config.handlers.push_back(to_handler(name.str(), *table, HandlerTable::kRuntimes, plugin));
    }
  }
  if (std::string name = text_of(containerd, "default_runtime_name"); !name.empty()) config.default_handler = name;
  if (plugin == kCriRuntimePlugin) return;
  add_old_form(config.handlers, containerd, HandlerTable::kDefaultRuntime, plugin);
  add_old_form(config.handlers, containerd, HandlerTable::kUntrustedWorkload, plugin);
  const auto is_old_default = [](const auto& handler) { return handler.table == HandlerTable::kDefaultRuntime; };
  if (std::any_of(config.handlers.begin(), config.handlers.end(), is_old_default)) {
    config.default_handler = kDefaultHandler;
  }
}

Result<void> read_version(ContainerdConfig& config, const toml::table& root) {
  config.has_version = root.contains("version");
  if (!config.has_version) return {};
  const auto version = root["version"].value_exact<std::int64_t>();
  if (!version || *version < 0 || *version > 1000) {
    return invalid("version is not a whole number: containerd does not start with that");
  }
  config.version = static_cast<int>(*version);
  return {};
}

// In version 2 plugins have whole names; containerd does not start with a short one.
Result<void> check_names(const ContainerdConfig& config, const toml::table& root) {
  const toml::table* plugins = root.get_as<toml::table>("plugins");
  if (config.version != 2 || plugins == nullptr) return {};
  for (const auto& [name, node] : *plugins) {
    if (split(name.str(), '.').size() >= 4) continue;
    return invalid("plugins." + printable(name.str()) +
                   " is a name of format version 1: containerd does not start with it in a file of version 2");
  }
  return {};
}

// An imported file may leave out the version, and has the names of the main file's.
std::string_view plugin_in(const toml::table& root, const ContainerdConfig& config) {
  if (!config.has_version) {
    for (const std::string_view plugin : {kCriPlugin, kCriRuntimePlugin}) {
      if (find_table(root, {"plugins", plugin}) != nullptr) return plugin;
    }
  }
  return cri_plugin_of(config.version, Generation::kOne);
}

bool is_ours(std::string_view text) {
  return text.starts_with(kSpecPrefix) || text.starts_with(kPodAnnotations.substr(0, kPodAnnotations.size() - 1));
}

template <typename Predicate>
bool any_text(const toml::node& node, const Predicate& is_it) {
  if (const toml::table* table = node.as_table()) {
    return std::any_of(table->begin(), table->end(), [&](const auto& entry) { return any_text(entry.second, is_it); });
  }
  if (const toml::array* array = node.as_array()) {
    return std::any_of(array->begin(), array->end(), [&](const toml::node& item) { return any_text(item, is_it); });
  }
  return is_it(node.value_or(std::string_view()));
}

constexpr std::size_t kNameMax_bytes = 100;

// In quotes, nothing in it needs an escape.
bool is_writable(const std::string& name) {
  return !name.empty() && name.size() <= kNameMax_bytes && std::all_of(name.begin(), name.end(), [](char character) {
    return character >= ' ' && character <= '~' && character != '"' && character != '\\';
  });
}

bool is_plain(const std::string& name) {
  return std::all_of(name.begin(), name.end(), [](unsigned char character) {
    return std::isalnum(character) != 0 || character == '-' || character == '_' || character == '.';
  });
}

std::string list_names(const std::vector<RuntimeHandler>& handlers) {
  std::string list;
  for (const RuntimeHandler& handler : handlers) list += (list.empty() ? "" : ", ") + printable(handler.name);
  return list.empty() ? "none" : list;
}

Failure refuse_handlers(const std::vector<RuntimeHandler>& all, bool are_named) {
  return failure(ErrorCode::kNotFound,
                 std::string(are_named ? "there are not all of the runtime handlers named"
                                       : "no runtime handler is runc's; name one with --runtime-handler") +
                     " (there are: " + list_names(all) + ")");
}

}  // namespace

bool is_runc(const RuntimeHandler& handler) {
  return handler.runtime_type.empty() || handler.runtime_type == "io.containerd.runc.v2" ||
         handler.runtime_type == "io.containerd.runc.v1" || handler.runtime_type == "io.containerd.runtime.v1.linux";
}

bool calls_our_hook(const RuntimeHandler& handler) {
  return handler.base_runtime_spec.starts_with(kSpecPrefix) && handler.passes_our_annotations;
}

std::string_view cri_plugin_of(int version, Generation generation) {
  if (version >= 3) return kCriRuntimePlugin;
  if (version == 2) return kCriPlugin;
  return generation == Generation::kTwo ? kCriRuntimePlugin : kCriPluginOfVersionOne;
}

std::string table_name(std::string_view plugin, HandlerTable table, std::string_view handler) {
  const std::string prefix = "plugins." + quoted_key(plugin) + ".containerd.";
  if (table == HandlerTable::kDefaultRuntime) return prefix + "default_runtime";
  if (table == HandlerTable::kUntrustedWorkload) return prefix + "untrusted_workload_runtime";
  return prefix + "runtimes." + quoted_key(handler);
}

Result<ContainerdConfig> read_containerd_config(const toml::table& root) {
  ContainerdConfig config{.is_empty = root.empty()};
  auto imports = texts_of(root, "imports");
  const auto disabled = texts_of(root, "disabled_plugins");
  if (!imports) return pass_on(imports.error());
  if (!disabled) return pass_on(disabled.error());
  if (auto read = read_version(config, root); !read) return pass_on(read.error());
  if (auto fine = check_names(config, root); !fine) return pass_on(fine.error());
  config.imports = std::move(*imports);
  config.is_cri_disabled = contains(*disabled, kCriPlugin) || contains(*disabled, kCriPluginOfVersionOne) ||
                           contains(*disabled, kCriRuntimePlugin);
  const std::string_view plugin = plugin_in(root, config);
  config.has_cri_table = find_table(root, {"plugins", plugin}) != nullptr;
  const toml::table* containerd = find_table(root, {"plugins", plugin, "containerd"});
  if (containerd != nullptr) read_handlers(config, *containerd, plugin);
  return config;
}

Result<ContainerdConfig> parse_containerd_config(std::string_view text) {
  const auto root = parse_toml(text);
  if (!root) return pass_on(root.error());
  return read_containerd_config(*root);
}

bool has_value_of_ours(std::string_view text) {
  const auto root = parse_toml(text);
  return root ? any_text(*root, is_ours) : text.find("netclsd") != std::string_view::npos;
}

bool has_value(std::string_view text, std::string_view value) {
  const auto root = parse_toml(text);
  if (!root) return text.find(value) != std::string_view::npos;
  return any_text(*root, [&](std::string_view each) { return each == value; });
}

Result<ChosenHandlers> choose_handlers(const std::vector<RuntimeHandler>& handlers,
                                       const std::vector<std::string>& names) {
  ChosenHandlers chosen;
  std::size_t matching = 0;
  for (const RuntimeHandler& handler : handlers) {
    if (names.empty() ? !is_runc(handler) : !contains(names, handler.name)) continue;
    ++matching;
    if (is_writable(handler.name)) {
      chosen.handlers.push_back(handler);
    } else {
      chosen.notes.push_back(
          "runtime handler " + in_quotes(handler.name) +
          " has a name that cannot be written plainly, and is skipped: its pods do not call the hook");
    }
  }
  if (matching < std::max<std::size_t>(names.size(), 1) || chosen.handlers.empty()) {
    return refuse_handlers(handlers, !names.empty());
  }
  return chosen;
}

std::string find_handler_without_us(const std::vector<RuntimeHandler>& handlers,
                                    const std::vector<std::string>& names) {
  const auto chosen = choose_handlers(handlers, names);
  if (!chosen) return chosen.error().message();
  const auto& all = chosen->handlers;
  const auto found = std::find_if(all.begin(), all.end(), [](const auto& each) { return !calls_our_hook(each); });
  return found == all.end()
             ? ""
             : table_name(found->plugin, found->table, found->name) + " does not name our base spec and annotations";
}

std::string spec_path_for(const RuntimeHandler& handler) {
  const std::string prefix(kSpecPrefix);
  if (handler.base_runtime_spec.starts_with(prefix)) return handler.base_runtime_spec;  // somebody wrote our lines
  if (handler.base_runtime_spec.empty()) return prefix + ".json";
  constexpr std::size_t kHashLength = 12;
  const std::string name = is_plain(handler.name) ? handler.name : sha256_hex(handler.name).substr(0, kHashLength);
  return prefix + "-" + name + ".json";
}

}  // namespace netclsd::cli
