// What all TLS connections share: certificate, key, and what is asked of clients.
//
// TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only; no tickets, no resumption, no renegotiation,
// no compression, OpenSSL's security level 2 (RSA of 2048 bits, no SHA-1). A context is not changed once it is made, so
// any number of threads may take connections from it; a connection keeps its context alive.
#pragma once

#include <memory>

#include "agent/web/web_config.h"

struct ssl_ctx_st;

namespace netclsd {

struct TlsContextDeleter {
  void operator()(ssl_ctx_st* context) const;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, TlsContextDeleter>;

// Each file named by the configuration holds 1 MiB at most.
inline constexpr std::size_t kPemMax_bytes = 1U << 20;
inline constexpr int kCertificatesMax = 128;  // of one file

// Reads the files. Errors name the key, the file and what was expected.
[[nodiscard]] Result<TlsContext> make_tls_context(const TlsConfig& config);

}  // namespace netclsd
