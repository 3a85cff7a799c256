// The tools with which the web configuration's keys are read. Private to agent/web. Pure.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "agent/config/fields.h"
#include "agent/web/web_config.h"

namespace netclsd {

struct WebKey {
  std::string_view name;
  Result<void> (*read)(const ConfigValue& value, WebConfig& config);
};

// Each member of the object by its key; unknown keys are errors.
[[nodiscard]] Result<void> read_web_members(const ConfigValue& object, std::span<const WebKey> keys, WebConfig& config);

[[nodiscard]] Result<bool> boolean_in(const ConfigValue& value);

// tls_server_config.
[[nodiscard]] Result<void> read_tls(const ConfigValue& value, WebConfig& config);

// One of the words; `what` lists them.
template <typename T, std::size_t N>
[[nodiscard]] Result<T> word_in(const ConfigValue& value, const std::array<std::pair<std::string_view, T>, N>& words,
                                std::string_view what) {
  const auto text = string_in(value, what);
  if (!text) return pass_on(text.error());
  for (const auto& [word, meaning] : words) {
    if (word == *text) return meaning;
  }
  return value.expected(what);
}

}  // namespace netclsd
