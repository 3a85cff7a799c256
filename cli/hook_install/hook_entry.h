// How runtimes are told to call the hook: a hooks.d file, or entries of an OCI spec. Pure.
#pragma once

#include <string>
#include <vector>

#include "common/json/fields.h"

namespace netclsd::cli {

struct HookEntry {
  std::string path;                    // as the runtime sees it
  std::vector<std::string> arguments;  // options of the hook
  bool all_containers = false;
};

// Whole seconds for the runtime's own limit: the hook's --timeout (500 ms without one) rounded up, and one more.
[[nodiscard]] int runtime_timeout_s(const std::vector<std::string>& arguments);

// The text of a hooks.d file, schema 1.0.0.
[[nodiscard]] std::string hooks_d_text(const HookEntry& entry);

// The spec's text with our hook beside those that it has; an earlier entry of ours is replaced. Only prestart: every
// container of the node gets it, and with poststop each of them would need the program until it ends, long after it was
// uninstalled. The agent sees by itself that a container has ended.
[[nodiscard]] std::string add_hook(OrderedJson spec, const HookEntry& entry);

}  // namespace netclsd::cli
