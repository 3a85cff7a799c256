// Where the carrier's programs and maps are pinned, so that they outlive it: directories in a BPF file system.
#pragma once

#include <string>

#include "common/base/error.h"
#include "common/base/file.h"

namespace netclsd::carry {

// The directories of ours in a BPF file system.
struct PinDirectories {
  std::string top;  // <bpffs>/netclsd

  [[nodiscard]] std::string maps() const { return top + "/maps"; }
  [[nodiscard]] std::string links() const { return top + "/links"; }      // tcx and netkit, by interface index
  [[nodiscard]] std::string filters() const { return top + "/filters"; }  // an empty directory for each filter of ours
  [[nodiscard]] std::string qdiscs() const { return top + "/qdiscs"; }    // and for each clsact qdisc that we made
};

// Whether a BPF file system is mounted at `directory`. The error says how to mount one.
[[nodiscard]] Result<void> expect_bpf_file_system(const std::string& directory);

// Ours stays while the program runs, since Landlock knows it by its inode. Only --clean-up removes it.
[[nodiscard]] Result<void> make_top_directory(const PinDirectories& pins);
// Held by who changes anything below it. kConflict: another carrier does.
[[nodiscard]] Result<UniqueFd> lock_top_directory(const PinDirectories& pins);
[[nodiscard]] Result<void> remove_top_directory(const PinDirectories& pins);

// For root alone, in a directory that is there. No error if it is there already.
[[nodiscard]] Result<void> make_directory(const std::string& path);
// An empty one. False: it was not there.
[[nodiscard]] Result<bool> remove_directory(const std::string& path);

}  // namespace netclsd::carry
