// Somebody's config.toml with our handler put in. An edit that is not refused parses, says what we wanted, changes
// nothing else, and doing it again changes nothing; the manifest brings the original back byte for byte.
#include "cli/hook_install/containerd_config.h"

#include <algorithm>

#include "cli/hook_install/manifest.h"
#include "common/base/error.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd::cli {
namespace {

const HandlerEdit kEdit{.handler = "runc", .base_runtime_spec = "/opt/netclsd/spec.json"};

const RuntimeHandler* find(const ContainerdConfig& config, std::string_view name) {
  const auto found = std::find_if(config.handlers.begin(), config.handlers.end(),
                                  [&](const RuntimeHandler& handler) { return handler.name == name; });
  return found == config.handlers.end() ? nullptr : &*found;
}

void check_others(const ContainerdConfig& before, const ContainerdConfig& after) {
  CHECK(before.imports == after.imports && before.is_cri_disabled == after.is_cri_disabled);
  for (const RuntimeHandler& handler : before.handlers) {
    const RuntimeHandler* same = find(after, handler.name);
    CHECK(same != nullptr && same->runtime_type == handler.runtime_type);
    if (handler.name != kEdit.handler) CHECK(same->base_runtime_spec == handler.base_runtime_spec);
  }
}

void check_edited(const ContainerdConfig& before, const std::string& text) {
  const auto after = parse_containerd_config(text);
  CHECK(after);
  const RuntimeHandler* ours = find(*after, kEdit.handler);
  CHECK(ours != nullptr && ours->base_runtime_spec == kEdit.base_runtime_spec && ours->passes_our_annotations);
  check_others(before, *after);
  CHECK(edit_containerd_config(text, {kEdit}) == text);
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
  const auto edited = cli::edit_containerd_config(input, {cli::kEdit});
  CHECK(before || !edited);
  if (!edited) return;
  cli::check_edited(*before, *edited);
  cli::check_restored(input);
}

}  // namespace netclsd
