// What netclsd reads of the OCI runtime's files: the state that a hook gets on stdin, and the bundle's config.json. Any
// ociVersion and unknown keys are accepted: runc, crun and their versions differ, and the fields that we need have not
// changed since 1.0. Errors are one line and name the field. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/model/annotations.h"
#include "common/model/container_id.h"
#include "common/model/process.h"

namespace netclsd {

// Both files have all annotations. Kubernetes allows 256 KiB of them, Go's JSON writes "<" in six bytes, and CRI-O puts
// all of them into one more annotation.
inline constexpr std::size_t kStateMax_bytes = 16U << 20;
inline constexpr std::size_t kSpecMax_bytes = 16U << 20;

struct OciState {
  ContainerId id;
  std::string status;            // "creating", "created", "running", "stopped", or another word; empty with Kata
  Pid pid;                       // 0: it is absent, 0 (crun after the end) or negative (gVisor after the end)
  std::string bundle;            // a directory
  Annotations annotations;       // only those that we know (is_known_annotation())
  bool has_annotations = false;  // there are some, known or not: then these are all that the container has
  friend bool operator==(const OciState&, const OciState&) = default;
};

[[nodiscard]] Result<OciState> parse_oci_state(std::string_view json);

// Only the id, whatever the rest is. A release needs no more, and runtimes differ in the other fields at the end.
[[nodiscard]] Result<ContainerId> parse_oci_state_id(std::string_view json);

struct OciSpec {
  Annotations annotations;               // only those that we know (is_known_annotation())
  std::optional<std::uint32_t> classid;  // linux.resources.network.classID, 0 included
  std::string cgroups_path;              // linux.cgroupsPath
  bool has_own_mounts = false;           // linux.namespaces has a new mount namespace, not one that is joined
  friend bool operator==(const OciSpec&, const OciSpec&) = default;
};

// A file without ociVersion is an error: the specification requires it.
[[nodiscard]] Result<OciSpec> parse_oci_spec(std::string_view json);

}  // namespace netclsd
