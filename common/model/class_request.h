// What a container asks for, read from its annotations and its OCI spec. The agent and the hook read it with the same
// code: the hook must know an explicit classid when the agent is away. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "common/base/error.h"
#include "common/model/class_id.h"

namespace netclsd {

using Annotations = std::map<std::string, std::string>;

inline constexpr const char* kClassIdAnnotation = "netclsd.io/classid";
inline constexpr const char* kClassAnnotation = "netclsd.io/class";

// A class's name; which classid it stands for is in the agent's configuration.
struct ClassName {
  std::string text;
  friend bool operator==(const ClassName&, const ClassName&) = default;
};

struct ClassRequest {
  std::variant<ClassId, ClassName> wanted;
  std::string origin;  // the annotation's key, or "linux.resources.network.classID": for people
  friend bool operator==(const ClassRequest&, const ClassRequest&) = default;
};

// Precedence: per-container annotation, pod annotation, the spec's classID (0 means none). std::nullopt: asks for
// nothing. A class and a classid at the same level, or a classid that does not parse, is an error naming the key.
[[nodiscard]] Result<std::optional<ClassRequest>> class_request(const Annotations& annotations,
                                                                std::optional<std::uint32_t> spec_classid);

}  // namespace netclsd
