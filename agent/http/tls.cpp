#include "agent/http/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "common/base/file.h"

namespace netclsd {
namespace {

constexpr int kSecurityLevel = 2;
constexpr const char* kDefaultCipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::size_t kRecordMax_bytes = 16U << 10;

// Word for word what Go's server says: people search for it.
constexpr const char* kSpokePlainHttp =
    "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

struct Deleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, Deleter>;
using Certificate = std::unique_ptr<X509, Deleter>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Deleter>;

// What OpenSSL says went wrong on this thread, in its words: "no start line". Empties its list of errors.
std::string take_openssl_error() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason == nullptr ? "unknown error" : reason;
}

Failure wrong(const NamedFile& file, const std::string& problem) {
  return invalid(file.where + ": " + file.path + ": " + problem);
}

Failure wrong_for_openssl(const NamedFile& file, const std::string& expected) {
  return wrong(file, "expected " + expected + ": " + take_openssl_error());
}

// Nobody can be asked for the password of an encrypted key. Without this, OpenSSL would ask the terminal.
int no_password(char*, int, int, void*) { return -1; }

// A file's text, which is wiped at the end: it may be a key.
class PemFile {
 public:
  static Result<PemFile> read(const NamedFile& file) {
    auto text = read_file(file.path, kPemMax_bytes);
    if (!text) return pass_on(text.error(), file.where);
    return PemFile(std::move(*text));
  }
  PemFile(PemFile&&) = default;
  PemFile& operator=(PemFile&&) = delete;
  ~PemFile() { OPENSSL_cleanse(text_.data(), text_.size()); }

  [[nodiscard]] Bio open() const { return Bio(BIO_new_mem_buf(text_.data(), static_cast<int>(text_.size()))); }

 private:
  explicit PemFile(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// One or more, in the file's order. Anything else between them is skipped, as OpenSSL and Go do.
Result<std::vector<Certificate>> read_certificates(const NamedFile& file) {
  const auto pem = PemFile::read(file);
  if (!pem) return pass_on(pem.error());
  const Bio bio = pem->open();
  std::vector<Certificate> out;
  while (out.size() < kCertificatesMax) {
    Certificate next(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    if (!next) break;
    out.push_back(std::move(next));
  }
  if (out.size() == kCertificatesMax)
    return wrong(file, "more than " + std::to_string(kCertificatesMax) + " certificates");
  if (!out.empty() && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) ERR_clear_error();
  if (out.empty() || ERR_peek_error() != 0) return wrong_for_openssl(file, "certificates in PEM");
  return out;
}

Result<void> use_certificate(SSL_CTX* context, const TlsConfig& config) {
  auto chain = read_certificates(config.certificate);
  if (!chain) return pass_on(chain.error());
  for (std::size_t i = 0; i < chain->size(); ++i) {
    X509* each = (*chain)[i].get();
    const bool is_used =
        i == 0 ? SSL_CTX_use_certificate(context, each) == 1 : SSL_CTX_add1_chain_cert(context, each) == 1;
    if (!is_used) return wrong_for_openssl(config.certificate, "certificates that can be used");
  }
  return {};
}

Result<void> use_key(SSL_CTX* context, const TlsConfig& config) {
  const auto pem = PemFile::read(config.key);
  if (!pem) return pass_on(pem.error());
  const Bio bio = pem->open();
  const PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) return wrong_for_openssl(config.key, "a private key in PEM, without a password");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return wrong_for_openssl(config.key, "the key of the certificate");
  }
  return {};
}

// For client_auth_type values that ask for a certificate but do not verify it.
int accept_any(X509_STORE_CTX*, void*) { return 1; }

int verify_mode(ClientAuth client_auth) {
  switch (client_auth) {
    case ClientAuth::kNone:
      return SSL_VERIFY_NONE;
    case ClientAuth::kRequest:
    case ClientAuth::kVerifyIfGiven:
      return SSL_VERIFY_PEER;
    case ClientAuth::kRequireAny:
    case ClientAuth::kRequireAndVerify:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

Result<void> ask_clients(SSL_CTX* context, const TlsConfig& config) {
  SSL_CTX_set_verify(context, verify_mode(config.client_auth), nullptr);
  if (!config.client_ca) {
    SSL_CTX_set_cert_verify_callback(context, accept_any, nullptr);
    return {};
  }
  const auto authorities = read_certificates(*config.client_ca);
  if (!authorities) return pass_on(authorities.error());
  for (const Certificate& each : *authorities) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), each.get()) != 1 ||
        SSL_CTX_add_client_CA(context, each.get()) != 1) {
      return wrong_for_openssl(*config.client_ca, "certificates of authorities");
    }
  }
  return {};
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out.append(out.empty() ? "" : ":").append(name);
  return out;
}

int number_of(TlsVersion version) { return version == TlsVersion::kTls12 ? TLS1_2_VERSION : TLS1_3_VERSION; }

// What OpenSSL was built or configured for (openssl.cnf, FIPS) may be less than what our tables of names allow.
Result<void> expect_taken(long result, const TlsConfig& config, const std::string& what) {
  if (result == 1) return {};
  return invalid(config.where + ": OpenSSL does not accept " + what + ": " + take_openssl_error());
}

Result<void> set_versions(SSL_CTX* context, const TlsConfig& config) {
  auto taken =
      expect_taken(SSL_CTX_set_min_proto_version(context, number_of(config.min_version)), config, "min_version");
  if (!taken) return taken;
  return expect_taken(SSL_CTX_set_max_proto_version(context, number_of(config.max_version)), config, "max_version");
}

Result<void> set_algorithms(SSL_CTX* context, const TlsConfig& config) {
  const std::string suites = config.cipher_suites.empty() ? kDefaultCipherSuites : joined(config.cipher_suites);
  auto taken = expect_taken(SSL_CTX_set_cipher_list(context, suites.c_str()), config, "cipher_suites " + suites);
  if (!taken || config.curves.empty()) return taken;
  const std::string curves = joined(config.curves);
  return expect_taken(SSL_CTX_set1_groups_list(context, curves.c_str()), config, "curve_preferences " + curves);
}

Result<void> set_protocol(SSL_CTX* context, const TlsConfig& config) {
  SSL_CTX_set_security_level(context, kSecurityLevel);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  if (config.prefers_own_cipher_suites) SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  auto set = expect_taken(SSL_CTX_set_num_tickets(context, 0), config, "that no session tickets are given");
  if (set) set = set_versions(context, config);
  return set ? set_algorithms(context, config) : set;
}

bool write_all(BIO* bio, std::string_view bytes) {
  return bytes.empty() ||
         BIO_write(bio, bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
}

}  // namespace

void TlsContextDeleter::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Result<TlsContext> make_tls_context(const TlsConfig& config) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (!context) return failure(ErrorCode::kSystem, "TLS: " + take_openssl_error());
  auto done = set_protocol(context.get(), config);
  if (done) done = use_certificate(context.get(), config);
  if (done) done = use_key(context.get(), config);
  if (done) done = ask_clients(context.get(), config);
  if (!done) return pass_on(done.error());
  return context;
}

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
  // OpenSSL 3.5 forgets that it refused the first record of a handshake.
  if (!has_failed_) has_failed_ = !take(wire, request);
  return !has_failed_;
}

bool TlsTransport::take(std::string_view wire, std::string& request) {
  ERR_clear_error();  // or an error that another connection left on this thread would be taken for ours
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
