#include "cli/hook_install/containerd_files.h"

#include <fnmatch.h>

#include <algorithm>

#include "cli/hook_install/base_spec.h"
#include "cli/hook_install/command.h"
#include "cli/hook_install/found.h"

namespace netclsd::cli {
namespace {

constexpr std::chrono::seconds kLimit{10};
constexpr const char* kSpecPrefix = "/etc/containerd/netclsd-base-spec";

// A file of its own for a handler that has a base spec of its own.
std::string spec_path_for(const RuntimeHandler& handler) {
  const bool is_shared = handler.base_runtime_spec.empty();
  return std::string(kSpecPrefix) + (is_shared ? "" : "-" + handler.name) + ".json";
}

// The host's containerd knows best what it begins a container with.
OrderedJson default_spec(const RootTree& tree) {
  OrderedJson built_in = *parse_spec(built_in_spec(), "the built-in spec");
  const auto ctr = find_program(tree, "ctr");
  if (!ctr) return without_security_defaults(built_in);
  const auto output = run_in_root(tree.root(), {*ctr, "oci", "spec"}, kLimit);
  if (!output || output->exit_status != 0) return without_security_defaults(built_in);
  return without_security_defaults(parse_spec(output->text, "ctr oci spec").value_or(built_in));
}

Result<OrderedJson> spec_of(const RootTree& tree, const RuntimeHandler& handler) {
  if (handler.base_runtime_spec.empty()) return default_spec(tree);
  const auto file = tree.read(handler.base_runtime_spec, kConfigurationMax_bytes);
  if (!file) return pass_on(file.error());
  if (!*file) {
    return failure(ErrorCode::kNotFound, "base_runtime_spec of handler " + handler.name + ", " +
                                             handler.base_runtime_spec +
                                             ", is not there; containerd's CRI plugin "
                                             "does not start so");
  }
  return parse_spec((*file)->content, handler.base_runtime_spec);
}

// containerd <= 1.7 replaces the whole table of a plugin by an imported file's: an edit here might have no effect.
Result<void> check_imports(const RootTree& tree, const ContainerdConfig& config) {
  for (const std::string& pattern : config.imports) {
    const std::string path = pattern.starts_with('/') ? pattern : std::string(kContainerdDirectory) + "/" + pattern;
    for (const std::string& name : tree.list(parent_of(path))) {
      if (::fnmatch(name_of(path).c_str(), name.c_str(), 0) != 0) continue;
      const std::string imported = parent_of(path) + "/" + name;
      const auto file = tree.read(imported, kConfigurationMax_bytes);
      if (!file || !*file) continue;
      const auto parsed = parse_containerd_config((*file)->content);
      if (!parsed) return pass_on(parsed.error(), imported);
      if (!parsed->has_cri_table) continue;
      return failure(ErrorCode::kConflict,
                     imported +
                         " is imported by config.toml and sets the CRI plugin's table, which replaces all of "
                         "config.toml's: set base_runtime_spec and pod_annotations there by hand "
                         "(docs/install.md)");
    }
  }
  return {};
}

Result<void> check_config(const ContainerdConfig& config) {
  if (config.version == 2 || config.is_empty) return {};
  return failure(ErrorCode::kConflict, "config.toml is of version " + std::to_string(config.version) +
                                           " and only version 2 can be edited; migrate it (containerd config migrate), "
                                           "or set base_runtime_spec and pod_annotations by hand (docs/install.md)");
}

bool is_plain(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char character) {
    return std::isalnum(character) != 0 || character == '-' || character == '_';
  });
}

void add_unless_there(std::vector<WantedFile>& files, WantedFile file) {
  const auto is_same = [&](const WantedFile& other) { return other.path == file.path; };
  if (std::none_of(files.begin(), files.end(), is_same)) files.push_back(std::move(file));
}

}  // namespace

Result<std::vector<RuntimeHandler>> choose_handlers(const ContainerdConfig& config,
                                                    const std::vector<std::string>& names) {
  std::vector<RuntimeHandler> handlers = config.handlers;
  if (handlers.empty()) handlers.push_back({.name = "runc", .runtime_type = {}, .base_runtime_spec = {}});
  std::string known;
  for (const RuntimeHandler& handler : handlers) known += (known.empty() ? "" : ", ") + handler.name;
  const auto is_wanted = [&](const RuntimeHandler& handler) {
    return names.empty() ? is_runc(handler) : std::find(names.begin(), names.end(), handler.name) != names.end();
  };
  handlers.erase(std::remove_if(handlers.begin(), handlers.end(), [&](const auto& each) { return !is_wanted(each); }),
                 handlers.end());
  if (handlers.size() < std::max<std::size_t>(names.size(), 1)) {
    return failure(ErrorCode::kNotFound, names.empty() ? "no runtime handler of config.toml is runc's; name one with "
                                                         "--runtime-handler (there are: " +
                                                             known + ")"
                                                       : "config.toml does not have all of the runtime handlers named "
                                                         "(there are: " +
                                                             known + ")");
  }
  for (const RuntimeHandler& handler : handlers) {
    if (!is_plain(handler.name)) return invalid("runtime handler \"" + handler.name + "\" has an unusual name");
  }
  return handlers;
}

Result<std::vector<WantedFile>> containerd_files(const RootTree& tree, const ContainerdRequest& request) {
  const auto config = parse_containerd_config(request.config_text);
  if (!config) return pass_on(config.error(), request.config_path);
  if (auto fine = check_config(*config); !fine) return pass_on(fine.error());
  if (auto fine = check_imports(tree, *config); !fine) return pass_on(fine.error());
  const auto handlers = choose_handlers(*config, request.handlers);
  if (!handlers) return pass_on(handlers.error());
  std::vector<WantedFile> files;
  std::vector<HandlerEdit> edits;
  for (const RuntimeHandler& handler : *handlers) {
    auto spec = spec_of(tree, handler);
    if (!spec) return pass_on(spec.error());
    const std::string path = spec_path_for(handler);
    add_unless_there(files, {path, FileKind::kBaseSpec, add_hook(std::move(*spec), request.entry)});
    edits.push_back({handler.name, path});
  }
  auto edited = edit_containerd_config(request.config_text, edits);
  if (!edited) return pass_on(edited.error());
  files.push_back({request.config_path, FileKind::kContainerdConfig, std::move(*edited)});
  return files;
}

bool has_our_settings(const ContainerdConfig& config, const std::vector<std::string>& handlers) {
  const auto chosen = choose_handlers(config, handlers);
  return chosen && std::all_of(chosen->begin(), chosen->end(), [](const RuntimeHandler& handler) {
           return handler.base_runtime_spec.starts_with(kSpecPrefix) && handler.passes_our_annotations;
         });
}

}  // namespace netclsd::cli
