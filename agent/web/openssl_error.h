// What OpenSSL says went wrong on this thread, in its words: "no start line". Empties its list of errors.
#pragma once

#include <string>

namespace netclsd {

[[nodiscard]] std::string take_openssl_error();

}  // namespace netclsd
