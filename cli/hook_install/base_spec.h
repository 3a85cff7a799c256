// The OCI spec that containerd <= 1.7 begins a container with. Pure.
#pragma once

#include <string_view>

#include "common/base/error.h"
#include "common/json/fields.h"

namespace netclsd::cli {

// What `ctr oci spec` prints (containerd 1.6.20), for hosts whose ctr cannot be run.
[[nodiscard]] std::string_view built_in_spec();

// Keeps the order of the fields. `what` names the text in an error.
[[nodiscard]] Result<OrderedJson> parse_spec(std::string_view text, std::string_view what);

// The default spec as the CRI plugin uses it when no base_runtime_spec is configured: without rlimits, AppArmor profile
// and seccomp. It takes these out of its own default, and leaves them in a configured one: containers would get 1024
// open files instead of containerd's own limit.
[[nodiscard]] OrderedJson without_security_defaults(OrderedJson spec);

}  // namespace netclsd::cli
