// A TLS client in memory, of OpenSSL's own, that talks with a transport: no socket, no thread.
#pragma once

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <string>

#include "agent/http/connection.h"
#include "tests/unit/agent/http/made_certificates.h"

namespace netclsd {

class TlsClient {
 public:
  explicit TlsClient(int version_min = TLS1_2_VERSION, int version_max = TLS1_3_VERSION) : TlsClient(nullptr) {
    SSL_set_min_proto_version(ssl_, version_min);
    SSL_set_max_proto_version(ssl_, version_max);
  }
  // Shows this certificate when it is asked for one.
  explicit TlsClient(const MadeCertificate* certificate) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_security_level(context_, 0);  // so that what the server refuses can be offered
    if (certificate != nullptr) use(*certificate);
    ssl_ = SSL_new(context_);
    SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_);
  }
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  [[nodiscard]] SSL* ssl() const { return ssl_; }

  // What is to be sent now.
  std::string take_wire() {
    std::string wire(BIO_ctrl_pending(SSL_get_wbio(ssl_)), '\0');
    if (!wire.empty()) BIO_read(SSL_get_wbio(ssl_), wire.data(), static_cast<int>(wire.size()));
    return wire;
  }
  // What has come.
  void give_wire(const std::string& wire) {
    if (!wire.empty()) BIO_write(SSL_get_rbio(ssl_), wire.data(), static_cast<int>(wire.size()));
  }

  bool shake_hands() {
    ERR_clear_error();
    return SSL_do_handshake(ssl_) == 1;
  }
  void write(const std::string& text) { SSL_write(ssl_, text.data(), static_cast<int>(text.size())); }
  // All there is.
  std::string read() {
    std::string out;
    char bytes[4096];
    for (int n; (n = SSL_read(ssl_, bytes, sizeof bytes)) > 0;) out.append(bytes, static_cast<std::size_t>(n));
    return out;
  }
  bool has_said_goodbye() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }
  // Of the server's certificate.
  std::string servers_name() const {
    X509* certificate = SSL_get0_peer_certificate(ssl_);
    char name[64] = "";
    if (certificate != nullptr) {
      X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    }
    return name;
  }

  // What the client has to say goes to the server, `chunk` bytes at a time, and the answers come back, until nobody has
  // anything to say. False once the server ended it.
  bool talk(Transport& server, std::string& request, std::size_t chunk = 1 << 16) {
    shake_hands();
    for (std::string wire = take_wire(); !wire.empty(); wire = take_wire()) {
      for (std::size_t at = 0; at < wire.size(); at += chunk) {
        const bool goes_on = server.receive(std::string_view(wire).substr(at, chunk), request);
        std::string answer;
        server.flush(answer);
        give_wire(answer);
        if (!goes_on) return false;
      }
      shake_hands();
    }
    return true;
  }

 private:
  void use(const MadeCertificate& certificate) {
    BIO* bio = BIO_new_mem_buf(certificate.certificate.data(), -1);
    X509* x509 = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context_, x509);
    X509_free(x509);
    BIO_free(bio);
    bio = BIO_new_mem_buf(certificate.key.data(), -1);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    SSL_CTX_use_PrivateKey(context_, key);
    EVP_PKEY_free(key);
    BIO_free(bio);
  }

  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
};

}  // namespace netclsd
