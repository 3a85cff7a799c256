#include "cli/hook_install/own_directory.h"

#include <algorithm>
#include <array>

#include "cli/hook_install/digest.h"

namespace netclsd::cli {
namespace {

constexpr std::array<const char*, 2> kDirectories = {"/opt/netclsd", "/var/lib/netclsd"};
constexpr std::size_t kManifestMax_bytes = 32U << 20;
constexpr std::size_t kProgramMax_bytes = 64U << 20;
constexpr std::size_t kFileMax_bytes = 4U << 20;

std::string manifest_path(const std::string& directory) { return directory + "/" + kManifestName; }

bool is_leftover(const std::string& name) { return name.starts_with('.') && name.ends_with(".netclsd-tmp"); }

bool is_program(const std::string& name) { return name.starts_with(kLinkName) && name != kLinkName; }

Result<void> add_program(const RootTree& tree, OwnDirectory& directory, const std::string& name) {
  auto program = tree.read(directory.path + "/" + name, kProgramMax_bytes);
  if (!program) return pass_on(program.error());
  if (*program) directory.programs[name] = sha256_hex((*program)->content);
  return {};
}

}  // namespace

Result<std::optional<Installation>> find_installation(const RootTree& tree) {
  for (const char* directory : kDirectories) {
    const auto file = tree.read(manifest_path(directory), kManifestMax_bytes);
    if (!file) return pass_on(file.error());
    if (!*file) continue;
    auto manifest = parse_manifest((*file)->content);
    if (!manifest) return pass_on(manifest.error(), directory);
    return Installation{.directory = directory, .manifest = std::move(*manifest)};
  }
  return std::nullopt;
}

Result<std::string> choose_directory(const RootTree& tree) {
  std::string reasons;
  for (const char* directory : kDirectories) {
    const std::string looked_at = tree.is_directory(directory) ? directory : parent_of(directory);
    const auto usable = tree.check_usable(looked_at, RootTree::Use::kPrograms);
    if (usable) return directory;
    reasons += (reasons.empty() ? "" : "; ") + usable.error().message();
  }
  return failure(ErrorCode::kUnavailable, "no directory for the hook's program can be used: " + reasons);
}

Result<OwnDirectory> look_at(const RootTree& tree, const std::string& directory, const Manifest* manifest) {
  OwnDirectory own{.path = directory, .exists = tree.is_directory(directory)};
  auto link = tree.read_link(directory + "/" + kLinkName);
  if (!link) return pass_on(link.error());
  own.link_target = std::move(*link);
  const std::vector<std::string> names = tree.list(directory);
  own.is_empty = std::all_of(names.begin(), names.end(), is_leftover);
  for (const std::string& name : names) {
    if (is_leftover(name)) own.leftovers.push_back(directory + "/" + name);
    if (!is_program(name)) continue;
    if (auto added = add_program(tree, own, name); !added) return pass_on(added.error());
  }
  if (manifest == nullptr) return own;
  for (const ManagedFile& file : manifest->files) {
    if (tree.exists(temporary_of(file.path))) own.leftovers.push_back(temporary_of(file.path));
  }
  return own;
}

Result<void> remove_unfinished(const RootTree& tree) {
  for (const std::string directory : kDirectories) {
    if (!tree.is_directory(directory)) continue;
    if (auto removed = tree.remove_file(temporary_of(manifest_path(directory))); !removed) return removed;
    if (auto removed = tree.remove_directory(directory); !removed) return removed;
  }
  return {};
}

Result<FilesNow> read_files(const RootTree& tree, const Manifest& manifest) {
  FilesNow now;
  for (const ManagedFile& file : manifest.files) {
    auto content = tree.read(file.path, kFileMax_bytes);
    if (!content) return pass_on(content.error());
    now[file.path] = std::move(*content);
  }
  return now;
}

}  // namespace netclsd::cli
