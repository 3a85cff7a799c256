// What netclsd reads of a bundle's config.json. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/model/class_request.h"

namespace netclsd {

inline constexpr std::size_t kSpecMax_bytes = 16U << 20;

struct OciSpec {
  Annotations annotations;
  std::optional<std::uint32_t> classid;  // linux.resources.network.classID, 0 included
  std::string cgroups_path;              // linux.cgroupsPath
  friend bool operator==(const OciSpec&, const OciSpec&) = default;
};

// Errors are one line and name the field.
[[nodiscard]] Result<OciSpec> parse_oci_spec(std::string_view json);

}  // namespace netclsd
