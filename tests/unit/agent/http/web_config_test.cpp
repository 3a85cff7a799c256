#include "agent/http/web_config.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>
#include <unistd.h>
#include <ostream>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kUserHash = "$2y$10$abcdefghijklmnopqrstuuPp7HPfoAs8I2dCQCQ/fW7zEJv8I8C8e";

std::string error_in(const std::string& text) {
  const auto config = parse_web_config(text, "/w/c.yaml");
  return config ? "no error" : config.error().message();
}

WebConfig parsed(const std::string& text) {
  auto config = parse_web_config(text, "/w/c.yaml");
  EXPECT_TRUE(config) << config.error().message();
  return config.value_or(WebConfig{});
}

// A tls_server_config with further lines.
std::string tls(const std::string& lines) {
  return "tls_server_config:\n  cert_file: c.pem\n  key_file: k.pem\n" + lines;
}

TEST(WebConfigTest, EveryKeyIsRead) {
  const WebConfig config =
      parsed(tls("  client_ca_file: /ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"
                 "  min_version: TLS12\n  max_version: TLS12\n"
                 "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n"
                 "  curve_preferences: [X25519, CurveP256]\n  prefer_server_cipher_suites: false\n"
                 "http_server_config: {http2: true}\n"
                 "basic_auth_users:\n  prometheus: " +
                 kUserHash + "\n"));
  ASSERT_TRUE(config.tls);
  EXPECT_EQ(config.tls->certificate.path, "/w/c.pem");
  EXPECT_EQ(config.tls->certificate.where, "/w/c.yaml:2: tls_server_config.cert_file");
  EXPECT_EQ(config.tls->key.path, "/w/k.pem");
  EXPECT_EQ(config.tls->client_ca->path, "/ca.pem");
  EXPECT_EQ(config.tls->client_auth, ClientAuth::kRequireAndVerify);
  EXPECT_EQ(config.tls->min_version, TlsVersion::kTls12);
  EXPECT_EQ(config.tls->max_version, TlsVersion::kTls12);
  EXPECT_THAT(config.tls->cipher_suites, ElementsAre("ECDHE-RSA-AES128-GCM-SHA256"));
  EXPECT_THAT(config.tls->curves, ElementsAre("X25519", "P-256"));
  EXPECT_FALSE(config.tls->prefers_own_cipher_suites);
  EXPECT_THAT(config.users, ElementsAre(std::pair<const std::string, std::string>("prometheus", kUserHash)));
}

TEST(WebConfigTest, PasswordsNeedNoTlsNorTlsPasswords) {
  EXPECT_FALSE(parsed("basic_auth_users: {u: " + kUserHash + "}").tls);
  EXPECT_TRUE(parsed(tls("")).users.empty());
}

TEST(WebConfigTest, SuitesOfTls13AloneLeaveNoneForTls12) {
  EXPECT_EQ(parsed(tls("  cipher_suites: [TLS_AES_256_GCM_SHA384]\n")).tls->min_version, TlsVersion::kTls13);
  EXPECT_EQ(parsed(tls("  cipher_suites: []\n")).tls->min_version, TlsVersion::kTls12);
}

TEST(WebConfigTest, PathsAreRelativeToTheFilesDirectory) {
  EXPECT_EQ(parsed("tls_server_config: {cert_file: ../x/c.pem, key_file: /y/k.pem}").tls->certificate.path, "/x/c.pem");
  EXPECT_EQ(parsed("tls_server_config: {cert_file: ../x/c.pem, key_file: /y/k.pem}").tls->key.path, "/y/k.pem");
}

struct BadWebConfig {
  std::string text;
  std::string error;
};

// The parameter is part of the test's name.
void PrintTo(const BadWebConfig& config, std::ostream* out) { *out << config.error; }

class BadWebConfigTest : public testing::TestWithParam<BadWebConfig> {};

