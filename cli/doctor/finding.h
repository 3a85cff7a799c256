// What a check of netclsctl doctor found.
#pragma once

#include <string>
#include <utility>

namespace netclsd::cli {

enum class State { kOk, kWarn, kFail };
[[nodiscard]] const char* to_string(State state);

struct Finding {
  State state = State::kOk;
  std::string message;    // what is so
  std::string mend = {};  // what to do; empty: nothing need be done
};

[[nodiscard]] inline Finding ok(std::string message) { return {State::kOk, std::move(message)}; }
[[nodiscard]] inline Finding warn(std::string message, std::string mend) {
  return {State::kWarn, std::move(message), std::move(mend)};
}
[[nodiscard]] inline Finding fail(std::string message, std::string mend) {
  return {State::kFail, std::move(message), std::move(mend)};
}

}  // namespace netclsd::cli
