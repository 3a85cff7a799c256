// The state that a runtime hands to a hook on stdin. Pure. Any ociVersion and unknown keys are accepted: runc, crun and
// their versions differ, and what we need has not changed since 1.0.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/model/class_request.h"
#include "common/model/container_id.h"
#include "common/model/process.h"

namespace netclsd {

inline constexpr std::size_t kStateMax_bytes = 1U << 20;

struct OciState {
  ContainerId id;
  std::string status;  // "creating", "created", "running", "stopped"
  Pid pid;             // 0 when absent: after the container's end there is none
  std::string bundle;  // a directory
  Annotations annotations;
  friend bool operator==(const OciState&, const OciState&) = default;
};

// Errors are one line and name the field.
[[nodiscard]] Result<OciState> parse_oci_state(std::string_view json);

}  // namespace netclsd
