#include "agent/http/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "tests/unit/agent/http/made_certificates.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

using testing::HasSubstr;

class TlsContextTest : public testing::Test {
 protected:
  TlsContextTest() {
    directory_.write("cert.pem", certificate_.certificate);
    directory_.write("key.pem", certificate_.key);
    config_.certificate = {directory_.path("cert.pem"), "w.yaml:2: cert_file"};
    config_.key = {directory_.path("key.pem"), "w.yaml:3: key_file"};
  }

  std::string error() {
    const auto context = make_tls_context(config_);
    return context ? "no error" : context.error().message();
  }

  const TemporaryDirectory directory_;
  const MadeCertificate certificate_ = make_certificate("server");
  TlsConfig config_;
};

TEST_F(TlsContextTest, IsMadeOfACertificateAndItsKey) { EXPECT_EQ(error(), "no error"); }

TEST_F(TlsContextTest, EveryChoiceOfTheConfigurationIsKnownToOpenSsl) {
  config_.cipher_suites = {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384",
                           "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"};
  config_.curves = {"X25519", "P-256", "P-384", "P-521"};
  config_.min_version = config_.max_version = TlsVersion::kTls12;
  EXPECT_EQ(error(), "no error");
}

// As with an OpenSSL that was built or configured for less than our tables of names allow.
TEST_F(TlsContextTest, WhatThisOpenSslDoesNotSupportIsNamedWithItsKey) {
  config_.where = "w.yaml:1: tls_server_config";
  config_.cipher_suites = {"ECDHE-RSA-ROT13"};
  EXPECT_EQ(error(),
            "w.yaml:1: tls_server_config: OpenSSL does not accept cipher_suites ECDHE-RSA-ROT13: no cipher match");
  config_.cipher_suites.clear();
  config_.curves = {"X25519", "P-1"};
  EXPECT_THAT(error(),
              HasSubstr("w.yaml:1: tls_server_config: OpenSSL does not accept curve_preferences X25519:P-1: "));
}

TEST_F(TlsContextTest, AFileThatIsNotThereIsNamedWithItsKey) {
  config_.certificate.path = directory_.path("none.pem");
  EXPECT_EQ(error(), "w.yaml:2: cert_file: open " + directory_.path("none.pem") + ": No such file or directory");
}

TEST_F(TlsContextTest, WhatIsNoCertificateIsRefused) {
  for (const std::string& content : {std::string(), std::string("hello\n"), certificate_.key,
                                     std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")}) {
    directory_.write("cert.pem", content);
    EXPECT_THAT(error(), HasSubstr("cert.pem: expected certificates in PEM: ")) << content;
  }
}

TEST_F(TlsContextTest, ATruncatedChainIsRefused) {
  const std::string whole = certificate_.certificate;
  directory_.write("cert.pem", whole + whole.substr(0, whole.size() / 2));
  EXPECT_THAT(error(), HasSubstr("cert.pem: expected certificates in PEM: "));
}

TEST_F(TlsContextTest, AnothersKeyIsRefused) {
  directory_.write("key.pem", make_certificate("another").key);
  EXPECT_THAT(error(), HasSubstr("w.yaml:3: key_file: " + directory_.path("key.pem") +
                                 ": expected the key of the "
                                 "certificate: "));
}

TEST_F(TlsContextTest, AnEncryptedKeyIsRefusedAndNobodyAskedForItsPassword) {
  BIO* bio = BIO_new(BIO_s_mem());
  EVP_PKEY* key = EVP_EC_gen("P-256");
  unsigned char password[] = "x";
  PEM_write_bio_PrivateKey(bio, key, EVP_aes_128_cbc(), password, 1, nullptr, nullptr);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  directory_.write("key.pem", std::string(bytes, static_cast<std::size_t>(size)));
  EVP_PKEY_free(key);
  BIO_free(bio);
  EXPECT_THAT(error(), HasSubstr("key.pem: expected a private key in PEM, without a password: "));
}

TEST_F(TlsContextTest, FilesHaveALimit) {
  directory_.write("key.pem", std::string(kPemMax_bytes + 1, ' '));
  EXPECT_THAT(error(), HasSubstr("w.yaml:3: key_file: "));
  std::string many;
  for (int i = 0; i < kCertificatesMax; ++i) many += certificate_.certificate;
  directory_.write("cert.pem", many);
  EXPECT_THAT(error(), HasSubstr("cert.pem: more than 128 certificates"));
}

TEST_F(TlsContextTest, AuthoritiesThatAreNoneAreRefused) {
  directory_.write("ca.pem", "none\n");
  config_.client_auth = ClientAuth::kRequireAndVerify;
  config_.client_ca = NamedFile{directory_.path("ca.pem"), "w.yaml:4: client_ca_file"};
  EXPECT_THAT(error(), HasSubstr("w.yaml:4: client_ca_file: " + directory_.path("ca.pem") + ": expected certificates"));
}

}  // namespace
}  // namespace netclsd
