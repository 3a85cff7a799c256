// One connection's TLS: bytes in, bytes out. Makes no system call on a socket, never waits, never writes a log.
//
// One thread at a time. The context may be replaced or freed meanwhile; the connection keeps it.
#pragma once

#include <memory>

#include "agent/server/transport.h"

struct ssl_ctx_st;
struct ssl_st;

namespace netclsd {

// What a client may send before its handshake is done. The largest part is its chain of certificates.
inline constexpr std::size_t kHandshakeMax_bytes = 64U << 10;

class TlsTransport final : public Transport {
 public:
  // nullptr when there is no memory.
  [[nodiscard]] static std::unique_ptr<TlsTransport> make(ssl_ctx_st* context);

  // False once the handshake failed, was too long, a record was forged, or the client said goodbye and goes on.
  bool receive(std::string_view wire, std::string& request) override;
  // The whole answer: what follows it is the goodbye (close_notify).
  bool send(std::string_view answer, std::string& wire) override;
  // Also after a failure: then it is the alert that says why.
  void flush(std::string& wire) override;

 private:
  struct Deleter {
    void operator()(ssl_st* connection) const;
  };
  using Connection = std::unique_ptr<ssl_st, Deleter>;

  explicit TlsTransport(Connection connection) : connection_(std::move(connection)) {}

  [[nodiscard]] bool shake_hands();
  [[nodiscard]] bool read(std::string& request);

  Connection connection_;
  std::size_t handshake_bytes_ = 0;
  bool is_closed_ = false;      // by the client
  std::string plain_farewell_;  // to a client that does not speak TLS
};

}  // namespace netclsd