TEST_P(BadWebConfigTest, IsRefusedWithFileLineKeyAndWhatWasExpected) {
  EXPECT_EQ(error_in(GetParam().text), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadWebConfigTest,
    testing::Values(
        BadWebConfig{"",
                     "/w/c.yaml: expected tls_server_config or basic_auth_users, found neither: it protects nothing"},
        BadWebConfig{"http_server_config: {http2: false}",
                     "/w/c.yaml: expected tls_server_config or basic_auth_users, found neither: it protects nothing"},
        BadWebConfig{"- a", "/w/c.yaml:1: expected keys and values, found an array"},
        BadWebConfig{"tls_config: {}",
                     "/w/c.yaml:1: unknown key \"tls_config\"; expected one of tls_server_config, http_server_config, "
                     "basic_auth_users, rate_limit"},
        BadWebConfig{"tls_server_config:\n  certfile: x",
                     "/w/c.yaml:2: unknown key \"tls_server_config.certfile\"; did you mean "
                     "\"tls_server_config.cert_file\"?"},
        BadWebConfig{"tls_server_config:", "/w/c.yaml:1: tls_server_config: expected keys and values, found null"},
        BadWebConfig{"tls_server_config: {key_file: k}",
                     "/w/c.yaml:1: tls_server_config: expected a cert_file, found none"},
        BadWebConfig{"tls_server_config: {cert_file: c}",
                     "/w/c.yaml:1: tls_server_config: expected a key_file, found none"},
        BadWebConfig{"tls_server_config: {cert_file: ''}",
                     "/w/c.yaml:1: tls_server_config.cert_file: expected a file's path of at most 1024 characters, "
                     "found \"\""},
        BadWebConfig{"tls_server_config:\n  cert: x",
                     "/w/c.yaml:2: tls_server_config.cert: is not supported: name a file, with "
                     "tls_server_config.cert_file"},
        BadWebConfig{tls("  client_allowed_sans: [a]"),
                     "/w/c.yaml:4: tls_server_config.client_allowed_sans: is not supported: whoever client_ca_file has "
                     "signed for is admitted"},
        BadWebConfig{tls("  min_version: TLS11"),
                     "/w/c.yaml:4: tls_server_config.min_version: expected TLS12 or TLS13: older versions are broken "
                     "and not supported, found \"TLS11\""},
        BadWebConfig{tls("  min_version: TLS13\n  max_version: TLS12"),
                     "/w/c.yaml:2: tls_server_config: leaves no version of TLS"},
        BadWebConfig{tls("  curve_preferences: [P256]"),
                     "/w/c.yaml:4: tls_server_config.curve_preferences[0]: expected one of X25519, CurveP256, "
                     "CurveP384, CurveP521, found \"P256\""},
        BadWebConfig{tls("  cipher_suites: all"),
                     "/w/c.yaml:4: tls_server_config.cipher_suites: expected a list, found \"all\""},
        BadWebConfig{tls("  prefer_server_cipher_suites: maybe"),
                     "/w/c.yaml:4: tls_server_config.prefer_server_cipher_suites: expected true or false, found "
                     "\"maybe\""},
        BadWebConfig{tls("  client_auth_type: Always"),
                     "/w/c.yaml:4: tls_server_config.client_auth_type: expected NoClientCert, RequestClientCert, "
                     "RequireAnyClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert, found \"Always\""},
        BadWebConfig{tls("  client_auth_type: RequireAndVerifyClientCert"),
                     "/w/c.yaml:2: tls_server_config: expected a client_ca_file: client_auth_type verifies, and "
                     "nobody's word would count"},
        BadWebConfig{tls("  client_ca_file: ca.pem"),
                     "/w/c.yaml:2: tls_server_config: client_ca_file is without effect: expected client_auth_type "
                     "RequireAndVerifyClientCert or VerifyClientCertIfGiven"},
        BadWebConfig{"http_server_config: {http2: 3}",
                     "/w/c.yaml:1: http_server_config.http2: expected true or false, found \"3\""},
        BadWebConfig{"http_server_config:\n  headers: {X-Frame-Options: deny}",
                     "/w/c.yaml:2: http_server_config.headers: is not supported: they are for browsers"},
        BadWebConfig{"rate_limit: {burst: 1}",
                     "/w/c.yaml:1: rate_limit: is not supported: the listener's own limits are in "
                     "docs/architecture.md"},
        BadWebConfig{"basic_auth_users: [a]",
                     "/w/c.yaml:1: basic_auth_users: expected users' names and bcrypt hashes, "
                     "found an array"},
        BadWebConfig{"basic_auth_users: {'': " + kUserHash + "}",
                     "/w/c.yaml:1: basic_auth_users.: a user's name has no ':' and 1 to 255 characters"},
        BadWebConfig{"basic_auth_users:\n  'a:b': " + kUserHash,
                     "/w/c.yaml:2: basic_auth_users.a:b: a user's name has no ':' and 1 to 255 characters"},
        BadWebConfig{"basic_auth_users:\n  u: $2y$15$abcdefghijklmnopqrstuuPp7HPfoAs8I2dCQCQ/fW7zEJv8I8C8e",
                     "/w/c.yaml:2: basic_auth_users.u: expected a bcrypt cost of 4 to 14, found 15"},
        BadWebConfig{"basic_auth_users:\n  u: secret",
                     "/w/c.yaml:2: basic_auth_users.u: expected a password's bcrypt hash like $2y$10$… (htpasswd -nBC "
                     "10 \"\")"}));

TEST(WebConfigTest, AnUnknownSuiteIsAnErrorThatListsTheKnown) {
  EXPECT_THAT(error_in(tls("  cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]")),
              testing::AllOf(HasSubstr("cipher_suites[0]: expected one of TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "),
                             HasSubstr("found \"TLS_RSA_WITH_AES_128_CBC_SHA\"")));
}

TEST(WebConfigTest, NoErrorQuotesAPassword) {
  EXPECT_THAT(error_in("basic_auth_users: {u: my-password}"), Not(HasSubstr("my-password")));
  EXPECT_THAT(error_in("basic_auth_users: {u: $2x" + kUserHash.substr(3) + "}"), Not(HasSubstr(kUserHash.substr(4))));
}

TEST(WebConfigTest, SizeAndUsersHaveALimit) {
  EXPECT_EQ(error_in(std::string((1U << 20) + 1, '#')), "/w/c.yaml: larger than 1048576 bytes");
  std::string many = "basic_auth_users:\n";
  for (int i = 0; i < 257; ++i) many += "  user" + std::to_string(i) + ": " + kUserHash + "\n";
  EXPECT_EQ(error_in(many), "/w/c.yaml:2: basic_auth_users: more than 256 users");
}

TEST(WebConfigTest, AFileThatIsNotThereIsAnError) {
  const auto config = load_web_config("/nonexistent/web.yaml");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message(), HasSubstr("/nonexistent/web.yaml: No such file or directory"));
}

TEST(WebConfigTest, FilesAreNamedAlsoByWhereTheirLinksLead) {
  const TemporaryDirectory directory;
  const std::string link = directory.path() + "/link.pem";
  ASSERT_EQ(::symlink("/etc/hostname", link.c_str()), 0);
  const auto config = parsed("tls_server_config: {cert_file: " + link +
                             ", key_file: /k, client_ca_file: /ca, "
                             "client_auth_type: VerifyClientCertIfGiven}");
  EXPECT_THAT(files_of(config), testing::IsSupersetOf({std::string("/w/c.yaml"), link, std::string("/k"),
                                                       std::string("/ca"), std::string("/etc/hostname")}));
}

}  // namespace
}  // namespace netclsd
