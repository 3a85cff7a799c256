// What an installation has put where, and what was there before: manifest.json beside the hook's program. It is written
// before what it describes is done, so that an interrupted installation can be completed or undone. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/hook_install/root_tree.h"
#include "common/base/error.h"

namespace netclsd::cli {

enum class FileKind {
  kBaseSpec,          // must be there before a configuration names it
  kContainerdConfig,  // read when containerd starts
  kHooksD,            // read for each container, or watched
};

struct ManagedFile {
  std::string path;
  FileKind kind = FileKind::kHooksD;
  std::optional<Snapshot> previous;  // none: there was no file
  std::vector<std::string> written;  // SHA-256 of what we have put there, or are about to
  friend bool operator==(const ManagedFile&, const ManagedFile&) = default;
};

enum class InstallState {
  kInstalling,  // or interrupted
  kInstalled,
  kRemoving,  // or interrupted
  kStub,      // the configuration is restored; a program that does nothing is left, since the hook is still named
};

// When the runtime's own configuration was last changed: a containerd that was started earlier has not read it.
struct ChangeTime {
  std::string boot_id;
  std::uint64_t at_ticks = 0;  // since boot, as in /proc/PID/stat
  friend bool operator==(const ChangeTime&, const ChangeTime&) = default;
};

struct Manifest {
  InstallState state = InstallState::kInstalling;
  std::string version;  // the hook's
  std::string program;  // file name that the link leads to
  std::string program_sha256;
  std::vector<std::string> programs;          // file names that may be there, of earlier versions too
  bool directory_made = false;                // the one that the manifest is in
  std::vector<std::string> directories_made;  // others, parents first
  std::vector<ManagedFile> files;
  std::optional<ChangeTime> changed;
  std::string pointer = {};                // a link by which a directory that was asked for is found; empty: none
  std::vector<std::string> runtimes = {};  // that were to be hooked
  std::string containerd_config = {};      // as containerd names it, links not followed; empty: not hooked
  std::vector<std::string> runtime_handlers = {};  // containerd's that were named; none: all of runc's
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

// The configuration that containerd reads, or the usual one.
[[nodiscard]] std::string containerd_config_of(const Manifest& manifest);

[[nodiscard]] const ManagedFile* find_file(const Manifest& manifest, std::string_view path);
[[nodiscard]] std::string_view to_string(InstallState state);

[[nodiscard]] std::string to_json(const Manifest& manifest);
[[nodiscard]] Result<Manifest> parse_manifest(std::string_view text);

// What has become of a file of ours.
enum class FileCondition {
  kOurs,      // as we wrote it
  kOriginal,  // as it was before us
  kWithout,   // changed since, and nothing of ours is in it
  kChanged,   // changed since, and it still mentions us
};
[[nodiscard]] FileCondition judge(const ManagedFile& file, const std::optional<Snapshot>& now);
// In a configuration of containerd only values count, not comments.
[[nodiscard]] bool mentions_us(FileKind kind, std::string_view content);

}  // namespace netclsd::cli
