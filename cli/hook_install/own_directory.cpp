#include "cli/hook_install/own_directory.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "cli/hook_install/containerd_view.h"
#include "cli/hook_install/digest.h"
#include "cli/hook_install/host.h"
#include "common/base/file.h"
#include "common/base/text.h"

namespace netclsd::cli {
namespace {

constexpr std::size_t kProgramMax_bytes = 64U << 20;
constexpr std::size_t kHashInName = 8;
// With these the hook would succeed without doing what its runtime asks for.
constexpr std::array<std::string_view, 6> kNotForRuntimes = {"--help",        "-h",      "--version", "prestart",
                                                             "createRuntime", "poststop"};

Result<std::string> beside_this_program(const char* name) {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length < 0) return system_failure(errno, "read link", "/proc/self/exe");
  const std::string self(path.data(), static_cast<std::size_t>(length));
  return self.substr(0, self.rfind('/') + 1) + name;
}

Result<void> check_arguments(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (std::find(kNotForRuntimes.begin(), kNotForRuntimes.end(), argument) != kNotForRuntimes.end()) {
      return invalid("--hook-arg " + argument + " is not for a hook's entry");
    }
  }
  return {};
}

Result<std::string> ask_version(const std::string& binary, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{binary};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.emplace_back("--version");
  const auto output = run_in_root("/", command);
  if (!output) return pass_on(output.error());
  if (output->exit_status != 0 && !arguments.empty()) {
    return invalid(binary + " does not accept the --hook-arg given; see netclsd-hook --help");
  }
  return parse_hook_version(output->text);
}

constexpr std::array<const char*, 2> kUsual = {"/opt/netclsd", "/var/lib/netclsd"};
// On GKE's Container-Optimized OS /opt is read-only and /var is noexec; programs can run here.
constexpr const char* kGke = "/home/kubernetes/bin/netclsd";
constexpr std::size_t kManifestMax_bytes = 32U << 20;

std::string manifest_path(const std::string& directory) { return directory + "/" + kManifestName; }

bool is_leftover(const std::string& name) { return name.starts_with('.') && name.ends_with(".netclsd-tmp"); }

bool is_program(const std::string& name) { return name.starts_with(kLinkName) && name != kLinkName; }

Result<void> add_program(const RootTree& tree, OwnDirectory& directory, const std::string& name) {
  auto program = tree.read(directory.path + "/" + name, kProgramMax_bytes);
  if (!program) return pass_on(program.error());
  if (!*program) return {};
  directory.programs[name] = sha256_hex((*program)->content);
  constexpr mode_t kExecutable = 0111;
  if (((*program)->attributes.mode & kExecutable) != kExecutable) directory.not_executable.insert(name);
  return {};
}

std::vector<std::string> candidates(const RootTree& tree, const std::string& asked) {
  std::vector<std::string> directories;
  if (!asked.empty()) directories.push_back(asked);
  directories.insert(directories.end(), kUsual.begin(), kUsual.end());
  if (tree.is_directory(parent_of(kGke))) directories.emplace_back(kGke);
  return directories;
}

Result<void> check_directory(const RootTree& tree, const std::string& directory) {
  const std::string looked_at = tree.is_directory(directory) ? directory : parent_of(directory);
  return tree.check_usable(looked_at, RootTree::Use::kPrograms);
}

bool has_mode(const RootTree& tree, const std::string& directory, mode_t mode) {
  const auto facts = tree.directory_facts(directory);
  return !facts || (facts->mode & mode) == mode;
}

}  // namespace

Result<std::string> parse_hook_version(std::string_view text) {
  const auto words = split(text, ' ');
  const auto is_fine = [](char character) {
    return std::isalnum(static_cast<unsigned char>(character)) != 0 ||
           std::string_view(".-+~_").find(character) != std::string_view::npos;
  };
  if (words.size() < 3 || words[0] != kLinkName || words[1].empty() ||
      !std::all_of(words[1].begin(), words[1].end(), is_fine)) {
    return invalid("the program given with --binary does not say that it is netclsd-hook");
  }
  return std::string(words[1]);
}

