#include "agent/web/tls_transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <utility>

namespace netclsd {
namespace {

constexpr std::size_t kRecordMax_bytes = 16U << 10;

// Word for word what Go's server says, by which people find out.
constexpr const char* kSpokePlainHttp =
    "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

bool write_all(BIO* bio, std::string_view bytes) {
  return bytes.empty() ||
         BIO_write(bio, bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
}

}  // namespace

void TlsTransport::Deleter::operator()(ssl_st* connection) const { SSL_free(connection); }

std::unique_ptr<TlsTransport> TlsTransport::make(ssl_ctx_st* context) {
  Connection connection(SSL_new(context));
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  if (!connection || in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    return nullptr;
  }
  SSL_set_bio(connection.get(), in, out);  // owns both
  SSL_set_accept_state(connection.get());
  return std::unique_ptr<TlsTransport>(new TlsTransport(std::move(connection)));
}

bool TlsTransport::receive(std::string_view wire, std::string& request) {
  if (is_closed_) return wire.empty();
  ERR_clear_error();  // what another connection left on this thread would be taken for ours
  if (!write_all(SSL_get_rbio(connection_.get()), wire)) return false;
  if (SSL_is_init_finished(connection_.get()) == 0) {
    handshake_bytes_ += wire.size();
    if (!shake_hands()) return false;
    if (SSL_is_init_finished(connection_.get()) == 0) return handshake_bytes_ <= kHandshakeMax_bytes;
  }
  return read(request);
}

bool TlsTransport::shake_hands() {
  const int done = SSL_do_handshake(connection_.get());
  if (done == 1 || SSL_get_error(connection_.get(), done) == SSL_ERROR_WANT_READ) return true;
  if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST) plain_farewell_ = kSpokePlainHttp;
  return false;
}

bool TlsTransport::read(std::string& request) {
  std::array<char, kRecordMax_bytes> record;
  for (;;) {
    const int n = SSL_read(connection_.get(), record.data(), static_cast<int>(record.size()));
    if (n > 0) {
      request.append(record.data(), static_cast<std::size_t>(n));
      continue;
    }
    const int why = SSL_get_error(connection_.get(), n);
    is_closed_ = why == SSL_ERROR_ZERO_RETURN;
    return is_closed_ || why == SSL_ERROR_WANT_READ;
  }
}

bool TlsTransport::send(std::string_view answer, std::string& wire) {
  ERR_clear_error();
  // Memory takes everything at once, so there is no half of a write.
  const bool is_written =
      answer.empty() || SSL_write(connection_.get(), answer.data(), static_cast<int>(answer.size())) > 0;
  if (is_written) SSL_shutdown(connection_.get());
  flush(wire);
  return is_written;
}

void TlsTransport::flush(std::string& wire) {
  if (!plain_farewell_.empty()) {
    wire += std::exchange(plain_farewell_, {});
    return;
  }
  BIO* out = SSL_get_wbio(connection_.get());
  const std::size_t pending = BIO_ctrl_pending(out);
  const std::size_t before = wire.size();
  wire.resize(before + pending);
  if (pending > 0) BIO_read(out, wire.data() + before, static_cast<int>(pending));
}

}  // namespace netclsd
