// Whether who asks has said a password that is right.
#pragma once

#include <functional>
#include <string_view>

namespace netclsd {

enum class Login {
  kAccepted,
  kRefused,  // 401
  kBusy,     // 503: cannot be found out now
};

// Takes the value of the Authorization header, empty without one. Called on workers' threads.
using LoginCheck = std::function<Login(std::string_view authorization)>;

}  // namespace netclsd