Result<Programs> read_programs(const std::string& binary, const std::vector<std::string>& arguments) {
  if (auto fine = check_arguments(arguments); !fine) return pass_on(fine.error());
  const auto path = binary.empty() ? beside_this_program(kLinkName) : Result<std::string>(binary);
  if (!path) return pass_on(path.error());
  const std::string stub_path = path->substr(0, path->rfind('/') + 1) + kStubName;
  auto hook = read_file(*path, kProgramMax_bytes);
  if (!hook) return pass_on(hook.error(), "the hook's program (--binary)");
  auto stub = read_file(stub_path, kProgramMax_bytes);
  if (!stub) return pass_on(stub.error(), "the stub beside it");
  auto version = ask_version(path->find('/') == std::string::npos ? "./" + *path : *path, arguments);
  if (!version) return pass_on(version.error());
  const std::string hash = sha256_hex(*hook);
  const std::string name = std::string(kLinkName) + "-" + *version + "-" + hash.substr(0, kHashInName);
  const std::string stub_hash = sha256_hex(*stub);
  return Programs{.version = std::move(*version),
                  .hook = {.name = name, .content = std::move(*hook), .sha256 = hash},
                  .stub = {.name = kStubName, .content = std::move(*stub), .sha256 = stub_hash}};
}

Result<std::optional<Installation>> find_installation(const RootTree& tree, const std::string& asked) {
  for (const std::string& directory : candidates(tree, asked)) {
    const auto file = tree.read(manifest_path(directory), kManifestMax_bytes);
    if (!file) return pass_on(file.error());
    if (!*file) continue;
    auto manifest = parse_manifest((*file)->content);
    if (!manifest) return pass_on(manifest.error(), directory);
    const auto path = manifest->pointer == directory ? tree.real_path(directory) : Result<std::string>(directory);
    if (!path) return pass_on(path.error());
    return Installation{.directory = *path, .manifest = std::move(*manifest)};
  }
  return std::nullopt;
}

Result<std::string> choose_directory(const RootTree& tree, const std::string& asked) {
  if (!asked.empty()) {
    if (auto usable = check_directory(tree, asked); !usable) return pass_on(usable.error(), "--program-dir");
    return asked;
  }
  std::string reasons;
  std::optional<std::string> for_root_alone;
  for (const std::string& directory : candidates(tree, asked)) {
    const auto usable = check_directory(tree, directory);
    if (!usable) reasons += (reasons.empty() ? "" : "; ") + usable.error().message();
    if (usable && is_open_to_everybody(tree, parent_of(directory))) return directory;
    if (usable && !for_root_alone) for_root_alone = directory;
  }
  if (for_root_alone) return *for_root_alone;
  return failure(ErrorCode::kUnavailable, "no directory for the hook's program can be used: " + reasons +
                                              "; name one that can be written and executed (--program-dir)");
}

std::string choose_pointer(const RootTree& tree, const std::string& directory) {
  const auto known = candidates(tree, {});
  if (std::find(known.begin(), known.end(), directory) != known.end()) return {};
  for (const char* place : kUsual) {
    const auto link = tree.read_link(place);
    const bool is_free = link && (*link ? **link == directory : !tree.exists(place));
    if (is_free && tree.check_usable(parent_of(place), RootTree::Use::kFiles)) return place;
  }
  return {};
}

bool is_open_to_everybody(const RootTree& tree, const std::string& directory, Look look) {
  for (std::string each = directory; each != "/"; each = parent_of(each)) {
    if (!has_mode(tree, each, static_cast<mode_t>(each == directory ? look : Look::kEnter))) return false;
  }
  return true;
}

std::vector<std::string> find_closed(const RootTree& tree, const OwnDirectory& own, const Manifest& manifest) {
  std::vector<std::string> ours = manifest.directories_made;
  if (own.exists && (manifest.directory_made || own.is_empty)) ours.push_back(own.path);
  const auto is_open = [&](const std::string& path) { return has_mode(tree, path, kForEverybody); };
  ours.erase(std::remove_if(ours.begin(), ours.end(), is_open), ours.end());
  return ours;
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
  if (!manifest->pointer.empty()) {
    auto target = tree.read_link(manifest->pointer);
    if (!target) return pass_on(target.error());
    own.pointer_target = std::move(*target);
  }
  for (const ManagedFile& file : manifest->files) {
    if (tree.exists(temporary_of(file.path))) own.leftovers.push_back(temporary_of(file.path));
  }
  return own;
}

Result<void> remove_unfinished(const RootTree& tree, const std::string& asked) {
  for (const std::string& directory : candidates(tree, asked)) {
    if (!tree.is_directory(directory)) continue;
    if (auto removed = tree.remove_file(temporary_of(manifest_path(directory))); !removed) return removed;
    if (auto removed = tree.remove_directory(directory); !removed) return removed;
  }
  return {};
}

Result<FilesNow> read_files(const RootTree& tree, const Manifest& manifest) {
  FilesNow now;
  for (const ManagedFile& file : manifest.files) {
    auto content = tree.read(file.path, kConfigurationMax_bytes);
    if (!content) return pass_on(content.error());
    now[file.path] = std::move(*content);
  }
  return now;
}

}  // namespace netclsd::cli
