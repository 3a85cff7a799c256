// TLS of the TCP listener, by OpenSSL: the context that all connections share, and one connection's part.
//
// TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only; no tickets, no resumption, no renegotiation,
// no compression, and OpenSSL's security level 2 (RSA of 2048 bits, no SHA-1).
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "agent/http/connection.h"
#include "agent/http/web_config.h"

struct ssl_ctx_st;
struct ssl_st;

namespace netclsd {

struct TlsContextDeleter {
  void operator()(ssl_ctx_st* context) const;
};
// Not changed once it is made: any number of threads may make connections from it. A connection keeps its context
// alive.
using TlsContext = std::unique_ptr<ssl_ctx_st, TlsContextDeleter>;

inline constexpr std::size_t kPemMax_bytes = 1U << 20;  // of each file that the configuration names
inline constexpr int kCertificatesMax = 128;            // of one file

// Reads the files. Errors name the file and line, the key, and what was expected.
[[nodiscard]] Result<TlsContext> make_tls_context(const TlsConfig& config);

// What a client may send before its handshake is done. The largest part is its chain of certificates.
inline constexpr std::size_t kHandshakeMax_bytes = 64U << 10;

// One connection's TLS: bytes in, bytes out. It makes no system call on a socket, never waits, and writes no log. One
// thread at a time. The context may be replaced or freed meanwhile.
class TlsTransport final : public Transport {
 public:
  // nullptr when there is no memory.
  [[nodiscard]] static std::unique_ptr<TlsTransport> make(ssl_ctx_st* context);

  // False, then and ever after, if the handshake failed or was too long, or if a record was forged. Also false if the
  // client sends more after its close_notify.
  bool receive(std::string_view wire, std::string& request) override;
  // A close_notify follows the answer.
  bool send(std::string_view answer, std::string& wire) override;
  // Also after a failure: then it is the alert that says why.
  void flush(std::string& wire) override;

 private:
  struct Deleter {
    void operator()(ssl_st* connection) const;
  };
  using Connection = std::unique_ptr<ssl_st, Deleter>;

  explicit TlsTransport(Connection connection) : connection_(std::move(connection)) {}

  [[nodiscard]] bool take(std::string_view wire, std::string& request);
  [[nodiscard]] bool shake_hands();
  [[nodiscard]] bool read(std::string& request);

  Connection connection_;
  std::size_t handshake_bytes_ = 0;
  bool has_failed_ = false;
  bool is_closed_ = false;      // by the client
  std::string plain_farewell_;  // to a client that does not speak TLS
};

}  // namespace netclsd
