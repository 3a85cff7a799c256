// Somebody's config.toml with our handler put in. An edit that is not refused parses, says what we wanted, changes
// nothing else, and doing it again changes nothing; the manifest brings the original back byte for byte.
#include "cli/hook_install/containerd_config.h"

#include <algorithm>
#include <optional>

#include "cli/hook_install/manifest.h"
#include "common/base/error.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd::cli {
namespace {

const RuntimeHandler* find(const ContainerdConfig& config, std::string_view name) {
  const auto found = std::find_if(config.handlers.begin(), config.handlers.end(),
                                  [&](const RuntimeHandler& handler) { return handler.name == name; });
  return found == config.handlers.end() ? nullptr : &*found;
}

// As an installation edits it. std::nullopt: it leaves files of this version alone.
std::optional<HandlerEdit> edit_for(const ContainerdConfig& config) {
  if (!config.is_empty && (config.version < kOldestEdited || config.version > kNewestEdited)) return std::nullopt;
  const std::string_view plugin = config.is_empty ? kCriPlugin : cri_plugin_of(config.version, Generation::kTwo);
  return HandlerEdit{.handler = "runc",
                     .base_runtime_spec = "/opt/netclsd/spec.json",
                     .plugin = plugin,
                     .is_built_in = plugin == kCriRuntimePlugin && find(config, "runc") == nullptr};
}

void check_others(const ContainerdConfig& before, const ContainerdConfig& after, const HandlerEdit& edit) {
  CHECK(before.imports == after.imports && before.is_cri_disabled == after.is_cri_disabled);
  for (const RuntimeHandler& handler : before.handlers) {
    const RuntimeHandler* same = find(after, handler.name);
    CHECK(same != nullptr && same->runtime_type == handler.runtime_type);
    if (handler.name != edit.handler) CHECK(same->base_runtime_spec == handler.base_runtime_spec);
  }
}

void check_edited(const ContainerdConfig& before, const std::string& text, const HandlerEdit& edit) {
  const auto after = parse_containerd_config(text);
  CHECK(after);
  const RuntimeHandler* ours = find(*after, edit.handler);
  CHECK(ours != nullptr && ours->base_runtime_spec == edit.base_runtime_spec && ours->passes_our_annotations);
  check_others(before, *after, edit);
  CHECK(edit_containerd_config(text, {edit}) == text);
}

void check_restored(std::string_view original) {
  Manifest manifest{.state = InstallState::kInstalled,
                    .version = "1",
                    .program = {},
                    .program_sha256 = {},
                    .programs = {},
                    .directories_made = {},
                    .files = {},
                    .changed = {}};
  manifest.files.push_back({.path = "/etc/containerd/config.toml",
                            .kind = FileKind::kContainerdConfig,
                            .previous = Snapshot{.content = std::string(original), .attributes = {}},
                            .written = {}});
  CHECK(parse_manifest(to_json(manifest)) == manifest);
}

}  // namespace
}  // namespace netclsd::cli

namespace netclsd {

void fuzz_one(std::string_view input) {
  const auto before = cli::parse_containerd_config(input);
  CHECK(!before || cli::merge_containerd_configs({input, input}));
  const auto edit = before ? cli::edit_for(*before) : std::nullopt;
  if (!edit) return;
  const auto edited = cli::edit_containerd_config(input, {*edit});
  if (!edited) return;
  cli::check_edited(*before, *edited, *edit);
  cli::check_restored(input);
}

}  // namespace netclsd
