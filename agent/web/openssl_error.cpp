#include "agent/web/openssl_error.h"

#include <openssl/err.h>

namespace netclsd {

std::string take_openssl_error() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason == nullptr ? "unknown error" : reason;
}

}  // namespace netclsd
