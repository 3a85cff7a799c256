// containerd's config.toml: what it says about the CRI plugin's runtime handlers, which of them are to call the hook,
// and an edit that changes two keys of them and not one other byte. Pure.
//
// The format has versions. Version 2 is that of containerd <= 1.7, and containerd 2 reads it, too. Versions 3 and 4
// (containerd 2.0 and 2.3) have the same handlers in the table of a plugin with another name.
//
// The text itself is edited. The result is parsed and compared with what was intended: if anything but these keys
// differs, the edit is refused. toml++ only parses; it cannot write a file with its comments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace netclsd::cli {

inline constexpr const char* kContainerdDirectory = "/etc/containerd";
inline constexpr const char* kContainerdConfigPath = "/etc/containerd/config.toml";  // the usual one
inline constexpr std::string_view kCriPluginOfVersionOne = "cri";
inline constexpr std::string_view kCriPlugin = "io.containerd.grpc.v1.cri";            // of version 2
inline constexpr std::string_view kCriRuntimePlugin = "io.containerd.cri.v1.runtime";  // from version 3 on
inline constexpr int kOldestEdited = 2;                                                // versions of the format
inline constexpr int kNewestEdited = 4;
inline constexpr std::string_view kPodAnnotations = "netclsd.io/*";
inline constexpr std::string_view kSpecPrefix = "/etc/containerd/netclsd-base-spec";

// The two that read a configuration in different ways: up to 1.7, and from 2.0 on.
enum class Generation { kOne, kTwo };

// The plugin whose table has the handlers. What a file without a version means is the program's choice.
[[nodiscard]] std::string_view cri_plugin_of(int version, Generation generation);

// The table of the CRI plugin's "containerd" that a handler is in. The last two are old forms. If they have a
// runtime_type, containerd <= 1.7 makes them the handlers "default", which then is the default one, and "untrusted";
// containerd 2 does not know them any more.
enum class HandlerTable { kRuntimes, kDefaultRuntime, kUntrustedWorkload };

struct RuntimeHandler {
  std::string name;
  std::string runtime_type;  // empty: containerd's default, which is runc
  std::string base_runtime_spec;
  bool passes_our_annotations = false;
  HandlerTable table = HandlerTable::kRuntimes;
  std::string_view plugin = kCriPlugin;
  bool is_built_in = false;                         // no file defines it
  std::vector<std::string> other_annotations = {};  // that it passes besides ours
};
[[nodiscard]] bool is_runc(const RuntimeHandler& handler);
[[nodiscard]] bool calls_our_hook(const RuntimeHandler& handler);
// plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc
[[nodiscard]] std::string table_name(std::string_view plugin, HandlerTable table, std::string_view handler);

struct ContainerdConfig {
  int version = 1;  // what a file without the key means
  bool has_version = false;
  bool is_empty = false;  // no key at all
  bool is_cri_disabled = false;
  bool has_cri_table = false;
  bool has_handlers_table = false;        // "runtimes"; without one containerd has a built-in handler "runc"
  std::vector<std::string> imports = {};  // paths, or glob patterns
  std::vector<RuntimeHandler> handlers = {};
  std::string default_handler = "runc";  // of pods without a RuntimeClass
};

// Refuses also what containerd itself does not start with, such as a version that is a text.
[[nodiscard]] Result<ContainerdConfig> parse_containerd_config(std::string_view text);

// With the handler "runc" that containerd has if no table defines one (<= 1.7), or none defines this one (2).
[[nodiscard]] std::vector<RuntimeHandler> with_built_in(const ContainerdConfig& config, Generation generation);

// What containerd 2 makes of several files, in their order. It merges their tables key by key, and a later file's value
// replaces an earlier one's. Then, if all files are of version 2, it moves what they say about the handlers to the
// plugin of version 3. (<= 1.7 takes the CRI plugin's whole table from the last file that has one: ContainerdView.)
[[nodiscard]] Result<ContainerdConfig> merge_containerd_configs(const std::vector<std::string_view>& texts);

// Whether a value, and not only a comment, is ours: our base spec, or our annotations.
[[nodiscard]] bool has_value_of_ours(std::string_view text);

// Whether a value is this text; if the file cannot be parsed, whether the text is anywhere in it.
[[nodiscard]] bool has_value(std::string_view text, std::string_view value);

struct HandlerEdit {
  std::string handler;
  std::string base_runtime_spec;
  HandlerTable table = HandlerTable::kRuntimes;
  std::string_view plugin = kCriPlugin;
  bool is_built_in = false;
};
[[nodiscard]] HandlerEdit edit_of(const RuntimeHandler& handler);

// The new text. A file without keys gets a version. If "runc" is to be edited and is built in, it is defined at the
// end. All four are in containerd_edit.cpp.
[[nodiscard]] Result<std::string> edit_containerd_config(std::string_view text, const std::vector<HandlerEdit>& edits);
// What a person has to write if the text cannot be edited: for each edit a line feed, the table, and the lines in it.
[[nodiscard]] std::string lines_by_hand(const std::vector<HandlerEdit>& edits);

// A file of its own that containerd 2 merges with the one that defines these handlers: our two keys of each, and its
// type, or the CRI plugin would not start when the other file does not define it any more.
[[nodiscard]] std::string drop_in_text(int version, const std::vector<RuntimeHandler>& handlers);

struct ChosenHandlers {
  std::vector<RuntimeHandler> handlers;
  std::vector<std::string> notes;  // which handlers were skipped, and why
};

// The named ones, or else all of runc's. One whose name needs an escape in a TOML key is skipped with a note.
[[nodiscard]] Result<ChosenHandlers> choose_handlers(const std::vector<RuntimeHandler>& handlers,
                                                     const std::vector<std::string>& names);

// Describes the first handler that should call our hook and does not, or why there is none to choose; empty: all call
// it.
[[nodiscard]] std::string find_handler_without_us(const std::vector<RuntimeHandler>& handlers,
                                                  const std::vector<std::string>& names);

// The base spec that we write for a handler: one for itself if it has one already.
[[nodiscard]] std::string spec_path_for(const RuntimeHandler& handler);

}  // namespace netclsd::cli
