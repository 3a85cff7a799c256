// A container's id, as the runtime names it. It becomes the name of a directory and of a file, so it is checked here,
// once.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/error.h"

namespace netclsd {

class ContainerId {
 public:
  // Letters, digits, '_', '+', '-', '.' (what runc allows), not beginning with a dot. At most 200 characters, so that
  // the name of a temporary file made from it fits into NAME_MAX (255).
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
