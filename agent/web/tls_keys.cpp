#include <filesystem>
#include <string>
#include <vector>

#include "agent/web/web_keys.h"

namespace netclsd {
namespace {

using Kind = JsonNode::Kind;

constexpr std::size_t kPathMax = 1024;

Result<NamedFile> file_in(const ConfigValue& value, const WebConfig& config) {
  const std::string what = "a file's path of at most " + std::to_string(kPathMax) + " characters";
  const auto text = string_in(value, what);
  if (!text) return pass_on(text.error());
  if (text->empty() || text->size() > kPathMax || text->find('\0') != std::string_view::npos)
    return value.expected(what);
  const auto directory = std::filesystem::path(config.file).parent_path();
  return NamedFile{(directory / *text).lexically_normal(),
                   std::string(value.file) + ":" + std::to_string(value.node.line) + ": " + value.path};
}

Result<void> read_cert_file(const ConfigValue& value, WebConfig& config) {
  auto file = file_in(value, config);
  if (!file) return pass_on(file.error());
  config.tls->certificate = std::move(*file);
  return {};
}

Result<void> read_key_file(const ConfigValue& value, WebConfig& config) {
  auto file = file_in(value, config);
  if (!file) return pass_on(file.error());
  config.tls->key = std::move(*file);
  return {};
}

Result<void> read_client_ca_file(const ConfigValue& value, WebConfig& config) {
  auto file = file_in(value, config);
  if (!file) return pass_on(file.error());
  config.tls->client_ca = std::move(*file);
  return {};
}

Result<void> read_client_auth_type(const ConfigValue& value, WebConfig& config) {
  constexpr std::array<std::pair<std::string_view, ClientAuth>, 5> kWords = {{
      {"NoClientCert", ClientAuth::kNone},
      {"RequestClientCert", ClientAuth::kRequest},
      {"RequireAnyClientCert", ClientAuth::kRequireAny},
      {"VerifyClientCertIfGiven", ClientAuth::kVerifyIfGiven},
      {"RequireAndVerifyClientCert", ClientAuth::kRequireAndVerify},
  }};
  const auto word = word_in(value, kWords,
                            "NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven or "
                            "RequireAndVerifyClientCert");
  if (!word) return pass_on(word.error());
  config.tls->client_auth = *word;
  return {};
}

Result<TlsVersion> version_in(const ConfigValue& value) {
  constexpr std::array<std::pair<std::string_view, TlsVersion>, 2> kWords = {
      {{"TLS12", TlsVersion::kTls12}, {"TLS13", TlsVersion::kTls13}}};
  return word_in(value, kWords, "TLS12 or TLS13: older versions are broken and not supported");
}

Result<void> read_min_version(const ConfigValue& value, WebConfig& config) {
  const auto version = version_in(value);
  if (!version) return pass_on(version.error());
  config.tls->min_version = *version;
  return {};
}

Result<void> read_max_version(const ConfigValue& value, WebConfig& config) {
  const auto version = version_in(value);
  if (!version) return pass_on(version.error());
  config.tls->max_version = *version;
  return {};
}

// Those with forward secrecy and authenticated encryption. An empty name: a suite of TLS 1.3; as with Go, all of these
// are always on.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kCipherSuites = {{
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_AES_128_GCM_SHA256", ""},
    {"TLS_AES_256_GCM_SHA384", ""},
    {"TLS_CHACHA20_POLY1305_SHA256", ""},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kCurves = {
    {{"X25519", "X25519"}, {"CurveP256", "P-256"}, {"CurveP384", "P-384"}, {"CurveP521", "P-521"}}};

template <std::size_t N>
std::string words_of(const std::array<std::pair<std::string_view, std::string_view>, N>& table) {
  std::string out = "one of ";
  for (const auto& [word, meaning] : table) out.append(&word == &table.front().first ? "" : ", ").append(word);
  return out;
}

template <std::size_t N>
Result<std::vector<std::string>> list_in(const ConfigValue& value,
                                         const std::array<std::pair<std::string_view, std::string_view>, N>& table) {
  if (value.node.kind != Kind::kArray) return value.expected("a list");
  std::vector<std::string> out;
  for (std::size_t i = 0; i < value.node.items.size(); ++i) {
    const ConfigValue item{value.node.items[i], value.path + "[" + std::to_string(i) + "]", value.file};
    const auto word = word_in(item, table, words_of(table));
    if (!word) return pass_on(word.error());
    if (!word->empty()) out.emplace_back(*word);
  }
  return out;
}

// A list of suites of TLS 1.3 alone leaves none for TLS 1.2.
Result<void> read_cipher_suites(const ConfigValue& value, WebConfig& config) {
  auto suites = list_in(value, kCipherSuites);
  if (!suites) return pass_on(suites.error());
  if (suites->empty() && !value.node.items.empty()) config.tls->min_version = TlsVersion::kTls13;
  config.tls->cipher_suites = std::move(*suites);
  return {};
}

Result<void> read_curve_preferences(const ConfigValue& value, WebConfig& config) {
  auto curves = list_in(value, kCurves);
  if (!curves) return pass_on(curves.error());
  config.tls->curves = std::move(*curves);
  return {};
}

Result<void> read_prefer_server_cipher_suites(const ConfigValue& value, WebConfig& config) {
  const auto prefers = boolean_in(value);
  if (!prefers) return pass_on(prefers.error());
  config.tls->prefers_own_cipher_suites = *prefers;
  return {};
}

Result<void> refuse_inline(const ConfigValue& value, WebConfig&) {
  return value.wrong("is not supported: name a file, with " + value.path + "_file");
}

Result<void> refuse_allowed_sans(const ConfigValue& value, WebConfig&) {
  return value.wrong("is not supported: whoever client_ca_file has signed for is admitted");
}

constexpr std::array<WebKey, 13> kTlsKeys = {{
    {"cert_file", read_cert_file},
    {"key_file", read_key_file},
    {"client_ca_file", read_client_ca_file},
    {"client_auth_type", read_client_auth_type},
    {"min_version", read_min_version},
    {"max_version", read_max_version},
    {"cipher_suites", read_cipher_suites},
    {"curve_preferences", read_curve_preferences},
    {"prefer_server_cipher_suites", read_prefer_server_cipher_suites},
    {"cert", refuse_inline},
    {"key", refuse_inline},
    {"client_ca", refuse_inline},
    {"client_allowed_sans", refuse_allowed_sans},
}};

bool verifies(ClientAuth client_auth) {
  return client_auth == ClientAuth::kVerifyIfGiven || client_auth == ClientAuth::kRequireAndVerify;
}

Result<void> check_tls(const ConfigValue& value, const TlsConfig& tls) {
  if (tls.certificate.path.empty()) return value.wrong("expected a cert_file, found none");
  if (tls.key.path.empty()) return value.wrong("expected a key_file, found none");
  if (tls.min_version > tls.max_version) return value.wrong("leaves no version of TLS");
  if (verifies(tls.client_auth) && !tls.client_ca) {
    return value.wrong("expected a client_ca_file: client_auth_type verifies, and nobody's word would count");
  }
  if (!verifies(tls.client_auth) && tls.client_ca) {
    return value.wrong(
        "client_ca_file is without effect: expected client_auth_type RequireAndVerifyClientCert or "
        "VerifyClientCertIfGiven");
  }
  return {};
}

}  // namespace

Result<void> read_tls(const ConfigValue& value, WebConfig& config) {
  config.tls.emplace();
  if (auto read = read_web_members(value, kTlsKeys, config); !read) return read;
  return check_tls(value, *config.tls);
}

}  // namespace netclsd
