// A container's id as the runtime calls it. It becomes a directory's and a file's name, so it is checked once, here.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace netclsd {

class ContainerId {
 public:
  // Letters, digits, '_', '+', '-', '.' (what runc allows), without a dot in front; at most 200 characters, so that a
  // temporary file's name made from it still fits into NAME_MAX (255).
  [[nodiscard]] static Result<ContainerId> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  friend auto operator<=>(const ContainerId&, const ContainerId&) = default;

 private:
  explicit ContainerId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace netclsd

template <>
struct std::hash<netclsd::ContainerId> {
  std::size_t operator()(const netclsd::ContainerId& id) const noexcept { return std::hash<std::string>{}(id.text()); }
};
