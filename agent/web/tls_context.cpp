#include "agent/web/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <vector>

#include "agent/web/openssl_error.h"
#include "common/base/check.h"
#include "common/base/file.h"

namespace netclsd {
namespace {

constexpr int kSecurityLevel = 2;
constexpr const char* kDefaultCipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20";

struct Deleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, Deleter>;
using Certificate = std::unique_ptr<X509, Deleter>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Deleter>;

Failure wrong(const NamedFile& file, const std::string& problem) {
  return invalid(file.where + ": " + file.path + ": " + problem);
}

Failure wrong_for_openssl(const NamedFile& file, const std::string& expected) {
  return wrong(file, "expected " + expected + ": " + take_openssl_error());
}

// A key that is encrypted has nobody who could be asked for its password; OpenSSL would ask the terminal.
int no_password(char*, int, int, void*) { return -1; }

// The file's text wiped when it is done: it may be a key.
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

// One or more, in the file's order. What is no certificate between them is skipped, as OpenSSL and Go do.
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

// For those who need a certificate, and need not be known.
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

// All of it is from tables of ours: a failure is our bug.
void set_protocol(SSL_CTX* context, const TlsConfig& config) {
  SSL_CTX_set_security_level(context, kSecurityLevel);
  CHECK(SSL_CTX_set_min_proto_version(context, number_of(config.min_version)) == 1);
  CHECK(SSL_CTX_set_max_proto_version(context, number_of(config.max_version)) == 1);
  const std::string suites = config.cipher_suites.empty() ? kDefaultCipherSuites : joined(config.cipher_suites);
  CHECK(SSL_CTX_set_cipher_list(context, suites.c_str()) == 1);
  if (!config.curves.empty()) CHECK(SSL_CTX_set1_groups_list(context, joined(config.curves).c_str()) == 1);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  if (config.prefers_own_cipher_suites) SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  CHECK(SSL_CTX_set_num_tickets(context, 0) == 1);
}

}  // namespace

void TlsContextDeleter::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Result<TlsContext> make_tls_context(const TlsConfig& config) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (!context) return failure(ErrorCode::kSystem, "TLS: " + take_openssl_error());
  set_protocol(context.get(), config);
  auto done = use_certificate(context.get(), config);
  if (done) done = use_key(context.get(), config);
  if (done) done = ask_clients(context.get(), config);
  if (!done) return pass_on(done.error());
  return context;
}

}  // namespace netclsd
