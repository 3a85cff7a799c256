// TLS and passwords of the TCP listener, from a file in the format of Prometheus's own tools (its exporter-toolkit):
// https://prometheus.io/docs/prometheus/latest/configuration/https/
//
// The file is read as a whole or not at all, as the agent's own configuration is. It is read more strictly than by
// Prometheus: a key that netclsd does not support is an error that names it, and so is a file that protects nothing. An
// error is one line for people: the file, the line, the key and what was expected. No error quotes a password's hash.
//
// Pure except load_web_config and files_of. May be called from any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace netclsd {

inline constexpr std::size_t kWebConfigMax_bytes = 1U << 20;
inline constexpr std::size_t kUsersMax = 256;

// A bcrypt of cost N takes 2^N rounds: 12 is some 0.2 s of CPU, 14 a second, 31 a day.
inline constexpr int kBcryptCostMax = 14;

// A file that the web configuration names.
struct NamedFile {
  std::string path;   // absolute
  std::string where;  // "FILE:LINE: KEY", for errors
};

// Go's names for them, as in the file: NoClientCert, RequestClientCert, …
enum class ClientAuth { kNone, kRequest, kRequireAny, kVerifyIfGiven, kRequireAndVerify };

enum class TlsVersion { kTls12, kTls13 };

struct TlsConfig {
  std::string where;  // "FILE:LINE: tls_server_config", for errors
  NamedFile certificate;
  NamedFile key;
  std::optional<NamedFile> client_ca;  // there if and only if client_auth verifies
  ClientAuth client_auth = ClientAuth::kNone;
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  std::vector<std::string> cipher_suites;  // of TLS 1.2, by OpenSSL's names; empty: the default
  std::vector<std::string> curves;         // by OpenSSL's names; empty: the default
  bool prefers_own_cipher_suites = true;
};

struct WebConfig {
  std::string file;
  std::optional<TlsConfig> tls;              // std::nullopt: plain HTTP
  std::map<std::string, std::string> users;  // name → bcrypt; empty: no passwords
};

// `file` is absolute: paths in the text are relative to its directory.
[[nodiscard]] Result<WebConfig> parse_web_config(std::string_view text, const std::string& file);
[[nodiscard]] Result<WebConfig> load_web_config(const std::string& file);

// All files that load_web_config and make_tls_context read: the configuration itself and those that it names, each also
// under the path that its symbolic links lead to.
[[nodiscard]] std::vector<std::string> files_of(const WebConfig& config);

}  // namespace netclsd
