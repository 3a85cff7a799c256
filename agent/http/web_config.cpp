#include "agent/http/web_config.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <utility>

#include "agent/config/fields.h"
#include "agent/http/yaml_reader.h"
#include "common/base/file.h"

namespace netclsd {
namespace {

using Kind = JsonNode::Kind;

constexpr std::size_t kFilePathMax = 1024;
constexpr std::size_t kUserNameMax = 255;
constexpr std::string_view kBcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

struct WebKey {
  std::string_view name;
  Result<void> (*read)(const ConfigValue& value, WebConfig& config);
};

// Each member of the object by its key; unknown keys are errors.
Result<void> read_web_members(const ConfigValue& object, std::span<const WebKey> keys, WebConfig& config) {
  if (object.node.kind != JsonNode::Kind::kObject) return object.expected("keys and values");
  for (const JsonMember& member : object.node.members) {
    const auto key =
        std::find_if(keys.begin(), keys.end(), [&](const WebKey& each) { return each.name == member.key; });
    if (key == keys.end()) {
      std::vector<std::string_view> names;
      for (const WebKey& each : keys) names.push_back(each.name);
      return unknown_key(object, member, names);
    }
    if (auto read = key->read(member_value(object, member), config); !read) return read;
  }
  return {};
}

template <typename T, typename Place>
Result<void> store(Result<T> value, Place& place) {
  if (!value) return pass_on(value.error());
  place = *std::move(value);
  return {};
}

Result<bool> boolean_in(const ConfigValue& value) {
  if (value.node.kind != JsonNode::Kind::kBoolean) return value.expected("true or false");
  return value.node.text == "true";
}

// One of the words; `what` lists them.
template <typename T, std::size_t N>
Result<T> word_in(const ConfigValue& value, const std::array<std::pair<std::string_view, T>, N>& words,
                  std::string_view what) {
  const auto text = string_in(value, what);
  if (!text) return pass_on(text.error());
  for (const auto& [word, meaning] : words) {
    if (word == *text) return meaning;
  }
  return value.expected(what);
}

// "FILE:LINE: KEY"
std::string place_of(const ConfigValue& value) {
  return std::string(value.file) + ":" + std::to_string(value.node.line) + ": " + value.path;
}

Result<NamedFile> file_in(const ConfigValue& value, const WebConfig& config) {
  const std::string what = "a file's path of at most " + std::to_string(kFilePathMax) + " characters";
  const auto text = string_in(value, what);
  if (!text) return pass_on(text.error());
  if (text->empty() || text->size() > kFilePathMax || text->find('\0') != std::string_view::npos)
    return value.expected(what);
  const auto directory = std::filesystem::path(config.file).parent_path();
  return NamedFile{(directory / *text).lexically_normal(), place_of(value)};
}

Result<void> read_cert_file(const ConfigValue& value, WebConfig& config) {
  return store(file_in(value, config), config.tls->certificate);
}

Result<void> read_key_file(const ConfigValue& value, WebConfig& config) {
  return store(file_in(value, config), config.tls->key);
}

Result<void> read_client_ca_file(const ConfigValue& value, WebConfig& config) {
  return store(file_in(value, config), config.tls->client_ca);
}

Result<void> read_client_auth_type(const ConfigValue& value, WebConfig& config) {
  constexpr std::array<std::pair<std::string_view, ClientAuth>, 5> kWords = {{
      {"NoClientCert", ClientAuth::kNone},
      {"RequestClientCert", ClientAuth::kRequest},
      {"RequireAnyClientCert", ClientAuth::kRequireAny},
      {"VerifyClientCertIfGiven", ClientAuth::kVerifyIfGiven},
      {"RequireAndVerifyClientCert", ClientAuth::kRequireAndVerify},
  }};
  return store(word_in(value, kWords,
                       "NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven or "
                       "RequireAndVerifyClientCert"),
               config.tls->client_auth);
}

Result<TlsVersion> version_in(const ConfigValue& value) {
  constexpr std::array<std::pair<std::string_view, TlsVersion>, 2> kWords = {
      {{"TLS12", TlsVersion::kTls12}, {"TLS13", TlsVersion::kTls13}}};
  return word_in(value, kWords, "TLS12 or TLS13: older versions are broken and not supported");
}

Result<void> read_min_version(const ConfigValue& value, WebConfig& config) {
  return store(version_in(value), config.tls->min_version);
}

Result<void> read_max_version(const ConfigValue& value, WebConfig& config) {
  return store(version_in(value), config.tls->max_version);
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
    const ConfigValue item = item_value(value, i);
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
  return store(list_in(value, kCurves), config.tls->curves);
}

Result<void> read_prefer_server_cipher_suites(const ConfigValue& value, WebConfig& config) {
  return store(boolean_in(value), config.tls->prefers_own_cipher_suites);
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

Result<void> read_tls(const ConfigValue& value, WebConfig& config) {
  config.tls.emplace().where = place_of(value);
  if (auto read = read_web_members(value, kTlsKeys, config); !read) return read;
  return check_tls(value, *config.tls);
}

Result<void> refuse_headers(const ConfigValue& value, WebConfig&) {
  return value.wrong("is not supported: they are for browsers");
}

Result<void> refuse_rate_limit(const ConfigValue& value, WebConfig&) {
  return value.wrong("is not supported: the listener's own limits are in docs/architecture.md");
}

// Only HTTP/1.1 is spoken here, whether HTTP/2 is allowed or not.
Result<void> read_http2(const ConfigValue& value, WebConfig&) {
  if (const auto is_allowed = boolean_in(value); !is_allowed) return pass_on(is_allowed.error());
  return {};
}

constexpr std::array<WebKey, 2> kHttpKeys = {{{"http2", read_http2}, {"headers", refuse_headers}}};

Result<void> read_http(const ConfigValue& value, WebConfig& config) {
  return read_web_members(value, kHttpKeys, config);
}

// "$2b$", two digits, "$", 22 characters of salt and 31 of hash.
bool is_bcrypt(std::string_view text) {
  constexpr std::size_t kLength = 60;
  if (text.size() != kLength || !(text.starts_with("$2a$") || text.starts_with("$2b$") || text.starts_with("$2y$"))) {
    return false;
  }
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return is_digit(text[4]) && is_digit(text[5]) && text[6] == '$' &&
         text.find_first_not_of(kBcryptAlphabet, 7) == std::string_view::npos;
}

Result<void> check_bcrypt(const ConfigValue& value) {
  constexpr int kCostMin = 4;
  if (value.node.kind != Kind::kString || !is_bcrypt(value.node.text)) {
    return value.wrong("expected a password's bcrypt hash like $2y$10$… (htpasswd -nBC 10 \"\")");
  }
  const int cost = (value.node.text[4] - '0') * 10 + (value.node.text[5] - '0');
  if (cost >= kCostMin && cost <= kBcryptCostMax) return {};
  return value.wrong("expected a bcrypt cost of 4 to " + std::to_string(kBcryptCostMax) + ", found " +
                     std::to_string(cost));
}

Result<void> check_user_name(const ConfigValue& value, std::string_view name) {
  if (!name.empty() && name.size() <= kUserNameMax && name.find(':') == std::string_view::npos) return {};
  return value.wrong("a user's name has no ':' and 1 to " + std::to_string(kUserNameMax) + " characters");
}

Result<void> read_users(const ConfigValue& value, WebConfig& config) {
  if (value.node.kind != Kind::kObject) return value.expected("users' names and bcrypt hashes");
  if (value.node.members.size() > kUsersMax) return value.wrong("more than " + std::to_string(kUsersMax) + " users");
  for (const JsonMember& member : value.node.members) {
    const ConfigValue user = member_value(value, member);
    if (auto checked = check_user_name(user, member.key); !checked) return checked;
    if (auto checked = check_bcrypt(user); !checked) return checked;
    config.users.emplace(member.key, member.value.text);
  }
  return {};
}

constexpr std::array<WebKey, 4> kKeys = {{
    {"tls_server_config", read_tls},
    {"http_server_config", read_http},
    {"basic_auth_users", read_users},
    {"rate_limit", refuse_rate_limit},
}};

}  // namespace

Result<WebConfig> parse_web_config(std::string_view text, const std::string& file) {
  if (text.size() > kWebConfigMax_bytes) {
    return invalid(file + ": larger than " + std::to_string(kWebConfigMax_bytes) + " bytes");
  }
  const auto tree = read_yaml(text, file);
  if (!tree) return pass_on(tree.error());
  WebConfig config{.file = file, .tls = {}, .users = {}};
  if (tree->kind != Kind::kNull) {
    if (auto read = read_web_members({*tree, "", file}, kKeys, config); !read) return pass_on(read.error());
  }
  if (!config.tls && config.users.empty()) {
    return invalid(file + ": expected tls_server_config or basic_auth_users, found neither: it protects nothing");
  }
  return config;
}

Result<WebConfig> load_web_config(const std::string& file) {
  const auto text = read_file(file, kWebConfigMax_bytes);
  if (!text) return pass_on(text.error(), "web_config");
  return parse_web_config(*text, file);
}

std::vector<std::string> files_of(const WebConfig& config) {
  std::vector<std::string> files = {config.file};
  if (config.tls) {
    files.push_back(config.tls->certificate.path);
    files.push_back(config.tls->key.path);
    if (config.tls->client_ca) files.push_back(config.tls->client_ca->path);
  }
  for (std::size_t i = files.size(); i-- > 0;) {
    std::error_code ignored;  // a file that does not exist has no other path
    const std::string target = std::filesystem::weakly_canonical(files[i], ignored);
    if (!target.empty() && target != files[i]) files.push_back(target);
  }
  return files;
}

}  // namespace netclsd
