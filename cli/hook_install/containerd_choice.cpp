#include "cli/hook_install/containerd_choice.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace netclsd::cli {
namespace {

constexpr int kFirstOfTwo = 3;  // version of the format

bool is_edited(const ContainerdConfig& config) {
  return config.is_empty || (config.version >= kOldestEdited && config.version <= kNewestEdited);
}

// In a main file without a version containerd 1.x reads no long names.
std::vector<RuntimeHandler> with_names_of(const ContainerdConfig& main, std::vector<RuntimeHandler> handlers) {
  if (main.version >= kOldestEdited || main.is_empty) return handlers;
  for (RuntimeHandler& each : handlers) each.plugin = kCriPluginOfVersionOne;
  return handlers;
}

}  // namespace

Result<void> check_config(const std::string& path, const ContainerdConfig& config, Generation generation) {
  if (generation == Generation::kTwo) return {};
  if (config.version > kOldestEdited) {
    return failure(ErrorCode::kConflict, path + " is of version " + std::to_string(config.version) +
                                             ", and containerd 1.x does not start with that: only containerd 2 does");
  }
  if (config.has_handlers_table && config.handlers.empty()) {
    return failure(
        ErrorCode::kConflict,
        path + " has no runtime handler in its table \"runtimes\": containerd's CRI plugin does not start so");
  }
  return {};
}

std::vector<RuntimeHandler> all_handlers(const ContainerdView& view) {
  const ContainerdConfig& main = view.files.front().config;
  const bool is_one = view.generation == Generation::kOne;
  std::vector<RuntimeHandler> handlers = is_one ? with_built_in(main, view.generation) : view.handlers();
  if (is_one) return with_names_of(main, std::move(handlers));
  std::copy_if(
      main.handlers.begin(), main.handlers.end(), std::back_inserter(handlers),
      [](const RuntimeHandler& each) { return each.table != HandlerTable::kRuntimes && each.plugin == kCriPlugin; });
  return handlers;
}

// containerd 2 merges a handler's keys from several files. But a table of ours for a handler that only another file
// defines would be a handler without a type as soon as that file is gone, and the CRI plugin would not start.
bool is_to_be_edited(const RuntimeHandler& handler, const ContainerdConfig& main) {
  const auto own = std::find_if(main.handlers.begin(), main.handlers.end(), [&](const RuntimeHandler& each) {
    return each.name == handler.name && each.table == handler.table;
  });
  return own == main.handlers.end() ? handler.is_built_in : !calls_our_hook(*own);  // our lines may be there by hand
}

// containerd 2.0 to 2.2 goes by the newest file's version for all; later ones do not start so. A table of the newer
// plugin in the older file would be read, but replace all of its handlers as soon as the newer file is gone.
std::string find_newer(const ContainerdView& view) {
  const ConfigFile& main = view.files.front();
  if (view.generation == Generation::kOne || main.config.version >= kFirstOfTwo || main.config.is_empty) return {};
  for (const ConfigFile& file : view.files) {
    if (file.config.version < kFirstOfTwo) continue;
    return main.path + " is of version " + std::to_string(main.config.version) + " and imports " + file.path +
           ", which is newer: so containerd does not read what the older one says about handlers";
  }
  return {};
}

std::string why_left_alone(const ContainerdView& view) {
  const ConfigFile& main = view.files.front();
  if (std::string newer = find_newer(view); !newer.empty()) return newer;
  if (is_edited(main.config)) return {};
  return main.path + " is of version " + std::to_string(main.config.version) + ", and only versions " +
         std::to_string(kOldestEdited) + " to " + std::to_string(kNewestEdited) + " are edited";
}

std::string replaced_text(const ContainerdView& view) {
  return view.deciding()->path + " is imported and has the CRI plugin's table, which replaces all that " +
         view.files.front().path + " says about it";
}

}  // namespace netclsd::cli
