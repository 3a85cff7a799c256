// containerd's config.toml (version 2, containerd <= 1.7): what the CRI plugin's runtime handlers say, and an edit that
// changes two keys of them and not one other byte. Pure.
//
// The text is edited, and the result parsed and compared with what was intended: exactly these keys differ, or the edit
// is refused. Toml++ only parses; it cannot write a file with its comments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace netclsd::cli {

inline constexpr std::string_view kPodAnnotations = "netclsd.io/*";

struct RuntimeHandler {
  std::string name;
  std::string runtime_type;  // empty: containerd's default, which is runc
  std::string base_runtime_spec;
  bool passes_our_annotations = false;
};
[[nodiscard]] bool is_runc(const RuntimeHandler& handler);

struct ContainerdConfig {
  int version = 1;        // what a file without the key means
  bool is_empty = false;  // no key at all
  bool is_cri_disabled = false;
  bool has_cri_table = false;
  std::vector<std::string> imports;  // glob patterns
  std::vector<RuntimeHandler> handlers;
};

[[nodiscard]] Result<ContainerdConfig> parse_containerd_config(std::string_view text);

struct HandlerEdit {
  std::string handler;
  std::string base_runtime_spec;
};

// The new text. A file without keys gets its version; where no handler is spelled out, "runc" is, at the end.
[[nodiscard]] Result<std::string> edit_containerd_config(std::string_view text, const std::vector<HandlerEdit>& edits);

}  // namespace netclsd::cli
