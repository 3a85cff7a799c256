#include "cli/hook_install/users.h"

#include <algorithm>
#include <map>
#include <utility>

#include "cli/hook_install/bundles.h"
#include "cli/hook_install/containerd_config.h"
#include "cli/hook_install/containerd_state.h"
#include "cli/hook_install/containerd_view.h"
#include "cli/hook_install/hook_entry.h"
#include "common/base/text.h"
#include "common/json/fields.h"

namespace netclsd::cli {
namespace {

constexpr std::size_t kSpecMax_bytes = 16U << 20;

bool has_at_stage(const Json& spec, const char* stage, const std::string& hook) {
  const auto hooks = spec.find("hooks");
  if (hooks == spec.end() || !hooks->is_object() || !hooks->contains(stage)) return false;
  const Json& entries = hooks->at(stage);
  return std::any_of(entries.begin(), entries.end(),
                     [&](const Json& entry) { return entry.is_object() && entry.value("path", Json()) == hook; });
}

bool may_call(const RootTree& tree, const std::string& path, const std::string& hook) {
  const auto spec = tree.read(path, kSpecMax_bytes);
  if (!spec) return true;
  if (!*spec || (*spec)->content.find(hook) == std::string::npos) return false;
  const auto json = parse_json_object((*spec)->content, path);
  // containerd's shim writes init.pid when runc has created the container, and thus called prestart.
  return !json || has_at_stage(*json, "poststop", hook) || !tree.exists(parent_of(path) + "/init.pid");
}

using Texts = std::map<std::string, std::string>;  // by path

// The file as it will be after our edit is undone.
Result<std::optional<Snapshot>> file_without_us(const RootTree& tree, const Manifest& manifest,
                                                const std::string& path) {
  const auto real = tree.real_path(path);
  if (!real) return pass_on(real.error());
  auto now = tree.read(*real, kConfigurationMax_bytes);
  if (!now) return now;
  const ManagedFile* managed = find_file(manifest, *real);
  const bool is_ours = managed != nullptr && judge(*managed, *now) == FileCondition::kOurs;
  return is_ours ? managed->previous : *now;
}

// All files that any containerd of this host reads. A file that we cannot read names nothing: containerd cannot read it
// either.
Texts read_all_files(const RootTree& tree, const Manifest& manifest) {
  std::vector<std::string> paths;
  const auto add = [&](const std::string& program, const std::string& config_path) {
    for (const std::string& path : files_read_by_containerd(tree, program, config_path)) add_once(paths, path);
  };
  for (const RunningContainerd& running : find_running_containerds(tree)) add(running.program, running.config_path);
  add({}, kContainerdConfigPath);
  if (!manifest.containerd_config.empty() && manifest.containerd_config != kContainerdConfigPath) {
    add({}, manifest.containerd_config);
  }
  Texts texts;
  for (const std::string& path : paths) {
    auto file = file_without_us(tree, manifest, path);
    if (file && *file) texts[path] = std::move((*file)->content);
  }
  return texts;
}

}  // namespace

std::optional<std::string> find_bundle_calling(const RootTree& tree, const std::string& hook) {
  const Bundles bundles = find_bundles(tree);
  for (const Bundle& bundle : bundles.found) {
    if (may_call(tree, bundle.config, hook)) return bundle.config;
  }
  if (!bundles.has_more) return std::nullopt;
  return "(not looked at: there are more than " + std::to_string(kBundlesMax) + " bundles)";
}

NamedSpecs find_named_specs(const RootTree& tree, const Manifest& manifest, const FilesNow& now,
                            const std::string& hook) {
  NamedSpecs named;
  const auto is_spec = [](const ManagedFile& file) { return file.kind == FileKind::kBaseSpec; };
  if (std::none_of(manifest.files.begin(), manifest.files.end(), is_spec)) return named;
  const Texts texts = read_all_files(tree, manifest);
  for (const ManagedFile& file : manifest.files) {
    const std::optional<Snapshot> content = now_of(now, file.path);
    if (!is_spec(file) || !content || judge(file, content) != FileCondition::kOurs) continue;
    const auto by =
        std::find_if(texts.begin(), texts.end(), [&](const auto& text) { return has_value(text.second, file.path); });
    if (by == texts.end()) continue;
    auto spec = parse_spec(content->content, file.path);
    if (!spec) continue;
    named.specs[file.path] = remove_hook(std::move(*spec), hook);
    named.notes.push_back(
        by->first + " names " + file.path +
        ", and containerd's CRI plugin does not start without it: it stays, without the hook. Take it "
        "out of there, then run uninstall again");
  }
  return named;
}

}  // namespace netclsd::cli
