// Decides: from what was found and what is wanted to the steps. Their order lets the runtime start containers at every
// moment: first the program, then its link, then base specs, then what names them; to remove, the other way round. The
// manifest is written before what it describes. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/hook_install/manifest.h"
#include "cli/hook_install/step.h"
#include "common/base/error.h"

namespace netclsd::cli {

inline constexpr const char* kLinkName = "netclsd-hook";
inline constexpr const char* kStubName = "netclsd-hook-stub";
inline constexpr const char* kManifestName = "manifest.json";

// The directory of programs, link and manifest, as it is now.
struct OwnDirectory {
  std::string path;
  bool exists = false;
  bool is_empty = false;  // except for what a killed installer left
  std::optional<std::string> link_target = {};
  std::map<std::string, std::string> programs = {};  // file name → SHA-256
  std::set<std::string> not_executable = {};         // of the programs
  std::vector<std::string> leftovers = {};           // whole paths of temporary files, also beside the managed files
  std::optional<std::string> pointer_target = {};    // of the link that the manifest names
};

using FilesNow = std::map<std::string, std::optional<Snapshot>>;  // by path

struct Program {
  std::string name;
  std::string content;
  std::string sha256;
};

struct WantedFile {
  std::string path;
  FileKind kind = FileKind::kHooksD;
  std::string content;
};

// Base specs that must stay, because a file of others names them: containerd's CRI plugin does not start if a base spec
// is missing. By path, what replaces it: the same spec without our hook.
using Hookless = std::map<std::string, std::string>;

struct InstallFacts {
  std::optional<Manifest> manifest;
  OwnDirectory directory;
  std::string version;
  Program hook;
  Program stub;
  std::vector<WantedFile> wanted;
  std::vector<std::string> kept;                     // paths of managed files that stay as they are
  FilesNow now;                                      // of all wanted and managed files
  std::vector<std::string> missing_directories;      // parents first
  std::vector<std::string> closed_directories = {};  // that we made, and not everybody can look into
  Hookless hookless = {};                            // base specs that this installation may not remove
  std::string pointer = {};                          // for the manifest, as the three below
  std::vector<std::string> runtimes = {};
  std::string containerd_config = {};
  std::vector<std::string> runtime_handlers = {};
};

struct Plan {
  Steps steps;
  Manifest after = {};            // to be written when the steps are done
  bool changes_start_up = false;  // something that containerd reads when it starts
};

[[nodiscard]] Result<Plan> plan_install(const InstallFacts& facts);

// Uninstalling, first half: restores the runtime's configuration. Refuses if a file was changed since and still
// mentions us.
[[nodiscard]] Result<Plan> plan_restore(const Manifest& manifest, const OwnDirectory& directory, const FilesNow& now,
                                        const Hookless& hookless = {});

// Second half: removes the programs. `is_in_use`: a container or a runtime may still call the hook by its path, so that
// the stub replaces it; or a base spec that stays is still named.
[[nodiscard]] Steps plan_remove(const Manifest& manifest, const OwnDirectory& directory, bool is_in_use,
                                const Hookless& hookless = {});

// The file's content now; std::nullopt: there is none.
[[nodiscard]] std::optional<Snapshot> now_of(const FilesNow& now, const std::string& path);

[[nodiscard]] Step write_manifest(const std::string& directory, const Manifest& manifest);

}  // namespace netclsd::cli
