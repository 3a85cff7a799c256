// What makes a runtime call the hook: a hooks.d file, or an entry in the OCI spec that containerd <= 1.7 begins a
// container with. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/json/fields.h"

namespace netclsd::cli {

struct HookEntry {
  std::string path;                    // as the runtime sees it
  std::vector<std::string> arguments;  // options of the hook
  bool all_containers = false;
};

// The runtime's own limit: the hook's --timeout (default 500 ms) rounded up to seconds, and one more.
[[nodiscard]] int runtime_timeout_s(const std::vector<std::string>& arguments);

// The text of a hooks.d file, schema 1.0.0.
[[nodiscard]] std::string hooks_d_text(const HookEntry& entry);

// The spec's text with our hook added to its hooks; an earlier entry of ours is replaced. Only the stage prestart is
// used: every container of the node gets the entry, and with poststop each of them would need the program until it
// ends, even after it was uninstalled. The agent itself sees that a container has ended.
[[nodiscard]] std::string add_hook(OrderedJson spec, const HookEntry& entry);

// The spec's text without our hook.
[[nodiscard]] std::string remove_hook(OrderedJson spec, const std::string& path);

// For hosts whose ctr cannot be run: what `ctr oci spec` of containerd 1.6.20 prints, with the path that 1.7 masks,
// too.
[[nodiscard]] std::string_view built_in_spec();

// Keeps the order of the fields. `what` names the text in an error.
[[nodiscard]] Result<OrderedJson> parse_spec(std::string_view text, std::string_view what);

// The default spec as the CRI plugin uses it if no base_runtime_spec is configured: without rlimits, AppArmor profile
// and seccomp. The plugin removes these from its own default, but not from a configured spec: containers would get 1024
// open files instead of containerd's own limit.
[[nodiscard]] OrderedJson without_security_defaults(OrderedJson spec);

}  // namespace netclsd::cli
