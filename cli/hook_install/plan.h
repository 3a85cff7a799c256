// Deciding: what was found and what is wanted → the steps, in an order in which the runtime can start containers at
// every moment. First the program, then its link, then base specs, then what names them; the other way round to remove.
// The manifest is written before what it describes. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/hook_install/manifest.h"
#include "cli/hook_install/step.h"
#include "common/base/error.h"

namespace netclsd::cli {

inline constexpr const char* kLinkName = "netclsd-hook";
inline constexpr const char* kStubName = "netclsd-hook-stub";
inline constexpr const char* kManifestName = "manifest.json";

// The directory that programs, link and manifest are in, as it is.
struct OwnDirectory {
  std::string path;
  bool exists = false;
  bool is_empty = false;  // but for what a killed installer left
  std::optional<std::string> link_target = {};
  std::map<std::string, std::string> programs = {};  // file name → SHA-256
  std::vector<std::string> leftovers = {};           // whole paths of temporary files, also beside the managed files
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

struct InstallFacts {
  std::optional<Manifest> manifest;
  OwnDirectory directory;
  std::string version;
  Program hook;
  Program stub;
  std::vector<WantedFile> wanted;
  std::vector<std::string> kept;                 // paths of managed files that stay as they are
  FilesNow now;                                  // of all wanted and managed files
  std::vector<std::string> missing_directories;  // parents first
};

struct Plan {
  Steps steps;
  Manifest after = {};            // to be written when the steps are done
  bool changes_start_up = false;  // something that containerd reads when it starts
};

[[nodiscard]] Result<Plan> plan_install(const InstallFacts& facts);

// Uninstalling, first half: the runtime's configuration as it was. Refuses where a file was changed since and still
// mentions us.
[[nodiscard]] Result<Plan> plan_restore(const Manifest& manifest, const OwnDirectory& directory, const FilesNow& now);

// Second half: the programs. `is_in_use`: somebody may still call the hook by its path, so the stub takes its place.
[[nodiscard]] Steps plan_remove(const Manifest& manifest, const OwnDirectory& directory, bool is_in_use);

[[nodiscard]] Step write_manifest(const std::string& directory, const Manifest& manifest);

}  // namespace netclsd::cli
