// The directory on the host that holds the hook's program, its link and the manifest; and the programs to be put there:
// netclsd-hook, and the stub that replaces it if it is removed while in use.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/hook_install/manifest.h"
#include "cli/hook_install/plan.h"
#include "cli/hook_install/root_tree.h"
#include "common/base/error.h"

namespace netclsd::cli {

struct Programs {
  std::string version;
  Program hook;
  Program stub;
};

// `binary` empty: netclsd-hook beside this program. The hook is run once with these arguments: if it refused one of
// them, no container would start.
[[nodiscard]] Result<Programs> read_programs(const std::string& binary, const std::vector<std::string>& arguments);

// "netclsd-hook 0.1.0 (abc)" → "0.1.0". Pure.
[[nodiscard]] Result<std::string> parse_hook_version(std::string_view text);

struct Installation {
  std::string directory;
  Manifest manifest;
};

// `asked`: a directory to search first; empty: none. std::nullopt: nothing is installed.
[[nodiscard]] Result<std::optional<Installation>> find_installation(const RootTree& tree,
                                                                    const std::string& asked = {});

// Where to install: as asked, or the first directory that can be written and whose mount allows programs to run; one
// that everybody can reach is preferred. An error says of each why not.
[[nodiscard]] Result<std::string> choose_directory(const RootTree& tree, const std::string& asked);

// Where to leave a link to a directory that find_installation() does not search; empty: not needed, or not possible.
[[nodiscard]] std::string choose_pointer(const RootTree& tree, const std::string& directory);

// Whether users other than root can use what is in the directory, and, with kList, see the names in it.
enum class Look { kEnter = 0001, kList = 0005 };
[[nodiscard]] bool is_open_to_everybody(const RootTree& tree, const std::string& directory, Look look = Look::kEnter);

// The directories that an installation made and that are not open to everybody, as under umask 077.
[[nodiscard]] std::vector<std::string> find_closed(const RootTree& tree, const OwnDirectory& own,
                                                   const Manifest& manifest);

[[nodiscard]] Result<OwnDirectory> look_at(const RootTree& tree, const std::string& directory,
                                           const Manifest* manifest);

// Removes the empty directory that an installation leaves if it is killed before it writes its first manifest.
[[nodiscard]] Result<void> remove_unfinished(const RootTree& tree, const std::string& asked);

[[nodiscard]] Result<FilesNow> read_files(const RootTree& tree, const Manifest& manifest);

}  // namespace netclsd::cli
